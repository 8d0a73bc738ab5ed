// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package main

// closeProcess does nothing here: who may read a process's memory is the system's to say.
func closeProcess() error { return nil }
