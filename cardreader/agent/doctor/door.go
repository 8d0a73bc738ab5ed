// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"syscall"

	"zaver/cardreader/agent"
)

// knocked is what the loopback door's port answered.
type knocked struct {
	running bool // the agent is behind it
	other   bool // another user of this computer is, whatever the answer says
	taken   bool // somebody else is
	origin  int  // the number of a portal that the running agent does not know; 0 for none
	detail  string
}

// knock asks the agent's port for the agent's greeting, as the page of each portal would.
func (u *checkup) knock(ctx context.Context) knocked {
	ctx, cancel := context.WithTimeout(ctx, doorLimit)
	defer cancel()
	if u.cfg.Settings.Port == 0 {
		return knocked{}
	}
	origins := u.origins()
	if len(origins) == 0 {
		origins = []string{"https://portal.invalid"}
	}
	if u.cfg.HeldByAnother != nil && u.cfg.HeldByAnother(u.cfg.Settings.Port) {
		return knocked{other: true}
	}
	var out knocked
	for i, origin := range origins[:min(len(origins), maxPortals)] {
		one := u.knockAs(ctx, origin, i+1)
		out.running, out.taken, out.other, out.detail = out.running || one.running, out.taken || one.taken, out.other || one.other, one.detail
		if one.origin != 0 && out.origin == 0 {
			out.origin = one.origin
		}
		if !one.running {
			break
		}
	}
	return out
}

func (u *checkup) knockAs(ctx context.Context, origin string, n int) knocked {
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(u.cfg.Settings.Port))
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/v1/hello", nil)
	if err != nil {
		return knocked{detail: err.Error()}
	}
	req.Header.Set("Origin", origin)
	direct := &http.Transport{DisableKeepAlives: true}
	defer direct.CloseIdleConnections()
	resp, err := direct.RoundTrip(req)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return knocked{}
	}
	if err != nil {
		return knocked{taken: true, detail: err.Error()} // it takes connections and does not speak our language
	}
	defer resp.Body.Close()
	var answer struct {
		Agent string `json:"agent"`
		Code  string `json:"code"`
	}
	if json.NewDecoder(io.LimitReader(resp.Body, maxManifest)).Decode(&answer) != nil {
		return knocked{taken: true, detail: resp.Status}
	}
	switch {
	case answer.Agent == "zaver":
		return knocked{running: true}
	case answer.Code == agent.CodeOrigin:
		return knocked{running: true, origin: n}
	case answer.Code == agent.CodeOtherUser:
		return knocked{other: true}
	}
	return knocked{taken: true, detail: resp.Status}
}

// door reports on the loopback door: how much it matters depends on who has the native way.
func (u *checkup) door(found []browser, k knocked) {
	port := number("n", u.cfg.Settings.Port)
	native := 0
	for _, b := range found {
		if b.native {
			native++
		}
	}
	need := Fault
	if native == len(found) || u.cfg.Native {
		need = Warning // nobody has to go this way
	}
	stopped := Fault
	if u.cfg.Native {
		stopped = Warning
	}
	switch {
	case k.other:
		u.add(need, CodeDoorOtherUser, "", port)
	case k.taken:
		u.add(need, CodeDoorTaken, k.detail, port)
	case !k.running && u.needsDoor(found):
		u.add(stopped, CodeDoorStopped, "", port)
	case !k.running && len(found) == 0:
		u.add(Warning, CodeDoorStopped, "", port)
	case !k.running:
		u.skip(AreaDoor) // the native way is there, or its fault is named
	case k.origin != 0:
		u.add(need, CodeDoorOrigin, "", number("n", k.origin))
	}
	for _, b := range found {
		state := Fault
		if b.native || !k.running {
			state = Warning
		}
		switch {
		case b.rules.forbidsLoopback:
			u.add(state, CodeDoorPolicy, b.rules.file, b.word())
		case u.blockedByPerson(b.kind, u.origins()):
			u.add(state, CodeDoorBlocked, "", b.word())
		case b.rules.grantsLoopback:
			u.add(OK, CodeDoorPolicyGrant, b.rules.file, b.word())
		}
	}
	u.well(AreaDoor, "")
}

// needsDoor reports whether some browser has no other way by its nature.
func (u *checkup) needsDoor(found []browser) bool {
	for _, b := range found {
		if b.sandbox != "" {
			return true
		}
	}
	return false
}
