// SPDX-License-Identifier: Apache-2.0

package token

// Harden lets a child of the test binary show what ServeWorker does to its process.
var Harden = harden
