// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package pcsc

// getFeatures is SCARD_CTL_CODE(3400) of pcsc-lite.
const getFeatures = 0x42000000 + 3400
