// SPDX-License-Identifier: Apache-2.0

package streebog_test

import (
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"zaver/signature/gost/streebog"
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

// TestOpenSSL compares all lengths up to 300 bytes, and some long messages.
func TestOpenSSL(t *testing.T) {
	dir := t.TempDir()
	conf := filepath.Join(dir, "openssl.cnf")
	if err := os.WriteFile(conf, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	messages := map[string][]byte{}
	var names []string
	for n := range 304 {
		size := n
		if n > 300 {
			size = 1 << (n - 290)
		}
		m := make([]byte, size)
		for i := range m {
			if n%2 == 0 { // half of them are ones, whose sums carry
				m[i] = 0xff
			} else {
				m[i] = byte(i*i + n)
			}
		}
		name := fmt.Sprintf("m%d", n)
		messages[name], names = m, append(names, name)
		if err := os.WriteFile(filepath.Join(dir, name), m, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, size := range []int{streebog.Size256, streebog.Size512} {
		cmd := exec.Command("openssl", append([]string{"dgst", fmt.Sprintf("-md_gost12_%d", 8*size), "-r"}, names...)...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "OPENSSL_CONF="+conf)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("openssl: %v", err)
		}
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		if len(lines) != len(names) {
			t.Fatalf("openssl answered %d lines for %d files", len(lines), len(names))
		}
		for _, line := range lines {
			digest, name, _ := strings.Cut(line, " *")
			if got := hex.EncodeToString(sum(size, messages[name])); got != digest {
				t.Errorf("%d bits of %d bytes: %s, openssl says %s", 8*size, len(messages[name]), got, digest)
			}
		}
	}
}
