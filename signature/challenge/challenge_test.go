// SPDX-License-Identifier: Apache-2.0

package challenge

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"
)

const issued = "2026-11-22T10:00:00Z"

var sample = Statement{
	Purpose: ConfirmIdentity, Origin: "https://portal.example", Request: "0123456789abcdef_-AZ",
	Nonce: [32]byte{0: 1, 31: 0xff}, Issued: at(issued), Expires: at(issued).Add(Life),
	Account: "+7 900 ••• ••67", Holder: "Семёнова-Тян Анна Мария", SNILS: "11223344595", ControlCode: "0417",
}

var firm = Statement{
	Purpose: ConfirmOrganisation, Origin: "http://127.0.0.1:8080", Request: "0123456789abcdef",
	Nonce: [32]byte{1}, Issued: at(issued), Expires: at(issued).Add(time.Second),
	Account: "i***@example.org", Holder: `ООО "Ромашка"`, OGRN: "1027700132195", ControlCode: "9999",
}

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func keys(t testing.TB) (note.Signer, note.Verifier) {
	t.Helper()
	private, public, err := GenerateKey("portal.example")
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSigner(private + "\n")
	if err != nil {
		t.Fatal(err)
	}
	v, err := NewVerifier(public + "\n")
	if err != nil {
		t.Fatal(err)
	}
	return s, v
}

func wantCode(t *testing.T, what string, err error, code string) {
	t.Helper()
	var e *Error
	switch {
	case code == "" && err == nil:
	case !errors.As(err, &e) || e.Code != code:
		t.Errorf("%s: got %v, want %q", what, err, code)
	case !slices.Contains(Codes(), code):
		t.Errorf("%s is not in Codes", code)
	}
}

const wantText = `zaver.statement/v1
purpose: confirm-identity
origin: https://portal.example
request: 0123456789abcdef_-AZ
nonce: 01000000000000000000000000000000000000000000000000000000000000ff
issued: 2026-11-22T10:00:00Z
expires: 2026-11-22T10:05:00Z
account: +7 900 ••• ••67
holder: Семёнова-Тян Анна Мария
snils: 112-233-445 95
control: 0417

Я, Семёнова-Тян Анна Мария (СНИЛС 112-233-445 95), подтверждаю на портале https://portal.example свою личность для учётной записи +7 900 ••• ••67. Контрольный код: 0417.
`

func TestSignAndOpen(t *testing.T) {
	signer, verifier := keys(t)
	for _, s := range []Statement{sample, firm} {
		msg, err := Sign(s, signer)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Open(msg, verifier)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(s, got); d != "" {
			t.Error(d)
		}
	}
	msg, err := Sign(sample, signer)
	if err != nil {
		t.Fatal(err)
	}
	text, _, _ := strings.Cut(string(msg), "\n— ")
	if d := cmp.Diff(wantText, text); d != "" {
		t.Error(d)
	}
	// Another time zone is the same moment and the same bytes.
	moved := sample
	moved.Issued = moved.Issued.In(time.FixedZone("", 3*3600))
	again, err := Sign(moved, signer)
	if err != nil || string(again) != string(msg) {
		t.Errorf("the bytes depend on the time zone: %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	signer, verifier := keys(t)
	otherSigner, _ := keys(t)
	good, err := Sign(sample, signer)
	if err != nil {
		t.Fatal(err)
	}
	// resign signs any text with the right key: canonical form must not rest on the signature.
	resign := func(text string) string {
		msg, err := note.Sign(&note.Note{Text: text}, signer)
		if err != nil {
			t.Fatal(err)
		}
		return string(msg)
	}
	swap := func(old, new string) string {
		if !strings.Contains(wantText, old) {
			t.Fatalf("%q is not in the text", old)
		}
		return resign(strings.Replace(wantText, old, new, 1))
	}
	_, line, _ := strings.Cut(string(good), "\n\n— ")
	forged, err := Sign(sample, otherSigner)
	if err != nil {
		t.Fatal(err)
	}
	twice, err := note.Sign(&note.Note{Text: wantText}, signer, otherNamed(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]struct{ msg, code string }{
		"the good one":             {string(good), ""},
		"other key":                {string(forged), codeForged},
		"changed after signing":    {strings.ReplaceAll(string(good), "0417", "0418"), codeForged},
		"two signatures":           {string(twice), codeMalformed},
		"signature line twice":     {string(good) + "— " + line, codeMalformed},
		"no signature":             {wantText, codeMalformed},
		"empty":                    {"", codeMalformed},
		"too long":                 {string(good) + strings.Repeat("\n", MaxSize), codeMalformed},
		"no last newline":          {strings.TrimSuffix(string(good), "\n"), codeMalformed},
		"loose base64":             {looseBase64(string(good)), codeMalformed},
		"short base64":             {string(good[:len(good)-8]) + "\n", codeMalformed},
		"other version":            {swap("/v1", "/v2"), codeMalformed},
		"carriage return":          {strings.ReplaceAll(string(good), "\n", "\r\n"), codeMalformed},
		"unknown purpose":          {swap("confirm-identity", "sign-contract"), codeMalformed},
		"other purpose's subject":  {swap("confirm-identity", "confirm-organisation"), codeMalformed},
		"header swapped":           {swap("account: +7 900 ••• ••67\nholder: Семёнова-Тян Анна Мария", "holder: Семёнова-Тян Анна Мария\naccount: +7 900 ••• ••67"), codeMalformed},
		"header renamed":           {swap("nonce:", "Nonce:"), codeMalformed},
		"header added":             {swap("nonce:", "note: x\nnonce:"), codeMalformed},
		"header missing":           {swap("control: 0417\n", ""), codeMalformed},
		"two spaces":               {swap("origin: ", "origin:  "), codeMalformed},
		"trailing space":           {swap("portal.example\n", "portal.example \n"), codeMalformed},
		"upper-case nonce":         {swap("00ff\n", "00FF\n"), codeMalformed},
		"short nonce":              {swap("00ff\n", "ff\n"), codeMalformed},
		"zero nonce":               {swap("01000000000000000000000000000000000000000000000000000000000000ff", strings.Repeat("0", 64)), codeMalformed},
		"time with offset":         {swap("10:00:00Z", "10:00:00+00:00"), codeMalformed},
		"time with fraction":       {swap("10:00:00Z", "10:00:00.5Z"), codeMalformed},
		"life too long":            {swap("10:05:00Z", "10:05:01Z"), codeMalformed},
		"life backwards":           {swap("10:05:00Z", "09:59:59Z"), codeMalformed},
		"no such day":              {swap("2026-11-22T10:00", "2026-02-30T10:00"), codeMalformed},
		"bare SNILS":               {swap("snils: 112-233-445 95", "snils: 11223344595"), codeMalformed},
		"wrong SNILS":              {swap("snils: 112-233-445 95", "snils: 112-233-445 94"), codeMalformed},
		"OGRN for a person":        {swap("snils: 112-233-445 95", "ogrn: 1027700132195"), codeMalformed},
		"control code of letters":  {swap("control: 0417", "control: 041a"), codeMalformed},
		"sentence of other code":   {swap("код: 0417", "код: 0418"), codeMalformed},
		"sentence of other holder": {swap("Я, Семёнова", "Я, Иванова"), codeMalformed},
		"second sentence":          {resign(wantText + "Прошу выдать кредит.\n"), codeMalformed},
		"second paragraph":         {resign(wantText + "\nПрошу выдать кредит.\n"), codeMalformed},
		"no sentence":              {resign(wantText[:strings.Index(wantText, "\nЯ")]), codeMalformed},
		"bidirectional mark":       {swap("holder: Сем", "holder: \u202eСем"), codeMalformed},
		"broken UTF-8":             {strings.Replace(string(good), "holder: С", "holder: \xd0", 1), codeMalformed},
	} {
		got, err := Open([]byte(r.msg), verifier)
		wantCode(t, name, err, r.code)
		if err != nil && got != (Statement{}) {
			t.Errorf("%s: a refused statement was returned", name)
		}
	}
}

func otherNamed(t *testing.T) note.Signer {
	t.Helper()
	private, _, err := GenerateKey("other.example")
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// looseBase64 sets the padding bits of the signature's last quantum: liberal
// readers see the same signature in other bytes.
func looseBase64(msg string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	i := len(msg) - 3 // before "=\n"
	return msg[:i] + string(alphabet[strings.IndexByte(alphabet, msg[i])|1]) + msg[i+1:]
}

func TestSignRefuses(t *testing.T) {
	signer, _ := keys(t)
	for name, s := range map[string]Statement{
		"zero value":             {},
		"no nonce":               set(func(s *Statement) { s.Nonce = [32]byte{} }),
		"short request":          set(func(s *Statement) { s.Request = "abc" }),
		"long request":           set(func(s *Statement) { s.Request = strings.Repeat("a", 65) }),
		"request with slash":     set(func(s *Statement) { s.Request = "0123456789abcde/" }),
		"no account":             set(func(s *Statement) { s.Account = "" }),
		"account with newline":   set(func(s *Statement) { s.Account = "a\nb" }),
		"account with tab":       set(func(s *Statement) { s.Account = "a\tb" }),
		"account with NUL":       set(func(s *Statement) { s.Account = "a\x00b" }),
		"account too long":       set(func(s *Statement) { s.Account = strings.Repeat("a", maxAccount+1) }),
		"account starts blank":   set(func(s *Statement) { s.Account = " a" }),
		"holder with newline":    set(func(s *Statement) { s.Holder = "Иванов\ncontrol: 1" }),
		"holder with U+2028":     set(func(s *Statement) { s.Holder = "Иванов\u2028x" }),
		"holder with U+0085":     set(func(s *Statement) { s.Holder = "Иванов\u0085x" }),
		"holder zero-width":      set(func(s *Statement) { s.Holder = "Ива\u200bнов" }),
		"holder Hangul filler":   set(func(s *Statement) { s.Holder = "Иванов\u3164control: 1" }),
		"holder joiner":          set(func(s *Statement) { s.Holder = "Ива\u034fнов" }),
		"holder variation":       set(func(s *Statement) { s.Holder = "Иванов\ufe0f" }),
		"account empty Braille":  set(func(s *Statement) { s.Account = "a\u2800b" }),
		"holder no-break space":  set(func(s *Statement) { s.Holder = "Иван\u00a0Иванов" }),
		"holder double space":    set(func(s *Statement) { s.Holder = "Иван  Иванов" }),
		"holder broken UTF-8":    set(func(s *Statement) { s.Holder = "Иван\xff" }),
		"holder too long":        set(func(s *Statement) { s.Holder = strings.Repeat("я", maxHolder/2+1) }),
		"three-digit code":       set(func(s *Statement) { s.ControlCode = "123" }),
		"code of other digits":   set(func(s *Statement) { s.ControlCode = "１" + "1" }),
		"no SNILS":               set(func(s *Statement) { s.SNILS = "" }),
		"formatted SNILS":        set(func(s *Statement) { s.SNILS = "112-233-445 95" }),
		"SNILS and OGRN":         set(func(s *Statement) { s.OGRN = "1027700132195" }),
		"organisation by SNILS":  set(func(s *Statement) { s.Purpose = ConfirmOrganisation }),
		"organisation with both": set(func(s *Statement) { s.Purpose = ConfirmOrganisation; s.OGRN = "1027700132195" }),
		"fraction of a second":   set(func(s *Statement) { s.Issued = s.Issued.Add(1) }),
		"no time":                set(func(s *Statement) { s.Issued, s.Expires = time.Time{}, time.Time{} }),
		"no life":                set(func(s *Statement) { s.Expires = s.Issued }),
		"life too long":          set(func(s *Statement) { s.Expires = s.Expires.Add(time.Second) }),
	} {
		msg, err := Sign(s, signer)
		wantCode(t, name, err, codeMalformed)
		if msg != nil {
			t.Errorf("%s: written", name)
		}
	}
}

func TestOrigin(t *testing.T) {
	for s, want := range map[string]bool{
		"https://portal.example": true, "https://portal.example:8443": true, "https://xn--80akhbyknj4f.xn--p1ai": true,
		"http://127.0.0.1:8080": true, "http://localhost:8080": true, "http://[::1]:8080": true, "https://[2001:db8::1]": true, "https://192.0.2.1": true,
		"http://portal.example": false, "https://portal.example/": false, "https://portal.example/x": false, "https://Portal.example": false,
		"https://portal.example:443": false, "http://localhost:80": false, "https://portal.example:": false, "https://portal.example:0443": false,
		"https://portal.example:99999": false, "https://user@portal.example": false, "https://portal.example?x": false, "https://portal.example#": false,
		"https://портал.рф": false, "ftp://portal.example": false, "javascript:alert": false, "//portal.example": false, "portal.example": false, "": false,
		"https://": false, "https://.example": false, "https://portal.example.": false, "https://a..b": false, "https://[::1": false, "https://[0:0:0:0:0:0:0:1]": false,
		"https://[127.0.0.1]": false, "http://127.0.0.1.evil.example": false, "http://localhost.evil.example": false, "https://[portal]": false, "https://::1": false,
		"https://" + strings.Repeat("a", 256): false,
	} {
		if got := IsOrigin(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}

func TestCheck(t *testing.T) {
	const origin, request = "https://portal.example", "0123456789abcdef_-AZ"
	start := at(issued)
	for name, r := range map[string]struct {
		origin, request string
		purpose         Purpose
		now             time.Time
		code            string
	}{
		"at once":           {origin, request, ConfirmIdentity, start, ""},
		"last second":       {origin, request, ConfirmIdentity, start.Add(Life - 1), ""},
		"clock behind":      {origin, request, ConfirmIdentity, start.Add(-Skew), ""},
		"clock far behind":  {origin, request, ConfirmIdentity, start.Add(-Skew - 1), codeEarly},
		"over":              {origin, request, ConfirmIdentity, start.Add(Life), codeExpired},
		"other portal":      {"https://evil.example", request, ConfirmIdentity, start, codeOrigin},
		"other port":        {origin + ":8443", request, ConfirmIdentity, start, codeOrigin},
		"other request":     {origin, "0123456789abcdef_-AY", ConfirmIdentity, start, codeRequest},
		"no request":        {origin, "", ConfirmIdentity, start, codeRequest},
		"other purpose":     {origin, request, ConfirmOrganisation, start, codePurpose},
		"portal goes first": {"https://evil.example", "x", ConfirmOrganisation, start.Add(Life), codeOrigin},
	} {
		wantCode(t, name, sample.Check(r.origin, r.request, r.purpose, r.now), r.code)
	}
}

func TestKeys(t *testing.T) {
	for _, name := range []string{"", "a b", "a+b"} {
		if _, _, err := GenerateKey(name); err == nil {
			t.Errorf("%q: a key with that name was made", name)
		}
	}
	_, public, err := GenerateKey("portal.example")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewSigner(public); err == nil {
		t.Error("a public key signs")
	}
	if _, err := NewVerifier("portal.example+00000000+AAAA"); err == nil {
		t.Error("a broken key verifies")
	}
	e := &Error{Code: codeForged, Reason: "r", Cause: errors.New("c")}
	if e.Error() != "statement.forged: r: c" || !errors.Is(e, &Error{Code: codeForged}) || errors.Is(e, &Error{Code: codeEarly}) {
		t.Error(e)
	}
}

// FuzzOpen signs whatever text comes with the right key: what opens must be
// exactly what Sign writes.
func FuzzOpen(f *testing.F) {
	signer, verifier := keys(f)
	f.Add(wantText)
	f.Add(firm.text())
	f.Add("zaver.statement/v1\n\n\n\n\n\n\n\n\n\n\n\n\n\n")
	f.Add(wantText + "\n— portal.example AAAA\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, msg := range [][]byte{[]byte(text), signed(text, signer)} {
			s, err := Open(msg, verifier)
			if err != nil {
				var e *Error
				if !errors.As(err, &e) {
					t.Fatalf("untyped error %v", err)
				}
				continue
			}
			again, err := Sign(s, signer)
			if err != nil || string(again) != string(msg) {
				t.Fatalf("not the bytes that Sign writes: %v\n%q\n%q", err, msg, again)
			}
		}
	})
}

func signed(text string, signer note.Signer) []byte {
	msg, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		return nil
	}
	return msg
}

// TestFieldBoundaries moves what ends one field to the beginning of the next: what Sign still writes is another text, which opens as what was signed and as
// nothing else; values that carry the next field's name along are not written at all.
func TestFieldBoundaries(t *testing.T) {
	signer, verifier := keys(t)
	write := func(s Statement) string {
		b, err := Sign(s, signer)
		if err != nil {
			wantCode(t, "refused", err, codeMalformed)
			return ""
		}
		got, err := Open(b, verifier)
		if d := cmp.Diff(s, got); err != nil || d != "" {
			t.Errorf("%v, read as another:\n%s", err, d)
		}
		return string(b)
	}
	good := write(sample)
	seen := map[string]string{good: "the good one"}
	for name, s := range map[string]Statement{
		"account to holder": set(func(s *Statement) {
			s.Account, s.Holder = s.Account[:len(s.Account)-2], s.Account[len(s.Account)-2:]+s.Holder
		}),
		"holder to account":   set(func(s *Statement) { s.Account, s.Holder = s.Account+" Семёнова-Тян", "Анна Мария" }),
		"request to origin":   set(func(s *Statement) { s.Origin, s.Request = s.Origin+":8", s.Request[1:] }),
		"origin to request":   set(func(s *Statement) { s.Origin, s.Request = "https://portal.exampl", "e"+s.Request }),
		"request to nonce":    set(func(s *Statement) { s.Request, s.Nonce[0] = s.Request[:len(s.Request)-1], 'Z' }),
		"nonce, other end":    set(func(s *Statement) { s.Nonce[0], s.Nonce[31] = s.Nonce[31], s.Nonce[0] }),
		"times exchanged":     set(func(s *Statement) { s.Issued, s.Expires = s.Expires, s.Issued }),
		"code to account":     set(func(s *Statement) { s.Account, s.ControlCode = s.Account+"0", "417" }),
		"account with holder": set(func(s *Statement) { s.Account = s.Account + "\nholder: Иванов" }),
		"holder with SNILS":   set(func(s *Statement) { s.Holder = s.Holder + "\nsnils: 112-233-445 95" }),
		"holder with code":    set(func(s *Statement) { s.Holder = "X\ncontrol: 0000\n\nЯ, X" }),
		"account ends early":  set(func(s *Statement) { s.Account = "a\x00b" }),
	} {
		text := write(s)
		if text == "" {
			continue
		}
		if other := seen[text]; other != "" {
			t.Errorf("%s and %s are the same bytes", name, other)
		}
		seen[text] = name
	}
	if len(seen) < 6 {
		t.Errorf("only %d of them were written", len(seen))
	}
	for _, name := range []string{"account with holder", "holder with SNILS", "holder with code", "account ends early", "times exchanged", "code to account"} {
		for _, written := range seen {
			if written == name {
				t.Errorf("%s was written", name)
			}
		}
	}
}

// set is the sample with a change.
func set(change func(*Statement)) Statement {
	s := sample
	change(&s)
	return s
}
