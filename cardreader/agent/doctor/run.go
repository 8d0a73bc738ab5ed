// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"sync"
	"time"

	"zaver/cardreader/agent/words"
	"zaver/signature/cert"
)

// checkup is one run. The checks write to it; what comes after the end of the run is dropped.
type checkup struct {
	cfg   Config
	begun time.Time

	mu        sync.Mutex
	ended     bool
	lines     []Line
	touched   map[Area]bool
	equipment Equipment
	usable    bool // some certificate can be used
	unknown   int  // cards that no profile knows

	certificates chan *cert.Certificate // in place and usable
}

// Run looks at everything and reports, within three seconds. It returns sooner when ctx ends.
func Run(ctx context.Context, c Config) Report {
	c = c.filled()
	u := &checkup{cfg: c, begun: time.Now(), touched: map[Area]bool{}, certificates: make(chan *cert.Certificate, maxCertificates)}
	ctx, cancel := context.WithTimeout(ctx, wholeLimit)
	defer cancel()
	u.all(ctx)
	return u.report()
}

func (c Config) filled() Config {
	if !c.Language.Known() {
		c.Language = words.Russian
	}
	if c.Env == nil {
		c.Env = func(string) string { return "" }
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Limits == nil {
		c.Limits = processLimits
	}
	if c.Free == nil {
		c.Free = freeBytes
	}
	return c
}

// check is one part of a run, with the areas that it is answerable for and the time that it has.
type check struct {
	areas []Area
	limit time.Duration
	do    func(ctx context.Context)
}

// all runs the checks side by side and waits for each no longer than its limit.
func (u *checkup) all(ctx context.Context) {
	devices := make(chan struct{})
	var looking sync.WaitGroup
	var all sync.WaitGroup
	start := func(c check, done func()) {
		all.Go(func() {
			defer done()
			u.one(ctx, c)
		})
	}
	none := func() {}
	start(check{[]Area{AreaConfig}, wholeLimit, u.config}, none)
	start(check{[]Area{AreaSystem}, programLimit, u.system}, none)
	start(check{[]Area{AreaProfile}, programLimit, u.profiles}, none)
	start(check{[]Area{AreaProgram}, programLimit + time.Second/2, u.programs}, none)
	start(check{[]Area{AreaBrowser, AreaDoor}, programLimit, u.browsers}, none)
	start(check{[]Area{AreaUpdate}, programLimit, u.updates}, none)
	start(check{[]Area{AreaPortal, AreaClock}, portalLimit + time.Second/4, u.portals}, none)
	looking.Add(2)
	start(check{[]Area{AreaService, AreaReader, AreaCard, AreaPIN}, devicesLimit, u.cards}, looking.Done)
	start(check{[]Area{AreaModule, AreaToken}, moduleLimit, u.tokens}, looking.Done)
	all.Go(func() { looking.Wait(); close(devices) })
	start(check{[]Area{AreaRevocation}, wholeLimit, func(ctx context.Context) { u.revocation(ctx, devices) }}, none)
	all.Wait()
}

// one runs a check and does not wait for it beyond its limit: what is stuck then stays behind, and is named.
func (u *checkup) one(ctx context.Context, c check) {
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.do(ctx)
	}()
	late := time.NewTimer(c.limit + answerGrace)
	defer late.Stop()
	select {
	case <-done:
		return
	case <-late.C:
	case <-ctx.Done():
		grace := time.NewTimer(answerGrace)
		defer grace.Stop()
		select {
		case <-done:
			return
		case <-grace.C:
		}
	}
	for _, a := range c.areas {
		if !u.spoken(a) {
			u.add(Fault, "doctor."+string(a)+"."+endHung, "")
			break // what comes after it was waiting for it
		}
	}
}

// answerGrace is how long a check may take to say that its time is over.
const answerGrace = 100 * time.Millisecond

// add reports a finding.
func (u *checkup) add(s State, code, detail string, values ...value) {
	line := newLine(u.cfg.Language, code, s, detail, values...)
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ended {
		return
	}
	u.touched[line.Area] = true
	u.lines = append(u.lines, line)
}

// well says of an area that nothing is wrong, unless something was said of it already.
func (u *checkup) well(a Area, detail string) {
	if !u.spoken(a) {
		u.add(OK, "doctor."+string(a)+"."+endOK, detail)
	}
}

// skip says of areas that they were not looked at.
func (u *checkup) skip(areas ...Area) {
	for _, a := range areas {
		if !u.spoken(a) {
			u.add(Skipped, "doctor."+string(a)+"."+endSkipped, "")
		}
	}
}

func (u *checkup) spoken(a Area) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.touched[a]
}

// count changes what was found.
func (u *checkup) count(f func(*Equipment)) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.ended {
		f(&u.equipment)
	}
}

func (u *checkup) report() Report {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.ended = true
	u.settle()
	for _, a := range areas {
		switch {
		case u.touched[a]:
		case a == AreaCertificate && u.equipment.Certificates > 0:
			u.lines = append(u.lines, newLine(u.cfg.Language, "doctor.certificate.ok", OK, ""))
		default:
			u.lines = append(u.lines, newLine(u.cfg.Language, "doctor."+string(a)+"."+endSkipped, Skipped, ""))
		}
	}
	return newReport(u.cfg, u.lines, u.equipment, time.Since(u.begun))
}
