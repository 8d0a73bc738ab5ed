// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package doctor

import "math"

// processLimits says that nothing is limited: other systems have rules of their own.
func processLimits() Limits { return Limits{LockedMemory: math.MaxUint64} }

// freeBytes is not asked on other systems.
func freeBytes(string) (uint64, error) { return math.MaxUint64, nil }
