// SPDX-License-Identifier: Apache-2.0

package token

import (
	"os"
	"path/filepath"
)

// baseEnv is what every worker gets.
var baseEnv = []string{"PATH=/usr/bin:/bin", "GOTRACEBACK=none"}

// registryDirs is where p11-kit looks: what packages bring, then what the administrator says.
var registryDirs = []string{"/usr/share/p11-kit/modules", "/etc/pkcs11/modules"}

// libraryDirs is where distributions and vendors put drivers.
var libraryDirs = []string{
	"/usr/lib/x86_64-linux-gnu/pkcs11", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu/pkcs11", "/usr/lib/aarch64-linux-gnu",
	"/usr/lib64/pkcs11", "/usr/lib64", "/usr/lib/pkcs11", "/usr/lib", "/usr/local/lib",
	"/opt/aktivco/rutokenecp/x86_64", "/opt/aktivco/rutokenecp/amd64",
}

// knownDrivers are the file names of the common tokens' drivers; OpenSC, which knows many tokens a little, comes last, so that a token is
// offered through its own driver first.
var knownDrivers = []driver{
	{"Rutoken ECP", "librtpkcs11ecp.so"},
	{"JaCarta-2 GOST", "libjcPKCS11-2.so"},
	{"ESMART / ISBC", "libisbc_pkcs11_main.so"},
	{"SafeNet eToken", "libeTPkcs11.so"},
	{"OpenSC", "opensc-pkcs11.so"},
}

// containerDirs are patterns of folders in which CryptoPro CSP keeps containers: its own store, and the roots of removable disks.
func containerDirs() []string {
	user := os.Getenv("USER")
	if user == "" || user != filepath.Base(user) {
		return nil
	}
	return []string{filepath.Join("/var/opt/cprocsp/keys", user), filepath.Join("/media", user, "*"), filepath.Join("/run/media", user, "*")}
}
