// SPDX-License-Identifier: Apache-2.0

package pkcs11_test

import (
	"os/exec"
	"strings"
	"testing"
)

// TestBinding holds the package to the binding that the project chose.
func TestBinding(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", "{{.Imports}}", "zaver/signature/pkcs11").Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(out), "github.com/miekg/pkcs11") {
		t.Fatal("this package is to be built on github.com/miekg/pkcs11: it is the project's chosen binding and may not be replaced. Keep `library` as a thin layer over *pkcs11.Ctx " +
			"(v1.1.2 has InitializeWithReserved and InitializeWithFlags), and C of our own only for what it lacks: C_SetPIN and C_InitPIN with a NULL PIN on a keypad. " +
			"PIN copies of the binding end with the worker process; a crash on garbage ends the worker alone.")
	}
}
