// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"zaver/cardreader/agent/nativemsg"
	"zaver/cardreader/agent/nativemsg/extension"
	"zaver/softhsm-fixtures/pki"
	"zaver/softhsm-fixtures/robot"
	"zaver/softhsm-fixtures/stage"
)

// agents measures what the agent adds: to the bare token or card, and to the person's wait for the result through native messaging.
func agents(ctx context.Context, o Options) ([]section, error) {
	sections, err := compared(ctx, o, group{"PIN to CMS, beside the bare token or card", append(added(), carriers[len(carriers)-2:]...)})
	if err != nil {
		return nil, err
	}
	walked, err := byWindow(ctx, o)
	return append(sections, walked...), err
}

// added is the agent's part of a signature, device by device. A token's bare calls are login, C_Sign and logout in one process without
// anything between; a card's are the same exchanges of bytes through the same daemon.
func added() []comparison {
	var rows []comparison
	for _, k := range []struct{ bench, name string }{{"Sign/rsa", "SoftHSM, RSA-2048"}, {"Sign/gost256", "GOST token, 256"}} {
		rows = append(rows, comparison{"signature/token", "PIN to CMS, " + k.name, "ms", 1e-3, figure{k.bench + "/cms", "µs-p50"}, figure{k.bench + "/cms", "µs-p95"},
			figure{k.bench + "/direct", "µs-p95"}, "bare login, C_Sign, logout (p95)", over(10)})
	}
	for _, k := range []struct{ bench, name string }{{"CMS/uec", "UEC, secure messaging"}, {"CMS/piv", "PIV, P-256"}} {
		rows = append(rows, comparison{"cardreader/agent/cards", "PIN to CMS, " + k.name, "ms", 1, figure{k.bench, "ms-p50-whole"}, figure{k.bench, "ms-p95-whole"},
			figure{k.bench, "ms-p95-exchanges"}, "the same exchanges (p95)", over(10)})
	}
	return rows
}

// byWindow walks every device through native messaging, with the scripted window and PIN entry, while no agent listens on loopback.
func byWindow(ctx context.Context, o Options) (sections []section, err error) {
	o.say("starting the world")
	w, err := stage.Start(ctx, o.World)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	settings := w.AgentSettings()
	settings.Window = true
	if err := errors.Join(w.SetAgent(ctx, settings), w.Agent.Stop()); err != nil {
		return nil, err
	}
	b, err := robot.LaunchWith(ctx, robot.Setup{Portals: []string{w.Origin()}, Host: w.NativeHost(), Public: []string{w.PortalAddress()}})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	greeted, err := greetings(ctx, o, w)
	if err != nil {
		return nil, err
	}
	for i, r := range []road{
		{title: "SoftHSM, RSA-2048", method: "token", keys: pki.RSA2048}, {title: "GOST token, 256", method: "token", keys: pki.GOST256},
		{title: "UEC, secure messaging", method: "uec"}, {title: "PIV, P-256", method: "token", keys: pki.P256, piv: true},
	} {
		r.native = true
		s, err := r.measured(ctx, o, w, b, 50+i)
		if err != nil {
			return nil, fmt.Errorf("%w\nportal:\n%s", err, w.Portal.Tail())
		}
		s.rows = append(s.rows, greeted)
		s.title = r.title + ", native messaging and window"
		sections = append(sections, s)
	}
	return sections, nil
}

// greetings is how long a native host takes from its start to its first answer.
func greetings(ctx context.Context, o Options, w *stage.World) (row, error) {
	hello, err := json.Marshal(map[string]string{"do": "hello", "sender": w.Origin()})
	if err != nil {
		return row{}, err
	}
	var took []time.Duration
	for range o.Rounds {
		began := time.Now()
		if err := greet(exec.CommandContext(ctx, w.NativeHost(), "chrome-extension://"+extension.ChromiumID+"/"), hello); err != nil {
			return row{}, fmt.Errorf("greet a native host: %w", err)
		}
		took = append(took, time.Since(began))
	}
	return spread("of it: native host, start to greeting", took), nil
}

// greet starts a native host and reads its answer; its end is waited for, too.
func greet(cmd *exec.Cmd, hello []byte) (err error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	err = nativemsg.WriteFrame(in, hello)
	if err == nil {
		_, err = nativemsg.ReadFrame(out, nativemsg.MaxOut)
	}
	return errors.Join(err, in.Close(), cmd.Wait())
}
