// SPDX-License-Identifier: Apache-2.0

package token

import (
	"os"
	"path/filepath"
)

// baseEnv is what every worker gets: Windows needs its own folders to load a library.
var baseEnv = []string{"GOTRACEBACK=none", "SystemRoot=" + os.Getenv("SystemRoot"), "PATH=" + filepath.Join(os.Getenv("SystemRoot"), "System32")}

// registryDirs: p11-kit has none here.
var registryDirs []string

// libraryDirs is where vendors put drivers.
var libraryDirs = []string{
	filepath.Join(os.Getenv("SystemRoot"), "System32"),
	filepath.Join(os.Getenv("ProgramFiles"), "OpenSC Project", "OpenSC", "pkcs11"),
	filepath.Join(os.Getenv("ProgramFiles"), "SoftHSM2", "lib"),
}

// knownDrivers are the file names of the common tokens' drivers; OpenSC comes last.
var knownDrivers = []driver{
	{"Rutoken ECP", "rtPKCS11ECP.dll"},
	{"JaCarta-2 GOST", "jcPKCS11-2.dll"},
	{"ESMART / ISBC", "isbc_pkcs11_main.dll"},
	{"SafeNet eToken", "eTPKCS11.dll"},
	{"OpenSC", "opensc-pkcs11.dll"},
}

// containerDirs: CryptoPro CSP keeps its containers in the system's registry here, which is not looked into.
func containerDirs() []string { return nil }
