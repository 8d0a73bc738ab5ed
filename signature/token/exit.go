// SPDX-License-Identifier: Apache-2.0

package token

import "time"

// Exit codes of ServeWorker.
const (
	exitDone    = 0
	exitHarden  = 3 // the process could not be closed against core dumps and readers of its memory
	exitMessage = 4 // the host's message could not be read
)

// leaveGrace is how long a module may take to finalise once the host has gone.
const leaveGrace = 2 * time.Second
