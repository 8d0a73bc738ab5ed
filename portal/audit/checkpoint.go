// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// ErrCheckpoint is wrapped by every error about a checkpoint that is not what it should be.
var ErrCheckpoint = errors.New("checkpoint does not hold")

// Checkpoint says what the log was at one moment.
type Checkpoint struct {
	// Origin names the log ("portal.example/audit"); one line, no spaces.
	Origin string
	Size   int64
	Root   Hash
}

// Sign writes the checkpoint as a signed note.
func (c Checkpoint) Sign(signer note.Signer) ([]byte, error) {
	if c.Origin == "" || !plain(c.Origin) || c.Size < 0 {
		return nil, fmt.Errorf("write origin %q, size %d: %w", c.Origin, c.Size, ErrCheckpoint)
	}
	text := fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, c.Root)
	msg, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		return nil, fmt.Errorf("sign checkpoint: %w", err)
	}
	return msg, nil
}

// OpenCheckpoint checks the signature and that the note speaks of the log
// called origin. Every failure wraps [ErrCheckpoint].
func OpenCheckpoint(msg []byte, origin string, v note.Verifier) (Checkpoint, error) {
	var c Checkpoint
	if len(msg) > MaxCheckpoint {
		return c, fmt.Errorf("read %d bytes: %w", len(msg), ErrCheckpoint)
	}
	n, err := note.Open(msg, note.VerifierList(v))
	if err != nil {
		return c, fmt.Errorf("open note: %w: %w", ErrCheckpoint, err)
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 || lines[3] != "" || lines[0] != origin {
		return c, fmt.Errorf("read lines: %w", ErrCheckpoint)
	}
	c.Origin = lines[0]
	c.Size, err = strconv.ParseInt(lines[1], 10, 64)
	if err != nil || c.Size < 0 || strconv.FormatInt(c.Size, 10) != lines[1] {
		return c, fmt.Errorf("read size %q: %w", lines[1], ErrCheckpoint)
	}
	if c.Root, err = tlog.ParseHash(lines[2]); err != nil {
		return c, fmt.Errorf("read root: %w: %w", ErrCheckpoint, err)
	}
	return c, nil
}
