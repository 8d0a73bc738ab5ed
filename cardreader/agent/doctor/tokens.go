// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	"zaver/cardreader/agent"
	"zaver/signature/pin"
	"zaver/signature/token"
)

// tokens looks at the drivers and at what is on the tokens.
func (u *checkup) tokens(ctx context.Context) {
	if u.cfg.Tokens == nil || u.cfg.Method == agent.MethodUEC {
		u.skip(AreaModule, AreaToken)
		return
	}
	modules := u.cfg.Tokens.Modules()
	u.count(func(e *Equipment) { e.Modules = len(modules) })
	problems := u.cfg.Tokens.ListEach(ctx, func(l token.Listing) {
		if l.Err != nil {
			u.moduleFault(l.Module, l.Err)
		}
		for _, t := range l.Tokens {
			u.token(t)
		}
	})
	for _, p := range problems {
		u.moduleFault(p.Module, p.Err)
	}
	switch {
	case len(modules) == 0 && len(problems) == 0:
		u.add(Fault, CodeModuleNone, "")
		u.skip(AreaToken)
	case !u.spoken(AreaToken) && u.found() == 0 && !u.spoken(AreaModule):
		u.add(Fault, CodeTokenNone, strings.Join(modules, ", "))
	case !u.spoken(AreaToken) && u.found() == 0:
		u.skip(AreaToken) // the broken driver may hide one
	}
	u.well(AreaModule, strings.Join(modules, ", "))
	u.well(AreaToken, "")
}

func (u *checkup) found() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.equipment.Tokens
}

var moduleCodes = map[string]string{token.CodeCrashed: CodeModuleCrashed, token.CodeHung: CodeModuleHung, token.CodeSlow: CodeModuleHung}

// moduleFault names what is wrong with a driver. What the loader's message only hints at is read from the file itself.
func (u *checkup) moduleFault(path string, err error) {
	code, detail := CodeModuleFailed, path+": "+err.Error()
	var coded *token.Error
	if errors.As(err, &coded) && moduleCodes[coded.Code] != "" {
		code = moduleCodes[coded.Code]
	}
	switch {
	case coded != nil && coded.Code == token.CodeCryptoPro:
		u.add(Fault, CodeTokenCryptoPro, path)
		return
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		code = CodeModuleHung
	case errors.Is(err, fs.ErrNotExist):
		code = CodeModuleMissing
	case errors.Is(err, token.ErrExposed):
		code = CodeModuleExposed
	case code == CodeModuleFailed:
		found := u.inspect(path)
		if found.code != "" {
			u.add(Fault, found.code, path+": "+found.detail, number("n", found.count))
			return
		}
	}
	u.add(Fault, code, detail)
}

// token reports on one token and on every certificate of it.
func (u *checkup) token(t token.Token) {
	u.count(func(e *Equipment) { e.Tokens++ })
	where := t.Label
	if where == "" {
		where = t.Model
	}
	switch t.Problem {
	case "":
	case pin.ReasonBlocked:
		u.add(Fault, CodeTokenLocked, where)
	case pin.ReasonNotInitialised:
		u.add(Fault, CodeTokenNotInitialised, where)
	case pin.ReasonMustChange:
		u.add(Fault, CodeTokenMustChange, where)
	}
	switch n, known := t.Tries.Count(); {
	case t.Problem != "":
	case known && n == 1:
		u.add(Warning, CodeTokenFinalTry, where)
	case t.CountLow:
		u.add(Warning, CodeTokenCountLow, where)
	}
	certificates := 0
	for _, c := range t.Credentials {
		switch c.Reason {
		case token.ReasonNoCertificate:
		case token.CodeCryptoPro:
			certificates++
			u.add(Fault, CodeTokenCryptoPro, where)
		default:
			certificates++
			u.certificate(where, c.Certificate, strings.TrimPrefix(c.Reason, "token."), t.Problem == "")
		}
	}
	if certificates == 0 && t.Problem != pin.ReasonNotInitialised {
		u.add(Fault, CodeTokenNoCertificate, where)
	}
}
