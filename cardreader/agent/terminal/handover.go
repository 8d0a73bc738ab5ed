// SPDX-License-Identifier: Apache-2.0

package terminal

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"zaver/cardreader/agent"
)

// MaxHandover bounds the line that a page shows for the terminal, in bytes.
const MaxHandover = 512

var handoverForm = regexp.MustCompile(`^(https?://[^/#?\s]{1,100})/confirm#(token|uec)\.([A-Za-z0-9_-]{16,64})\.([A-Za-z0-9_-]{16,128})$`)

// ErrHandover is returned for a line that no portal's page shows.
var ErrHandover = errors.New("this is not the line that the portal's page shows")

// ParseHandover reads the line by which a portal's page hands a confirmation over:
//
//	https://portal.example/confirm#METHOD.REQUEST.TICKET
//
// What stands behind # would not leave a browser, were the line opened as an address. Spaces around it are dropped. The
// error is ErrHandover. Whether the portal is a configured one is for agent.Begin to say.
func ParseHandover(line string) (agent.Request, error) {
	line = strings.TrimSpace(line)
	if len(line) > MaxHandover {
		return agent.Request{}, ErrHandover
	}
	m := handoverForm.FindStringSubmatch(line)
	if m == nil {
		return agent.Request{}, ErrHandover
	}
	return agent.Request{Origin: m[1], Method: agent.Method(m[2]), Request: m[3], Ticket: m[4]}, nil
}

// FormatHandover writes the line that ParseHandover reads.
func FormatHandover(r agent.Request) string {
	return fmt.Sprintf("%s/confirm#%s.%s.%s", r.Origin, r.Method, r.Request, r.Ticket)
}

// ReadHandover reads one line and parses it. It reads no further than MaxHandover bytes.
func ReadHandover(in io.Reader) (agent.Request, error) {
	line, err := bufio.NewReaderSize(io.LimitReader(in, MaxHandover+1), MaxHandover+1).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return agent.Request{}, fmt.Errorf("read the portal's line: %w", err)
	}
	return ParseHandover(line)
}
