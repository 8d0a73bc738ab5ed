// SPDX-License-Identifier: Apache-2.0

//go:build unix

package update

import (
	"errors"
	"os"
	"syscall"
)

// SyncFolder has the names in a folder on the disk before it returns, where the file system can do that.
func SyncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil
	}
	return errors.Join(err, d.Close())
}
