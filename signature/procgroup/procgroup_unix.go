// SPDX-License-Identifier: Apache-2.0

//go:build unix

package procgroup

import "syscall"

func lead() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func leadSession() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

func killGroup(leader int) error { return syscall.Kill(-leader, syscall.SIGKILL) }
