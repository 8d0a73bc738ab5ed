// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package pcsc

// holders is empty: these systems do not tell who is connected to the service.
func holders() string { return "" }
