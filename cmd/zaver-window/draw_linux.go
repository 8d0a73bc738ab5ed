// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package main

// #include <stdlib.h>
// #include "window.h"
import "C"

import (
	"strings"
	"unsafe"

	"zaver/cardreader/agent/window"
)

// with lends strings to C for the time of a call.
func with(f func(s []*C.char), texts ...string) {
	lent := make([]*C.char, len(texts))
	for i, t := range texts {
		lent[i] = C.CString(t)
	}
	f(lent)
	for _, s := range lent {
		C.free(unsafe.Pointer(s))
	}
}

func flag(b bool) C.int {
	if b {
		return 1
	}
	return 0
}

func build(f *window.Form) {
	with(func(s []*C.char) { C.zw_new(s[0], s[1]) }, f.Title, f.Heading)
	for _, x := range f.Facts {
		with(func(s []*C.char) { C.zw_fact(s[0], s[1], flag(x.Strong)) }, x.Label, x.Value)
	}
	with(func(s []*C.char) { C.zw_code(s[0], s[1], s[2]) }, f.Code.Label, f.Code.Value, f.Code.Spoken)
	with(func(s []*C.char) { C.zw_words(s[0], s[1], s[2], s[3], s[4]) }, f.Choose, f.Hint, f.Sign, f.Decline, f.Close)
	showProgress(&f.Progress)
	C.zw_show()
}

func showRows(rows []window.Row) {
	C.zw_rows_begin()
	for i, r := range rows {
		spoken := ""
		for _, l := range r.Lines {
			spoken += l + ". "
		}
		spoken += r.Note
		with(func(s []*C.char) { C.zw_row(C.int(i), s[0], s[1], flag(r.Usable), flag(r.Chosen)) }, r.Title, spoken)
		for _, l := range r.Lines {
			with(func(s []*C.char) { C.zw_row_line(s[0], 0) }, l)
		}
		if r.Note != "" {
			with(func(s []*C.char) { C.zw_row_line(s[0], 1) }, r.Note)
		}
	}
	C.zw_rows_end()
}

func showProgress(p *window.Progress) {
	with(func(s []*C.char) { C.zw_progress(s[0], s[1], flag(p.Final)) }, p.Text, p.Detail)
	if p.Seconds > 0 {
		before, behind, _ := strings.Cut(p.Countdown, window.Left)
		with(func(s []*C.char) { C.zw_countdown(s[0], s[1], C.int(p.Seconds)) }, before, behind)
	}
}

func showResult(r *window.Result) {
	with(func(s []*C.char) { C.zw_result(s[0], flag(r.Tone == window.Good)) }, r.Text)
	for _, l := range r.Lines {
		with(func(s []*C.char) { C.zw_result_line(s[0]) }, l)
	}
	C.zw_result_end(C.int(r.Stay))
}
