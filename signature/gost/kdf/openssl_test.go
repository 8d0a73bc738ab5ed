// SPDX-License-Identifier: Apache-2.0

package kdf_test

import (
	"bytes"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"zaver/signature/gost/kdf"
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

// TestOpenSSL compares HMAC under keys shorter than, as long as and longer than a block with OpenSSL's engine.
func TestOpenSSL(t *testing.T) {
	conf := filepath.Join(t.TempDir(), "openssl.cnf")
	if err := os.WriteFile(conf, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 32, 63, 64, 65, 200} {
		key, message := bytes.Repeat([]byte{0x5A}, n), bytes.Repeat([]byte{3}, 2*n)
		for name, got := range map[string][]byte{"-md_gost12_256": kdf.HMAC256(key, message), "-md_gost12_512": kdf.HMAC512(key, message)} {
			cmd := exec.Command("openssl", "dgst", name, "-mac", "hmac", "-macopt", "hexkey:"+hex.EncodeToString(key))
			cmd.Env = append(os.Environ(), "OPENSSL_CONF="+conf)
			cmd.Stdin = bytes.NewReader(message)
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("openssl: %v", err)
			}
			if _, want, _ := strings.Cut(strings.TrimSpace(string(out)), "= "); hex.EncodeToString(got) != want {
				t.Errorf("%s, key of %d: %x, OpenSSL says %s", name, n, got, want)
			}
		}
	}
}
