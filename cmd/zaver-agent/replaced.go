// SPDX-License-Identifier: Apache-2.0

package main

import "os"

// replaced tells whether the file of this program is another one than when it was called, or gone: an update or a removal came. A program whose
// file can't be found never says so.
func replaced() func() bool {
	path, err := os.Executable()
	if err != nil {
		return nil
	}
	first, err := os.Stat(path)
	if err != nil {
		return nil
	}
	return func() bool {
		now, err := os.Stat(path)
		return err != nil || !os.SameFile(first, now)
	}
}
