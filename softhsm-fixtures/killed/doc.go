// SPDX-License-Identifier: Apache-2.0

// Package killed alone owns the proof that nothing is lost when the portal is
// killed: while made-up people walk the main road, its test kills the portal by
// SIGKILL at random moments, once together with its database, and then holds
// every account against its evidence. It has no code but tests. The people are
// visitors without JavaScript who, after an outage, do what a person would:
// load the page again and repeat the step.
package killed
