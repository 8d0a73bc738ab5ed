// SPDX-License-Identifier: Apache-2.0

package token

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"zaver/signature/pin"
	"zaver/signature/procgroup"
)

// process is one running worker. It has one owner: the lane of its module.
type process struct {
	cmd    *exec.Cmd
	in     *os.File // we write requests
	out    *os.File // we read replies
	exited chan struct{}
	state  error // why it ended; read after exited is closed

	mu    sync.Mutex // guards what follows
	begun bool       // the worker was let set a PIN
	left  bool       // the caller has left: it is let no more
}

// start begins a worker in a process group of its own, so that whatever a module starts can be ended with it.
func start(argv, env []string, stderr *os.File) (*process, error) {
	theirIn, in, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make pipe: %w", err)
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make pipe: %w", err), theirIn.Close(), in.Close())
	}
	cmd := exec.Command(argv[0], argv[1:]...) //nolint:noctx // it outlives the call; its lane ends it, with all that it started
	cmd.Env, cmd.Dir = env, "/"
	cmd.Stdin, cmd.Stdout = theirIn, theirOut
	if stderr != nil {
		cmd.Stderr = stderr
	}
	procgroup.Lead(cmd)
	err = cmd.Start()
	_, _ = theirIn.Close(), theirOut.Close()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start worker: %w", err), in.Close(), out.Close())
	}
	p := &process{cmd: cmd, in: in, out: out, exited: make(chan struct{})}
	go func() {
		p.state = procgroup.Wait(cmd) // and with it ends what its module started
		close(p.exited)
	}()
	return p, nil
}

func (p *process) alive() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// kill ends the worker and what it started at once. Closing the pipe frees a reader even where the kernel can't end the process yet.
func (p *process) kill() {
	if p.alive() {
		procgroup.Kill(p.cmd)
	}
	_, _ = p.in.Close(), p.out.Close()
}

// retire lets the worker finalise its module, for a while, and does not wait for it.
func (p *process) retire() {
	_ = p.in.Close()
	go func() {
		grace := time.NewTimer(leaveGrace)
		defer grace.Stop()
		select {
		case <-p.exited:
		case <-grace.C:
		}
		p.kill()
	}()
}

var (
	errEnded   = errors.New("worker process ended")
	errExpired = errors.New("worker process did not answer in time")
)

// call sends a request and hands every reply to each. When ctx ends, the worker is killed; one that is setting a PIN may answer first.
// Errors: what the worker says (*pin.Error, *Error), errEnded, errExpired (a deadline passed), or context.Canceled.
func (p *process) call(ctx context.Context, q request, secret secrets, each func(*reply)) error {
	result := make(chan error, 1)
	go func() {
		defer close(result)
		result <- p.exchange(q, secret, each)
	}()
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
	}
	late := errors.Is(ctx.Err(), context.DeadlineExceeded)
	if q.Op.changes() {
		if err := p.lastWord(result, late); !errors.Is(err, errEnded) {
			return err
		}
	}
	p.kill()
	<-result // each is not called after call has returned
	if late {
		return errExpired
	}
	return ctx.Err()
}

// lastWord waits for what a worker has to say of a change whose caller has left. One that was let begin is left to end it, unless it was late
// before; another one is killed, and what it had written by then is read. errEnded stands for no word.
func (p *process) lastWord(result <-chan error, late bool) error {
	if begun := p.leave(); begun && late {
		return errEnded
	} else if !begun && p.alive() {
		procgroup.Kill(p.cmd)
	}
	wait := time.NewTimer(pin.AnswerWait)
	defer wait.Stop()
	select {
	case err := <-result:
		return err
	case <-wait.C:
		return errEnded
	}
}

func (p *process) exchange(q request, secret secrets, each func(*reply)) error {
	if err := writeRequest(p.in, q, secret); err != nil {
		return p.ended(err)
	}
	answers := &io.LimitedReader{R: p.out, N: maxExchange}
	for range maxReplies {
		var r reply
		if err := readJSON(answers, &r); err != nil {
			return p.ended(err)
		}
		if r.Failure != nil {
			return r.Failure.err(q.Module)
		}
		if r.Begun {
			if err := p.begin(); err != nil {
				return p.ended(err)
			}
		}
		each(&r)
		if r.Done {
			return nil
		}
	}
	return p.ended(errors.New("worker sends without end"))
}

// begin lets the worker set a PIN, unless the caller has left; a worker in the hands of its module may ask twice.
func (p *process) begin() error {
	p.mu.Lock()
	again, left := p.begun, p.left
	p.begun = again || !left
	p.mu.Unlock()
	switch {
	case left && !again:
		return errors.New("the caller has left before a PIN was set")
	case again:
		return nil
	}
	return writeJSON(p.in, request{Op: opBegin})
}

// leave lets the worker set no PIN from now on, and reports whether it was let before.
func (p *process) leave() (begun bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left = true
	return p.begun
}

// maxReplies bounds one exchange: every slot once, and the last word; maxExchange is in bytes.
const (
	maxReplies  = 128
	maxExchange = 16 << 20
)

// ended says how the worker ended; a worker that breaks the protocol is as good as crashed and is killed by the caller.
func (p *process) ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.EPIPE) {
		grace := time.NewTimer(time.Second)
		defer grace.Stop()
		select {
		case <-p.exited: // state is written
			return fmt.Errorf("%w: %w", errEnded, orClean(p.state))
		case <-grace.C:
		}
	}
	return fmt.Errorf("%w: %w", errEnded, err)
}

func orClean(err error) error {
	if err == nil {
		return errors.New("exit status 0")
	}
	return err
}
