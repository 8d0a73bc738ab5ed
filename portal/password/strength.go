// SPDX-License-Identifier: Apache-2.0

package password

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/trustelem/zxcvbn"
	"github.com/trustelem/zxcvbn/match"

	"zaver/portal/fault"
)

// Why a password is refused.
const (
	Short    fault.Code = "password.short"    // fewer than MinRunes characters
	Long     fault.Code = "password.long"     // more than MaxRunes characters
	Leaked   fault.Code = "password.leaked"   // among those that everyone tries first
	OwnData  fault.Code = "password.own_data" // guessed from the holder's own data
	Weak     fault.Code = "password.weak"     // guessed too soon
	Differs  fault.Code = "password.differs"  // typed differently the second time
	maxBytes            = 1024
)

// Codes lists the faults of this package.
func Codes() []fault.Code { return []fault.Code{Short, Long, Leaked, OwnData, Weak, Differs} }

// Length of a password in characters, and the part of a long one that its
// strength is judged by: judging takes time that grows with the square.
const (
	MinRunes    = 8
	MaxRunes    = 128
	judgedRunes = 32
)

// enough is the score of zxcvbn (0-4) that a password must have: 3 stands for
// more than 10^8 guesses.
const enough = 3

// Strength judges a password by the number of guesses that find it (zxcvbn).
// own is what a stranger may know of the holder: names, phone, e-mail. Russian
// words typed on either keyboard layout are judged by the keys that they lie
// on, since leaked lists hold them so. The score is 0 to 4; the error is a
// *fault.Error that says why the password is refused.
func Strength(password string, own []string) (score int, err error) {
	n := utf8.RuneCountInString(password)
	switch {
	case !utf8.ValidString(password), n > MaxRunes, len(password) > maxBytes:
		return 0, fault.New(Long).With("Max", MaxRunes)
	case n < MinRunes:
		return 0, fault.New(Short).With("Min", MinRunes)
	}
	if n > judgedRunes {
		password = string([]rune(password)[:judgedRunes])
	}
	typed, words := keys(password), guesses(own)
	if restOf(typed, words) < MinRunes {
		return 0, fault.New(OwnData)
	}
	if known := zxcvbn.PasswordStrength(typed, words); known.Score >= enough {
		return known.Score, nil
	}
	// Too weak: say whether that is for the holder's own words.
	result := zxcvbn.PasswordStrength(typed, nil)
	switch {
	case leaked(result.Sequence, typed):
		return 0, fault.New(Leaked)
	case result.Score >= enough:
		return enough - 1, fault.New(OwnData)
	default:
		return result.Score, fault.New(Weak)
	}
}

// restOf counts the characters that are left of a password without the
// holder's own words: the estimate by guesses is kind to two of them in a row.
func restOf(typed string, words []string) int {
	rest := strings.ToLower(typed)
	for _, w := range words {
		rest = strings.ReplaceAll(rest, w, "")
	}
	return utf8.RuneCountInString(rest)
}

// leaked reports whether the whole password is one entry of the list of
// leaked ones, be it with capitals, reversed or with signs for letters.
func leaked(sequence []*match.Match, typed string) bool {
	return len(sequence) == 1 && sequence[0].Pattern == "dictionary" && sequence[0].DictionaryName == "passwords" && sequence[0].Token == typed
}

// guesses are the forms in which own data turn up in passwords: as typed, on
// the other keyboard layout, and in Latin letters.
func guesses(own []string) []string {
	var words []string
	for _, s := range own {
		for _, w := range strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return strings.ContainsRune(" -@.+'’", r) }) {
			for _, form := range []string{w, keys(w), latin(w)} {
				if utf8.RuneCountInString(form) >= 3 {
					words = append(words, form)
				}
			}
		}
	}
	slices.SortFunc(words, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return slices.Compact(words)
}

var (
	layout = pairs("йцукенгшщзхъфывапролджэячсмитьбюё", "qwertyuiop[]asdfghjkl;'zxcvbnm,.`")
	upper  = pairs("ЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭЯЧСМИТЬБЮЁ", "QWERTYUIOP{}ASDFGHJKL:\"ZXCVBNM<>~")
	letter = strings.NewReplacer("а", "a", "б", "b", "в", "v", "г", "g", "д", "d", "е", "e", "ё", "e", "ж", "zh", "з", "z",
		"и", "i", "й", "i", "к", "k", "л", "l", "м", "m", "н", "n", "о", "o", "п", "p", "р", "r", "с", "s", "т", "t", "у", "u", "ф", "f",
		"х", "kh", "ц", "ts", "ч", "ch", "ш", "sh", "щ", "shch", "ъ", "", "ы", "y", "ь", "", "э", "e", "ю", "iu", "я", "ia")
)

func pairs(from, to string) map[rune]rune {
	m := make(map[rune]rune, len(to))
	f, t := []rune(from), []rune(to)
	for i, r := range f {
		m[r] = t[i]
	}
	return m
}

// keys is what the same keys give on a Latin layout.
func keys(s string) string {
	return strings.Map(func(r rune) rune {
		if l, ok := layout[r]; ok {
			return l
		}
		if u, ok := upper[r]; ok {
			return u
		}
		return r
	}, s)
}

// latin is the word in Latin letters by the rule of foreign passports (ICAO Doc 9303 part 3).
func latin(s string) string { return letter.Replace(s) }
