// SPDX-License-Identifier: Apache-2.0

package windowplay_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zaver/cardreader/agent/window"
	"zaver/softhsm-fixtures/windowplay"
)

// message is one line of what an agent sends.
func message(t *testing.T, m window.Message) string {
	t.Helper()
	line, err := window.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(line)
}

// TestTranscript: what was shown is written down, until it is forgotten.
func TestTranscript(t *testing.T) {
	dir := t.TempDir()
	w, err := windowplay.New(dir, "unused", windowplay.Script{})
	if err != nil {
		t.Fatal(err)
	}
	if shown, err := w.Shown(); err != nil || len(shown) != 0 {
		t.Errorf("before anything was shown: %v, %v", shown, err)
	}
	lines := message(t, window.Message{Progress: &window.Progress{Text: "1"}}) + message(t, window.Message{Progress: &window.Progress{Text: "2"}})
	var out bytes.Buffer
	if code := windowplay.Play(w.Config().Args[1], strings.NewReader(lines), &out); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if shown, err := w.Shown(); err != nil || len(shown) != 2 || shown[1].Progress.Text != "2" {
		t.Errorf("got %v, %v", shown, err)
	}
	if err := w.Forget(); err != nil {
		t.Fatal(err)
	}
	if shown, err := w.Shown(); err != nil || len(shown) != 0 {
		t.Errorf("forgotten: %v, %v", shown, err)
	}
}

// TestPlayMakesNoFiles: a window with a result outlives its agent, and the folder of its script must be removable meanwhile.
func TestPlayMakesNoFiles(t *testing.T) {
	dir := t.TempDir()
	w, err := windowplay.New(dir, "unused", windowplay.Script{})
	if err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	script := w.Config().Args[1]
	for _, f := range files {
		if path := filepath.Join(dir, f.Name()); path != script {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
	}
	var out bytes.Buffer
	_ = windowplay.Play(script, strings.NewReader(message(t, window.Message{Progress: &window.Progress{Text: "1"}})), &out)
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 1 {
		t.Errorf("the program made files: %v", left)
	}
}
