// SPDX-License-Identifier: Apache-2.0

package fakepcscd_test

import "os"

// child runs this test binary as another process.
func child(mode string) int {
	_ = os.Getenv(mode)
	return 2
}
