// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/nativemsg/extension"
	"zaver/cardreader/agent/words"
	"zaver/cardreader/pcsc"
)

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern, origin string
		want            bool
	}{
		{"*", "https://portal.example", true},
		{"https://portal.example", "https://portal.example", true},
		{"https://portal.example:443", "https://portal.example", true},
		{"https://portal.example:443/", "https://portal.example", true},
		{"portal.example", "https://portal.example", true},
		{"[*.]example", "https://portal.example", true},
		{"https://[*.]portal.example", "https://portal.example", true},
		{"[*.]example", "https://portal.example.net", false},
		{"[*.]ample", "https://portal.example", false},
		{"http://portal.example", "https://portal.example", false},
		{"https://portal.example:8443", "https://portal.example", false},
		{"https://portal.example:8443", "https://portal.example:8443", true},
		{"https://other.example", "https://portal.example", false},
		{"", "https://portal.example", false},
		{"http://[::1]:80", "http://[::1]", true},
	} {
		if got := matches(c.pattern, c.origin); got != c.want {
			t.Errorf("%q on %q: %v", c.pattern, c.origin, got)
		}
	}
}

func TestBeginsList(t *testing.T) {
	for _, c := range []struct {
		name string
		in   string
		want bool
	}{
		{"short list", "\x30\x10\x30\x0e\x02\x01\x01\x30", true},
		{"long list", "\x30\x82\x01\x00\x30\x81\xf0\x02", true},
		{"PEM", "-----BEGIN X509 CRL-----", true},
		{"page", "<!DOCTYPE html>", false},
		{"number", "\x30\x06\x02\x01\x01\x02\x01\x01", false},
		{"length runs out", "\x30\xff\x30\x30\x30\x30\x30\x30", false},
		{"empty", "", false},
	} {
		if got := beginsList([]byte(c.in)); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// A fixed word that is none can't be said, wherever it came from.
func TestVocabularyIsClosed(t *testing.T) {
	l := newLine(words.English, CodeManifestMissing, Fault, "", fixed("browser", "ivan's browser"))
	if l.Text != "?: the agent is not registered" {
		t.Errorf("got %q", l.Text)
	}
	for _, b := range extension.Browsers() {
		if !slices.Contains(vocabulary, b.Name()) {
			t.Errorf("%s is not in the vocabulary", b.Name())
		}
	}
}

// stuck never answers, whatever the context says.
type stuck struct{ until chan struct{} }

func (s stuck) Look(context.Context) ([]pcsc.Reader, error) {
	<-s.until
	return nil, nil
}

func (s stuck) Read(context.Context, pcsc.Reader) (agent.Credential, error) {
	<-s.until
	return agent.Credential{}, nil
}

// A check that ignores its deadline is named, and what it says afterwards is dropped.
func TestStuckCheckIsNamed(t *testing.T) {
	u := &checkup{cfg: Config{}.filled(), begun: time.Now(), touched: map[Area]bool{}}
	release := make(chan struct{})
	left := make(chan struct{})
	u.one(t.Context(), check{[]Area{AreaReader, AreaCard}, time.Millisecond, func(context.Context) {
		<-release
		u.add(Fault, CodeCardNone, "")
		close(left)
	}})
	r := u.report()
	close(release)
	<-left
	if r.Lines[0].Code != "doctor.reader.hung" || r.Exit != AreaReader.Exit() {
		t.Errorf("got %+v", r.Lines[0])
	}
	for _, l := range r.Lines[1:] {
		if l.State == Fault {
			t.Errorf("got %+v", l)
		}
	}
	if len(u.lines) != len(r.Lines) {
		t.Error("what came late was kept")
	}
}

func TestOrderOfLines(t *testing.T) {
	lines := []Line{{Code: "doctor.clock.ok", State: OK, Area: AreaClock}, {Code: CodeCRLUnreachable, State: Warning, Area: AreaRevocation},
		{Code: CodeTokenNone, State: Fault, Area: AreaToken}, {Code: CodeModuleHung, State: Fault, Area: AreaModule},
		{Code: CodeModuleMissing, State: Fault, Area: AreaModule}, {Code: CodeConfigKey, State: Fault, Area: AreaConfig}}
	sortLines(lines)
	var got []string
	for _, l := range lines {
		got = append(got, l.Code)
	}
	want := []string{CodeConfigKey, CodeModuleMissing, CodeModuleHung, CodeTokenNone, CodeCRLUnreachable, "doctor.clock.ok"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

// A context that ends ends the run.
func TestCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		s := stuck{make(chan struct{})}
		defer close(s.until)
		begun := time.Now()
		r := Run(ctx, Config{Cards: s, Env: func(string) string { return "" }, Root: "/nonexistent"})
		if took := time.Since(begun); took > time.Second {
			t.Errorf("took %v", took)
		}
		if len(r.Lines) < len(areas) {
			t.Errorf("areas are missing: %d lines", len(r.Lines))
		}
	})
}

func FuzzGreeting(f *testing.F) {
	f.Add([]byte{4, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{4, 0, 0, 0, 6, 0, 0, 0, 0x1e, 0, 0x10, 0x80})
	f.Add([]byte("HTTP/1.1 400"))
	f.Fuzz(func(t *testing.T, b []byte) {
		major, minor, err := readGreeting(b)
		if err == nil && (len(b) != greetingSize || major < 0 || major > 99 || minor < 0 || minor > 99) {
			t.Errorf("%x gave %d:%d", b, major, minor)
		}
	})
}

func FuzzBrowserFiles(f *testing.F) {
	f.Add([]byte(`{"NativeMessagingBlocklist":["*"],"LoopbackNetworkBlockedForUrls":["https://[*.]example:443"]}`))
	f.Add([]byte(`{"policies":{"ExtensionSettings":{"*":{"installation_mode":"blocked"}}}}`))
	f.Add([]byte(`{"name":"ru.zaver.agent","path":"/x","type":"stdio","allowed_origins":["chrome-extension://x/"]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		origins := []string{"https://portal.example"}
		p := chromiumPolicy(b, origins)
		if p.forbidsLoopback && p.grantsLoopback {
			t.Errorf("%s forbids and grants", b)
		}
		if !json.Valid(b) && (p != policy{} || geckoPolicy(b, origins) != policy{}) {
			t.Errorf("%q is no JSON and rules", b)
		}
		u := &checkup{cfg: Config{Program: "/nonexistent"}.filled()}
		if code, _ := u.judgeManifest(extension.Chromium, b); code == "" {
			t.Errorf("%s leads to a program that isn't there", b)
		}
	})
}
