// SPDX-License-Identifier: Apache-2.0

// Package cspeed measures OpenSSL's GOST engine in a process of C: how long a signature takes to verify and how fast Streebog runs. It alone
// owns the C side of the comparison that the speed of signature/gost is judged by. It needs gcc, libssl-dev and the engine.
package cspeed

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"zaver/signature/gost"
)

//go:embed c/cspeed.c
var source []byte

// Figures are the best of all rounds.
type Figures struct {
	Verify map[string]time.Duration   // one verification of a ready digest, by the name of the parameter set
	Hash   map[string]map[int]float64 // millions of octets a second, by "streebog256" or "streebog512" and the length of the message
}

// Run measures every figure in three rounds.
func Run(ctx context.Context) (Figures, error) {
	f := Figures{Verify: map[string]time.Duration{}, Hash: map[string]map[int]float64{"streebog256": {}, "streebog512": {}}}
	s, err := start(ctx, 30*time.Millisecond)
	if err != nil {
		return f, err
	}
	for range 3 {
		for _, ps := range gost.Sets() {
			d, err := s.verify(ps.Name())
			if err != nil {
				return f, errors.Join(err, s.end())
			}
			if known := f.Verify[ps.Name()]; known == 0 || d < known {
				f.Verify[ps.Name()] = d
			}
		}
		for _, bits := range []int{256, 512} {
			for _, size := range sizes {
				mbps, err := s.hash(bits, size)
				if err != nil {
					return f, errors.Join(err, s.end())
				}
				name := fmt.Sprint("streebog", bits)
				f.Hash[name][size] = max(f.Hash[name][size], mbps)
			}
		}
	}
	return f, s.end()
}

// sizes are the lengths of messages, in octets.
var sizes = []int{64, 1 << 10, 8 << 10, 1 << 20}

// session is a running program, which measures a figure when it is asked to.
type session struct {
	cmd      *exec.Cmd
	in       io.WriteCloser
	out      *bufio.Scanner
	problems bytes.Buffer
}

// start runs the program; each figure gets the time slot.
func start(ctx context.Context, slot time.Duration) (*session, error) {
	program, err := build(ctx)
	if err != nil {
		return nil, err
	}
	s := &session{cmd: exec.CommandContext(ctx, program, strconv.FormatInt(slot.Milliseconds(), 10))}
	s.cmd.Env = append(os.Environ(), "OPENSSL_CONF=/dev/null")
	s.cmd.Stderr = &s.problems
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.out = bufio.NewScanner(out)
	return s, s.cmd.Start()
}

func (s *session) verify(set string) (time.Duration, error) {
	ns, err := s.ask("verify " + set)
	return time.Duration(ns), err
}

func (s *session) hash(bits, size int) (float64, error) {
	return s.ask(fmt.Sprintf("hash %d %d", bits, size))
}

func (s *session) ask(figure string) (float64, error) {
	if _, err := io.WriteString(s.in, figure+"\n"); err != nil {
		return 0, fmt.Errorf("cspeed: %w: %s", err, s.problems.Bytes())
	}
	if !s.out.Scan() {
		return 0, fmt.Errorf("cspeed: the program stopped at %q: %w", figure, s.out.Err())
	}
	n, err := strconv.ParseFloat(s.out.Text(), 64)
	if err != nil || n <= 0 {
		return 0, fmt.Errorf("cspeed: %q gives %q", figure, s.out.Text())
	}
	return n, nil
}

func (s *session) end() error {
	s.in.Close()
	if err := s.cmd.Wait(); err != nil {
		return fmt.Errorf("cspeed: %w: %s", err, s.problems.Bytes())
	}
	return nil
}

// build compiles the program unless this very source was compiled before.
func build(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	folder := filepath.Join(cache, "zaver-cspeed")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	sum := sha256.Sum256(source)
	program := filepath.Join(folder, hex.EncodeToString(sum[:8]))
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	work, err := os.MkdirTemp(folder, "build")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	code, made := filepath.Join(work, "cspeed.c"), filepath.Join(work, "cspeed")
	if err := os.WriteFile(code, source, 0o600); err != nil {
		return "", err
	}
	if said, err := exec.CommandContext(ctx, "gcc", "-O2", "-Wall", "-o", made, code, "-lcrypto").CombinedOutput(); err != nil {
		return "", fmt.Errorf("cspeed: gcc: %w: %s", err, said)
	}
	return program, os.Rename(made, program)
}
