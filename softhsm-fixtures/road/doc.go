// SPDX-License-Identifier: Apache-2.0

// Package road alone owns the proof that the whole holds together: its tests
// walk made-up people through the portal's pages in headless Chromium and Firefox, with
// the real agent, PKCS #11, PC/SC and PostgreSQL. It has no code but tests;
// their kit is kit_test.go. The tests share one world and one agent, which
// serves one person at a time, so none of them runs in parallel.
package road
