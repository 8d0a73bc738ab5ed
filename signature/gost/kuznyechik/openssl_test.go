// SPDX-License-Identifier: Apache-2.0

package kuznyechik_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// config loads OpenSSL's GOST engine, whatever the machine's own file says.
const config = `openssl_conf = init
[init]
engines = engines
[engines]
gost = gost_engine
[gost_engine]
engine_id = gost
default_algorithms = ALL
`

// TestOpenSSL compares CBC, CTR and MAC over messages of many lengths with OpenSSL's engine.
func TestOpenSSL(t *testing.T) {
	dir := t.TempDir()
	conf := filepath.Join(dir, "openssl.cnf")
	if err := os.WriteFile(conf, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	openssl := func(input []byte, args ...string) []byte {
		cmd := exec.Command("openssl", args...)
		cmd.Env = append(os.Environ(), "OPENSSL_CONF="+conf)
		cmd.Stdin = bytes.NewReader(input)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("openssl %v: %v", args, err)
		}
		return out
	}
	for _, n := range []int{0, 1, 15, 16, 17, 31, 32, 33, 48, 100, 224, 4096} {
		t.Run(fmt.Sprintf("%d octets", n), func(t *testing.T) {
			key, iv, message := make([]byte, 32), make([]byte, 16), make([]byte, n)
			for i := range message {
				message[i] = byte(i*i + n)
			}
			for i := range key {
				key[i] = byte(7*i + n)
			}
			copy(iv, key[5:])
			c := under(t, key)
			if n%16 == 0 && n > 0 {
				want := openssl(message, "enc", "-kuznyechik-cbc", "-nopad", "-K", hex.EncodeToString(key), "-iv", hex.EncodeToString(iv))
				got, err := c.EncryptCBC(iv, message)
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("CBC gives %x (%v), OpenSSL %x", got, err, want)
				}
				if back, err := c.DecryptCBC(iv, want); err != nil || !bytes.Equal(back, message) {
					t.Errorf("CBC decrypts to %x (%v)", back, err)
				}
			}
			if n > 0 {
				clear(iv[8:])
				want := openssl(message, "enc", "-kuznyechik-ctr", "-K", hex.EncodeToString(key), "-iv", hex.EncodeToString(iv))
				stream, err := c.CTR(iv[:8])
				if err != nil {
					t.Fatal(err)
				}
				got := make([]byte, n)
				stream.XORKeyStream(got, message)
				if !bytes.Equal(got, want) {
					t.Errorf("CTR gives %x, OpenSSL %x", got, want)
				}
			}
			if n == 0 {
				return // the engine has no MAC of an empty message
			}
			out := string(openssl(message, "dgst", "-mac", "kuznyechik-mac", "-macopt", "hexkey:"+hex.EncodeToString(key)))
			_, want, _ := strings.Cut(strings.TrimSpace(out), "= ")
			if got, err := c.MAC(16, message); err != nil || hex.EncodeToString(got) != want {
				t.Errorf("MAC gives %x (%v), OpenSSL %s", got, err, want)
			}
		})
	}
}
