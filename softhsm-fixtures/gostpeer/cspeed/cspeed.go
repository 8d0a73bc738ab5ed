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
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

//go:embed c/cspeed.c
var source []byte

// Figures are the best of all rounds.
type Figures struct {
	Verify map[string]time.Duration   // one verification of a ready digest, by the name of the parameter set
	Hash   map[string]map[int]float64 // millions of octets a second, by "streebog256" or "streebog512" and the length of the message
}

// Run measures three rounds.
func Run(ctx context.Context) (Figures, error) { return Between(ctx, 3, 30*time.Millisecond, nil) }

// Between measures rounds that give each figure the time slot, and calls own after each round: who measures there meets the same machine in
// the same minutes. A machine shared with others gives ratios only in this way.
func Between(ctx context.Context, rounds int, slot time.Duration, own func()) (Figures, error) {
	program, err := build(ctx)
	if err != nil {
		return Figures{}, err
	}
	cmd := exec.CommandContext(ctx, program, strconv.FormatInt(slot.Milliseconds(), 10))
	cmd.Env = append(os.Environ(), "OPENSSL_CONF=/dev/null")
	var problems bytes.Buffer
	cmd.Stderr = &problems
	in, err := cmd.StdinPipe()
	if err != nil {
		return Figures{}, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return Figures{}, err
	}
	if err := cmd.Start(); err != nil {
		return Figures{}, err
	}
	figures, err := converse(in, out, rounds, own)
	if ended := cmd.Wait(); ended != nil || err != nil {
		return Figures{}, fmt.Errorf("cspeed: %w: %s", errors.Join(err, ended), problems.Bytes())
	}
	return figures, nil
}

func converse(in io.WriteCloser, out io.Reader, rounds int, own func()) (Figures, error) {
	f := Figures{Verify: map[string]time.Duration{}, Hash: map[string]map[int]float64{}}
	lines := bufio.NewScanner(out)
	for range rounds {
		if _, err := io.WriteString(in, "round\n"); err != nil {
			return f, err
		}
		if !lines.Scan() || lines.Text() != "round" {
			return f, errors.New("the program stopped in a round")
		}
		if own != nil {
			own()
		}
	}
	if err := in.Close(); err != nil {
		return f, err
	}
	for lines.Scan() {
		var row struct {
			Kind, Set string
			NS, MBps  float64
			Size      int
		}
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return f, err
		}
		switch row.Kind {
		case "verify":
			f.Verify[row.Set] = time.Duration(row.NS)
		case "hash":
			if f.Hash[row.Set] == nil {
				f.Hash[row.Set] = map[int]float64{}
			}
			f.Hash[row.Set][row.Size] = row.MBps
		}
	}
	return f, lines.Err()
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
