// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package update

// SyncFolder does nothing: folders can't be synchronized here.
func SyncFolder(string) error { return nil }
