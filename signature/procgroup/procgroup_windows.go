// SPDX-License-Identifier: Apache-2.0

package procgroup

import (
	"errors"
	"syscall"
)

func lead() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

func leadSession() *syscall.SysProcAttr { return lead() }

func killGroup(int) error { return errors.ErrUnsupported }
