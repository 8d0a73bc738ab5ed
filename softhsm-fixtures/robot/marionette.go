// SPDX-License-Identifier: Apache-2.0

package robot

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
)

// marionette speaks Firefox's remote protocol: "length:[0,id,command,parameters]" over TCP, answers in any order.
type marionette struct {
	conn net.Conn
	gone chan struct{} // closed when nothing comes any more

	mu      sync.Mutex
	last    int
	waiting map[int]chan answer
}

// answer is what Firefox says to a command.
type answer struct {
	value json.RawMessage
	err   error
}

// mostAnswer bounds an answer, in bytes: a picture of a long page.
const mostAnswer = 64 << 20

// errGone says that Firefox hung up.
var errGone = errors.New("the browser hung up")

func dialMarionette(ctx context.Context, address string) (*marionette, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	m := &marionette{conn: conn, gone: make(chan struct{}), waiting: map[int]chan answer{}}
	go m.listen()
	return m, nil
}

// listen hands answers out; the greeting is nobody's.
func (m *marionette) listen() {
	defer close(m.gone)
	in := bufio.NewReader(m.conn)
	for {
		body, err := frame(in)
		if err != nil {
			return
		}
		var parts []json.RawMessage
		var id int
		if json.Unmarshal(body, &parts) != nil || len(parts) != 4 || json.Unmarshal(parts[1], &id) != nil {
			continue
		}
		a := answer{value: parts[3]}
		if string(parts[2]) != "null" {
			var said struct{ Error, Message string }
			_ = json.Unmarshal(parts[2], &said) // words for people
			a.err = fmt.Errorf("%s: %s", said.Error, said.Message)
		}
		m.mu.Lock()
		if to := m.waiting[id]; to != nil {
			delete(m.waiting, id)
			to <- a // it has room
		}
		m.mu.Unlock()
	}
}

func frame(in *bufio.Reader) ([]byte, error) {
	length, err := in.ReadString(':')
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(strings.TrimSuffix(length, ":"))
	if err != nil || n < 0 || n > mostAnswer {
		return nil, fmt.Errorf("frame of length %q", length)
	}
	body := make([]byte, n)
	_, err = io.ReadFull(in, body)
	return body, err
}

// do gives a command and waits for its answer. A command whose context ends goes on in the browser, unheard.
func (m *marionette) do(ctx context.Context, command string, parameters map[string]any) (json.RawMessage, error) {
	if parameters == nil {
		parameters = map[string]any{}
	}
	to := make(chan answer, 1)
	m.mu.Lock()
	m.last++
	id := m.last
	body, err := json.Marshal([]any{0, id, command, parameters})
	if err == nil {
		m.waiting[id] = to
		_, err = fmt.Fprintf(m.conn, "%d:%s", len(body), body)
	}
	m.mu.Unlock()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", command, err)
	}
	select {
	case a := <-to:
		if a.err != nil {
			return nil, fmt.Errorf("%s: %w", command, a.err)
		}
		return a.value, nil
	case <-m.gone:
		return nil, fmt.Errorf("%s: %w", command, errGone)
	case <-ctx.Done():
		m.mu.Lock()
		delete(m.waiting, id)
		m.mu.Unlock()
		return nil, fmt.Errorf("%s: %w", command, ctx.Err())
	}
}

// inner takes the value out of an answer {"value": …}.
func inner[T any](raw json.RawMessage, err error) (T, error) {
	var v struct {
		Value T `json:"value"`
	}
	if err != nil {
		return v.Value, err
	}
	err = json.Unmarshal(raw, &v)
	return v.Value, err
}
