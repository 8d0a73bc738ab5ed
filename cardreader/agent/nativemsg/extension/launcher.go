// SPDX-License-Identifier: Apache-2.0

package extension

import (
	"fmt"
	"strings"
)

// Launcher is the small shell program that a manifest names: it starts the agent's native-messaging command, with the
// configuration unless that is "", and hands on what the browser says about the extension. Manifests take no arguments.
func Launcher(program, config string) []byte {
	option := ""
	if config != "" {
		option = " --config " + quote(config)
	}
	return fmt.Appendf(nil, "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n# Browsers start this for the zaver extension.\nexec %s native-host%s -- \"$@\"\n", quote(program), option)
}

// quote makes one word of the shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
