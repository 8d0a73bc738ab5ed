// SPDX-License-Identifier: Apache-2.0

// Package update alone owns what the publisher of the agent, the client that fetches a newer one and the doctor must agree upon: what is
// said of a package, which version is newer, where the client remembers what it saw, the stable codes of its failures and their words.
//
// The metadata itself is that of The Update Framework (TUF, specification 1.0.31). The packages below this one speak it: client fetches
// and judges, publish signs. This package knows nothing of it, so that the agent, through which PINs pass, does without those libraries.
//
// Everything here may be called from many goroutines; files are replaced whole.
package update
