// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package token

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"time"

	"zaver/signature/algo"
	"zaver/signature/cert"
	"zaver/signature/pin"
	"zaver/signature/pkcs11"
)

// retryPause stands between two tries to read a token.
const retryPause = 20 * time.Millisecond

// ServeWorker is the main function of a worker process: it serves one module until in ends or one signature was made, and returns the
// exit code. It owns the process: core dumps and reading of its memory by others are switched off, and when in and
// out are files, they are moved away from descriptors 0 and 1, so that a module that prints can't disturb the protocol.
func ServeWorker(in io.Reader, out io.Writer) int {
	if err := harden(); err != nil {
		return exitHarden
	}
	in, out, err := detach(in, out)
	if err != nil {
		return exitHarden
	}
	runtime.LockOSThread() // modules with thread-local state meet one thread only
	jobs, begin := make(chan job), make(chan struct{}, 1)
	w := &worker{out: out, begin: begin}
	defer w.close()
	go receive(in, jobs, begin)
	for j := range jobs {
		if j.err != nil {
			return exitMessage
		}
		if last := w.serve(j); last {
			return exitDone
		}
	}
	return exitDone
}

type job struct {
	request request
	secrets secrets
	err     error
}

// receive also watches over the end: a module that hangs in C code must not outlive the agent.
func receive(in io.Reader, jobs chan<- job, begin chan<- struct{}) {
	for {
		q, s, err := readRequest(in)
		if err == nil && q.Op == opBegin {
			select {
			case begin <- struct{}{}:
			default: // it was told already
			}
			continue
		}
		if err == nil {
			jobs <- job{request: q, secrets: s}
			continue
		}
		close(begin)
		time.AfterFunc(leaveGrace, func() { os.Exit(exitDone) })
		if !errors.Is(err, io.EOF) || errors.Is(err, errFrame) {
			jobs <- job{err: err}
		}
		close(jobs)
		return
	}
}

// worker serves one module. It has one owner, the goroutine of ServeWorker.
type worker struct {
	out    io.Writer
	begin  <-chan struct{} // the host's leave to set a PIN; closed when none will come any more
	module *pkcs11.Module
}

func (w *worker) close() {
	if w.module != nil {
		_ = w.module.Close() // the process ends in any case
	}
}

// serve answers one request and reports whether it was the worker's last.
func (w *worker) serve(j job) (last bool) {
	defer j.secrets.wipe()
	switch j.request.Op {
	case opSign:
		w.sign(j)
	case opChange, opUnblock:
		w.keep(j)
	default:
		return w.answer(w.list(j.request)) != nil
	}
	return true // the module's copy of the PIN ends with the process
}

// answer sends the last reply to a request.
func (w *worker) answer(err error) error {
	if err == nil {
		return writeJSON(w.out, reply{Done: true})
	}
	return writeJSON(w.out, reply{Failure: describe(err)})
}

func describe(err error) *failure {
	detail := err.Error()
	if len(detail) > 300 {
		detail = detail[:300]
	}
	var pinErr *pin.Error
	var own *Error
	switch {
	case errors.As(err, &pinErr):
		f := &failure{Reason: pinErr.Reason, Tries: pinErr.Tries, Ref: pinErr.Ref}
		if pinErr.Cause != nil {
			f.Detail = pinErr.Cause.Error()
		}
		return f
	case errors.As(err, &own):
		return &failure{Code: own.Code, Detail: detail}
	case errors.Is(err, pkcs11.ErrRemoved):
		return &failure{Code: CodeRemoved, Detail: detail}
	case errors.Is(err, pkcs11.ErrNoKey):
		return &failure{Code: CodeNoKey}
	case errors.Is(err, algo.ErrUnsupported), errors.Is(err, pkcs11.ErrUnsupported):
		return &failure{Code: CodeUnsupported, Detail: detail}
	}
	return &failure{Code: CodeModule, Detail: detail}
}

func (w *worker) open(q request) error {
	if w.module != nil {
		if w.module.Path() != q.Module {
			return &Error{Code: CodeModule, Cause: errors.New("this worker serves another module")}
		}
		return nil
	}
	m, err := pkcs11.Open(q.Module, q.Parameters)
	if err != nil {
		return err
	}
	w.module = m
	return nil
}

// list sends every token as soon as it is read, so that a token that hangs hides only what comes after it.
func (w *worker) list(q request) error {
	if err := w.open(q); err != nil {
		return err
	}
	slots, err := w.module.Slots()
	if err != nil {
		return err
	}
	var failed []error
	for _, slot := range slots {
		var t *tokenReply
		err := again(func() (err error) {
			t, err = w.read(slot)
			return err
		})
		if err == nil {
			err = writeJSON(w.out, reply{Token: t})
		}
		if err != nil && !errors.Is(err, pkcs11.ErrRemoved) {
			failed = append(failed, fmt.Errorf("slot %d: %w", slot, err))
		}
	}
	return errors.Join(failed...)
}

func (w *worker) read(slot uint) (*tokenReply, error) {
	var t *tokenReply
	err := w.module.Session(slot, func(s *pkcs11.Session) error {
		certs, err := s.Certificates()
		if err != nil {
			return err
		}
		keys, err := s.PublicKeys()
		if err != nil {
			return err
		}
		t = newTokenReply(s.Token(), certs, keys)
		if len(certs) == 0 && len(keys) == 0 {
			t.Data = s.DataNames()
		}
		return nil
	})
	return t, err
}

// maxTokenReply bounds what is told of one token, in bytes, so that it fits a frame in base64. What is beyond, no person's token has.
const maxTokenReply = 600 << 10

func newTokenReply(d pkcs11.Token, certs []pkcs11.Certificate, keys []pkcs11.PublicKey) *tokenReply {
	t := &tokenReply{Slot: d.Slot, Label: d.Label, Manufacturer: d.Manufacturer, Model: d.Model, Serial: d.Serial,
		Tries: d.Tries, CountLow: d.CountLow, Problem: d.Problem, LoginRequired: d.LoginRequired, ProtectedPath: d.ProtectedPath,
		SOTries: d.SOTries, SOCountLow: d.SOCountLow, SOProblem: d.SOProblem, MinPIN: d.MinPIN, MaxPIN: d.MaxPIN, Reader: d.Reader}
	room := maxTokenReply
	fits := func(parts ...[]byte) bool {
		n := 0
		for _, p := range parts {
			n += len(p)
		}
		if n > room {
			return false
		}
		room -= n
		return true
	}
	for _, c := range certs {
		if fits(c.ID, c.DER, []byte(c.Label)) {
			t.Certificates = append(t.Certificates, certReply{ID: c.ID, Label: line(c.Label, maxField), DER: c.DER})
		}
	}
	for _, k := range keys {
		if fits(k.ID, k.SPKI, []byte(k.Label)) {
			t.Keys = append(t.Keys, keyReply{ID: k.ID, Label: line(k.Label, maxField), Kind: k.Kind, SPKI: k.SPKI})
		}
	}
	return t
}

// sign answers as soon as the signature is there; logging out and closing, in which modules may hang, come after.
func (w *worker) sign(j job) {
	answered := false
	err := w.withSession(j.request, (*pkcs11.Module).Session, func(s *pkcs11.Session) error {
		sig, err := signIn(s, j.request, j.secrets.pin)
		if err != nil {
			return err
		}
		answered = true
		return writeJSON(w.out, reply{Signature: sig, Done: true})
	})
	if !answered {
		_ = w.answer(err) // the host sees the end of the process instead
	}
}

// keep changes or unblocks the user's PIN, and answers like sign.
func (w *worker) keep(j job) {
	answered := false
	err := w.withSession(j.request, (*pkcs11.Module).Change, func(s *pkcs11.Session) error {
		if err := keepIn(s, j.request, j.secrets, w.mayBegin); err != nil {
			return err
		}
		answered = true
		return w.answer(nil)
	})
	if !answered {
		_ = w.answer(err)
	}
}

// mayBegin asks the host before a PIN is set: one whose caller has left by then ends the worker instead.
func (w *worker) mayBegin() error {
	if err := writeJSON(w.out, reply{Begun: true}); err != nil {
		return err
	}
	if _, ok := <-w.begin; !ok {
		return errors.New("the host has left")
	}
	return nil
}

func keepIn(s *pkcs11.Session, q request, k secrets, begin func() error) error {
	t := s.Token()
	if q.Op == opUnblock {
		if last(t.SOTries) && !q.Token.LastTry {
			return &Error{Code: CodeLastTry}
		}
		return s.InitPIN(k.pin, k.fresh, begin)
	}
	if last(t.Tries) && !q.Token.LastTry {
		return &Error{Code: CodeLastTry}
	}
	return s.SetPIN(k.pin, k.fresh, begin)
}

// withSession opens a session with the very token that the person chose, wherever it is plugged in now.
func (w *worker) withSession(q request, open func(*pkcs11.Module, uint, func(*pkcs11.Session) error) error, fn func(*pkcs11.Session) error) error {
	if err := w.open(q); err != nil {
		return err
	}
	for tried := make(map[uint]bool); ; {
		var slot uint
		if err := again(func() (err error) {
			slot, err = w.where(q.Token, tried)
			return err
		}); err != nil {
			return err
		}
		tried[slot] = true
		twin := false
		err := open(w.module, slot, func(s *pkcs11.Session) error {
			shown, err := shows(s, q)
			if twin = err == nil && !shown; twin || err != nil {
				return err
			}
			return fn(s)
		})
		if !twin {
			return err
		}
	}
}

// shows tells the token from one that calls itself the same, before either is given a PIN: makers leave serial numbers and labels alike.
func shows(s *pkcs11.Session, q request) (shown bool, err error) {
	if len(q.Token.Shows) != sha256.Size {
		return true, nil // it shows no certificate
	}
	var id []byte
	if q.Sign != nil {
		id = q.Sign.ID
	}
	err = again(func() (err error) {
		shown, err = s.Shows(id, [sha256.Size]byte(q.Token.Shows))
		return err
	})
	return shown, err
}

// where finds the slot of a token by what it says about itself, first where it was. Slots that were tried are passed over.
func (w *worker) where(q *which, tried map[uint]bool) (uint, error) {
	slots := []uint{q.Slot}
	var failed error
	for i := 0; i < len(slots); i++ {
		t, err := w.module.Token(slots[i])
		if err == nil && t.Serial == q.Serial && t.Label == q.Label && !tried[t.Slot] {
			return t.Slot, nil
		}
		if err != nil && !errors.Is(err, pkcs11.ErrRemoved) {
			failed = err
		}
		if i == 0 {
			others, err := w.module.Slots()
			if err != nil {
				return 0, err
			}
			slots = append(slots, others...)
		}
	}
	if failed != nil {
		return 0, failed // it may be the token behind the slot that can't be read
	}
	return 0, pkcs11.ErrRemoved
}

// again repeats what costs no try: a token that another program is using at this moment may answer with an error once.
func again(f func() error) (err error) {
	for range 3 {
		if err = f(); err == nil || errors.Is(err, pkcs11.ErrRemoved) {
			return err
		}
		<-time.After(retryPause) // nothing tells when the other program is done
	}
	return err
}

func signIn(s *pkcs11.Session, q request, p *pin.PIN) ([]byte, error) {
	a, err := algo.ByName(q.Sign.Algorithm)
	if err != nil {
		return nil, err
	}
	if a.PSS {
		a.SaltLength = q.Sign.Salt
	}
	public, err := cert.ParsePublicKey(q.Sign.SPKI)
	if err != nil {
		return nil, err
	}
	if last(s.Token().Tries) && !q.Token.LastTry {
		return nil, &Error{Code: CodeLastTry}
	}
	if err := s.Login(p); err != nil {
		return nil, err
	}
	key, err := s.Key(q.Sign.ID, public)
	if errors.Is(err, pkcs11.ErrNoKey) && slices.ContainsFunc(s.DataNames(), containerName) {
		return nil, &Error{Code: CodeCryptoPro, Cause: err} // the CSP leaves the certificate open and keeps the key to itself
	}
	if err != nil {
		return nil, err
	}
	return key.Sign(a, q.Sign.Digest, p)
}
