// SPDX-License-Identifier: Apache-2.0

// Package archtest holds the import rules of the whole repository as tests over `go list`:
// who may import whom, who alone may touch a driver, which packages stay pure, and that every package says what it is for.
// It has no code of its own; the rules live in rules_test.go, one row each with its reason.
package archtest
