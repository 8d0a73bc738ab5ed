// SPDX-License-Identifier: Apache-2.0

package terminal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/pinentry"
	"zaver/cardreader/agent/words"
	"zaver/cardreader/card"
	"zaver/signature/pin"
)

// Holder is what a card says of its holder, as `card read --json` prints it. What the card does not carry is left out.
type Holder struct {
	FullName      string `json:"full_name,omitempty"`
	Surname       string `json:"surname,omitempty"`
	Given         string `json:"given,omitempty"`
	Patronymic    string `json:"patronymic,omitempty"`
	BirthDate     string `json:"birth_date,omitempty"` // "2006-01-02"
	BirthPlace    string `json:"birth_place,omitempty"`
	Sex           int    `json:"sex,omitempty"` // ISO/IEC 5218: 1 male, 2 female
	SNILS         string `json:"snils,omitempty"`
	INN           string `json:"inn,omitempty"`
	Policy        string `json:"policy,omitempty"`
	Address       string `json:"address,omitempty"`
	Phone         string `json:"phone,omitempty"`
	Email         string `json:"email,omitempty"`
	IssuerAddress string `json:"issuer_address,omitempty"`
	PhotoBytes    int    `json:"photo_bytes,omitempty"`
	PhotoFile     string `json:"photo_file,omitempty"` // where --photo wrote it
}

// DescribeHolder returns what is said of the holder.
func DescribeHolder(h *card.HolderData) Holder {
	out := Holder{FullName: h.FullName, Surname: h.Name.Surname, Given: h.Name.Given, Patronymic: h.Name.Patronymic, BirthPlace: h.BirthPlace,
		Sex: h.Sex, INN: h.INN, Policy: h.Policy, Address: h.Address, Phone: h.Phone, Email: h.Email, IssuerAddress: h.IssuerAddress, PhotoBytes: len(h.Photo)}
	if h.SNILS != "" {
		out.SNILS = h.SNILS.Formatted()
	}
	if !h.BirthDate.IsZero() {
		out.BirthDate = h.BirthDate.Format(time.DateOnly)
	}
	return out
}

// HolderTable is the table of what is known of the holder.
func HolderTable(l words.Language, h Holder) *Table {
	sex := map[int]key{1: sayMale, 2: sayFemale}[h.Sex]
	photo := ""
	if h.PhotoBytes > 0 {
		photo = say(l, sayBytes, "n", fmt.Sprint(h.PhotoBytes))
	}
	if h.PhotoFile != "" {
		photo += ", " + h.PhotoFile
	}
	t := &Table{}
	for _, r := range []struct {
		label key
		value string
	}{{saySurname, h.Surname}, {sayGiven, h.Given}, {sayPatronymic, h.Patronymic}, {sayFullName, h.FullName}, {sayBirthDate, h.BirthDate},
		{sayBirthPlace, h.BirthPlace}, {saySex, say(l, sex)}, {saySNILS, h.SNILS}, {sayINN, h.INN}, {sayPolicy, h.Policy}, {sayAddress, h.Address},
		{sayPhone, h.Phone}, {sayEmail, h.Email}, {sayIssuerAddress, h.IssuerAddress}, {sayPhoto, photo}} {
		if r.value != "" {
			t.Row(say(l, r.label), r.value)
		}
	}
	return t
}

// HolderReader reads the holder's data under a PIN; *cards.Source is one.
type HolderReader interface {
	HolderPINs(ctx context.Context) ([]agent.PINState, error)
	ReadHolder(ctx context.Context, s agent.PINState, p *pin.PIN) (*card.HolderData, error)
}

// mostTries bounds one reading: a card that counts no tries ends it, too.
const mostTries = 5

// ReadHolder asks the PIN and reads the holder's data, again after a wrong PIN. The last try needs an extra yes. Errors: agent.Error with
// CodeDeclined, *pin.Error, *card.Error, ctx.Err() when ctx ended.
func ReadHolder(ctx context.Context, r HolderReader, s agent.PINState, dialogs agent.Dialogs, l words.Language) (*card.HolderData, error) {
	said := ""
	for range mostTries {
		if err := mayTry(ctx, s, dialogs, l); err != nil {
			return nil, err
		}
		h, err := readOnce(ctx, r, s, dialogs, l, said)
		var refused *pin.Error
		switch {
		case agent.CodeOf(err) == agent.CodeLastTry:
			s.Tries = pin.Left(1)
		case errors.As(err, &refused) && refused.Reason == pin.ReasonWrong && !refused.Tries.Blocked():
			s.Tries, said = refused.Tries, say(l, sayWrongPIN)
		case errors.As(err, &refused) && refused.Reason == pin.ReasonFormat:
			said = say(l, sayWrongForm)
		case ctx.Err() != nil && errors.Is(err, ctx.Err()): // what a card makes of being called off is no fault of it
			return nil, ctx.Err()
		default:
			return h, err
		}
	}
	return nil, &agent.Error{ErrorCode: agent.CodeDeclined, Cause: errors.New("too many tries in one go")}
}

// mayTry asks for a yes before the last try.
func mayTry(ctx context.Context, s agent.PINState, dialogs agent.Dialogs, l words.Language) error {
	if s.Tries.Blocked() {
		return &pin.Error{Reason: pin.ReasonBlocked, Tries: s.Tries, Ref: s.Name}
	}
	if n, known := s.Tries.Count(); !known || n != 1 {
		return nil
	}
	text := say(l, sayLastTry, "pin", words.PINName(l, s.Name))
	answer, err := dialogs.Confirm(ctx, pinentry.Dialog{Title: words.Say(l, words.Title), Text: text, Hasty: words.Say(l, words.TooSoon) + "\n\n" + text,
		OK: words.Say(l, words.ButtonLast), Cancel: words.Say(l, words.ButtonStop)})
	if err != nil {
		return dialogError(ctx, err)
	}
	if answer != pinentry.Yes {
		return &agent.Error{ErrorCode: agent.CodeDeclined, Cause: errors.New("no further try was risked")}
	}
	return nil
}

func readOnce(ctx context.Context, r HolderReader, s agent.PINState, dialogs agent.Dialogs, l words.Language, said string) (*card.HolderData, error) {
	text := say(l, sayAskHolder, "pin", words.PINName(l, s.Name), "carrier", words.Clean(s.Titles[l], 60))
	if n, known := s.Tries.Count(); known {
		text += "\n" + say(l, sayTries, "n", fmt.Sprint(n))
	}
	p, err := dialogs.PIN(ctx, pinentry.Dialog{Title: words.Say(l, words.Title), Text: text, Error: said, Prompt: words.Say(l, words.PINPrompt),
		OK: words.Say(l, words.ButtonOK), Cancel: words.Say(l, words.ButtonStop)})
	if err != nil {
		return nil, dialogError(ctx, err)
	}
	defer p.Wipe()
	return r.ReadHolder(ctx, s, p)
}

// dialogError gives a dialog's failure its code.
func dialogError(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, pinentry.ErrCancelled):
		return &agent.Error{ErrorCode: agent.CodeDeclined, Cause: err}
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, pinentry.ErrTimeout):
		return &agent.Error{ErrorCode: agent.CodeTimeout, Cause: err}
	}
	return &agent.Error{ErrorCode: agent.CodePinentry, Cause: err}
}
