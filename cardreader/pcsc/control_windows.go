// SPDX-License-Identifier: Apache-2.0

package pcsc

// getFeatures is SCARD_CTL_CODE(3400) as Windows makes control codes: device type 0x31, function 3400, buffered.
const getFeatures = 0x31<<16 | 3400<<2
