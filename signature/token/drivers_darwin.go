// SPDX-License-Identifier: Apache-2.0

package token

import (
	"os"
	"path/filepath"
)

// baseEnv is what every worker gets.
var baseEnv = []string{"PATH=/usr/bin:/bin", "GOTRACEBACK=none"}

// registryDirs is where p11-kit looks when it comes from Homebrew.
var registryDirs = []string{"/opt/homebrew/share/p11-kit/modules", "/usr/local/share/p11-kit/modules"}

// libraryDirs is where vendors put drivers.
var libraryDirs = []string{"/Library/Frameworks", "/usr/local/lib", "/Library/OpenSC/lib", "/opt/homebrew/lib", "/usr/local/lib/pkcs11"}

// knownDrivers are the file names of the common tokens' drivers; OpenSC comes last.
var knownDrivers = []driver{
	{"Rutoken ECP", "rtpkcs11ecp.framework/rtpkcs11ecp"},
	{"Rutoken ECP", "librtpkcs11ecp.dylib"},
	{"JaCarta-2 GOST", "jcPKCS11-2.framework/jcPKCS11-2"},
	{"SafeNet eToken", "eToken.framework/Versions/Current/libeToken.dylib"},
	{"OpenSC", "opensc-pkcs11.so"},
}

// containerDirs are patterns of folders in which CryptoPro CSP keeps containers: its own store, and the roots of removable disks.
func containerDirs() []string {
	user := os.Getenv("USER")
	if user == "" || user != filepath.Base(user) {
		return nil
	}
	return []string{filepath.Join("/var/opt/cprocsp/keys", user), "/Volumes/*"}
}
