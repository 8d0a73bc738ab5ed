// SPDX-License-Identifier: Apache-2.0

package confirm

import "slices"

// State is where a confirmation stands.
type State string

// The states. Who acts next stands in each comment.
const (
	// Issued waits for the agent: it fetches the statement and answers.
	Issued State = "issued"
	// Checking is claimed by one response that the portal checks, under a lease.
	Checking State = "checking"
	// Confirmed ended well: the account was raised. Nobody acts.
	Confirmed State = "confirmed"
	// Refused ended with reasons. The person may start a new one.
	Refused State = "refused"
	// Expired was not answered in time.
	Expired State = "expired"
	// Cancelled was withdrawn: by the person, by the agent, or by a newer one.
	Cancelled State = "cancelled"
)

// Mover is who may make a move.
type Mover string

// The movers.
const (
	// ByResponse is a response that arrived, or its judgement.
	ByResponse Mover = "response"
	// BySweeper is the sweeper, for what time has decided.
	BySweeper Mover = "sweeper"
	// ByPerson is the person, their agent, or their newer confirmation.
	ByPerson Mover = "person"
)

type move struct{ from, to State }

// moves is the whole machine; STATES.md beside it is its picture. A stored
// change outside this table is refused before it reaches the database.
var moves = map[move][]Mover{
	{Issued, Checking}:  {ByResponse},
	{Issued, Expired}:   {BySweeper},
	{Issued, Cancelled}: {ByPerson},

	{Checking, Confirmed}: {ByResponse},
	// The sweeper refuses only what outages have brought back too often.
	{Checking, Refused}: {ByResponse, BySweeper},
	// Only after an outage, and counted.
	{Checking, Issued}: {BySweeper},
}

// States lists every state, in the order of a confirmation's life.
func States() []State { return []State{Issued, Checking, Confirmed, Refused, Expired, Cancelled} }

// MayMove reports whether by may move a confirmation between two states.
func MayMove(from, to State, by Mover) bool { return slices.Contains(moves[move{from, to}], by) }

// Final reports whether nothing follows s.
func (s State) Final() bool {
	for m := range moves {
		if m.from == s {
			return false
		}
	}
	return true
}
