// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"zaver/cardreader/agent/update/publish"
)

// Fault is what the server does in the place of serving a file.
type Fault int

// The faults.
const (
	None      Fault = iota
	Tamper          // one byte of what is signed, or of the package, is another
	Swap            // the package's bytes are others of the same length
	Endless         // bytes without end, announced as of unknown length
	Announce        // more bytes than there may be, announced
	Stall           // half of it, then nothing
	Silent          // nothing at all, the connection stays
	Cut             // half of it, then the connection ends
	Fail            // status 500
	Absent          // status 404
	Forbidden       // status 403
	Redirect        // to plain http on another port
	Circle          // to itself, for ever
	Garbage         // not JSON
	Empty           // no bytes
)

// Set orders a fault for a role, for Package, or for one file by its path; None ends it.
func (m *Mirror) Set(what string, f Fault) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faults[what] = f
}

// Serve has other content served in the place of a file, nil what the repository has.
func (m *Mirror) Serve(name string, content []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if content == nil {
		delete(m.served, name)
		return
	}
	m.served[name] = content
}

// State is a whole repository at some time.
type State map[string][]byte

// Save keeps the repository as it is.
func (m *Mirror) Save() (State, error) {
	s := State{}
	err := filepath.WalkDir(m.repository(), func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(m.repository(), p)
		if err != nil {
			return err
		}
		s[filepath.ToSlash(name)], err = os.ReadFile(p)
		return err
	})
	return s, err
}

// Replay serves the repository as it was; nil serves it as it is.
func (m *Mirror) Replay(s State) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.old = s
}

// Honest ends all that was ordered.
func (m *Mirror) Honest() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faults, m.served, m.old = map[string]Fault{}, map[string][]byte{}, nil
}

// Forge changes a file of metadata and signs it with the keys given, whoever's they are; no keys leave it without a signature.
func Forge[T metadata.Roles](content []byte, keys publish.Keys, edit func(*T)) ([]byte, error) {
	var empty metadata.Metadata[T]
	m, err := empty.FromBytes(content)
	if err != nil {
		return nil, fmt.Errorf("forge: %w", err)
	}
	edit(&m.Signed)
	m.ClearSignatures()
	for _, k := range keys {
		if _, err := m.Sign(k.Signer()); err != nil {
			return nil, fmt.Errorf("forge: %w", err)
		}
	}
	return m.ToBytes(false)
}

// ServeHTTP serves.
func (m *Mirror) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	m.mu.Lock()
	m.asked = append(m.asked, name)
	fault := m.faults[name]
	if fault == None {
		fault = m.faults[roleOf(name)]
	}
	content, there := m.served[name]
	if !there && m.old != nil {
		content, there = m.old[name]
	} else if !there {
		b, err := os.ReadFile(filepath.Join(m.repository(), filepath.FromSlash(name)))
		content, there = b, err == nil
	}
	m.mu.Unlock()
	if fault == Fail {
		http.Error(w, "the server is on strike", http.StatusInternalServerError)
		return
	}
	if fault == Forbidden {
		http.Error(w, "AccessDenied", http.StatusForbidden)
		return
	}
	if !there || fault == Absent {
		http.NotFound(w, r)
		return
	}
	m.write(w, r, fault, content)
}

func (m *Mirror) write(w http.ResponseWriter, r *http.Request, fault Fault, content []byte) {
	half := content[:len(content)/2]
	switch fault {
	case Tamper:
		content = tampered(content)
	case Swap:
		content = bytes.Repeat([]byte("x"), len(content))
	case Garbage:
		content = []byte("<html>sign in to the network of this hotel</html>")
	case Empty:
		content = nil
	case Redirect:
		http.Redirect(w, r, "http://127.0.0.1:9/"+r.URL.Path, http.StatusFound)
		return
	case Circle:
		http.Redirect(w, r, r.URL.Path, http.StatusFound)
		return
	case Endless:
		m.endless(w, r)
		return
	case Announce:
		w.Header().Set("Content-Length", strconv.Itoa(1<<40))
		_, _ = w.Write(bytes.Repeat([]byte("x"), 4<<20)) // the reader goes away in the middle
		panic(http.ErrAbortHandler)
	case Stall, Silent:
		if fault == Stall {
			w.Header().Set("Content-Length", strconv.Itoa(len(content)))
			_, _ = w.Write(half)
			w.(http.Flusher).Flush()
		}
		select {
		case <-r.Context().Done():
		case <-m.gone:
		}
		panic(http.ErrAbortHandler)
	case Cut:
		w.Header().Set("Content-Length", strconv.Itoa(len(content)))
		_, _ = w.Write(half)
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	_, _ = w.Write(content) // a reader that goes away is its own affair
}

func (m *Mirror) endless(w http.ResponseWriter, r *http.Request) {
	block := bytes.Repeat([]byte(" "), 64<<10)
	for {
		select {
		case <-m.gone:
			return
		case <-r.Context().Done():
			return
		default:
		}
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

// tampered changes one byte: in metadata the second of expiry, so that all reads well and no signature fits; else the one in the middle.
func tampered(content []byte) []byte {
	out := bytes.Clone(content)
	if len(out) == 0 {
		return out
	}
	at := len(out) / 2
	if i := bytes.Index(out, []byte(`"expires"`)); i >= 0 {
		at = i + bytes.IndexByte(out[i:], 'Z') - 1
	}
	if out[at] == '1' {
		out[at] = '2'
	} else {
		out[at] = '1'
	}
	return out
}
