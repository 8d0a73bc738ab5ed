// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The help and docs/verify.md name the same options, all of which exist.
func TestDocumentedOptions(t *testing.T) {
	doc, err := os.ReadFile("../../../docs/verify.md")
	if err != nil {
		t.Fatal(err)
	}
	options := func(s string) []string {
		list := regexp.MustCompile(`--[a-z]+(-[a-z]+)*`).FindAllString(s, -1)
		slices.Sort(list)
		return slices.Compact(list)
	}
	help, told := options(Usage), options(string(doc))
	if !slices.Equal(help, told) {
		t.Errorf("help has %v\nthe document %v", help, told)
	}
	for _, o := range help {
		var r Request
		name := strings.TrimPrefix(o, "--")
		if r.list(name) == nil && r.single(name, &Options{}) == nil && r.flag(name, &Options{}) == nil {
			t.Errorf("%s does not exist", o)
		}
	}
	for f := range reflect.TypeFor[Request]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !strings.Contains(string(doc), "`"+name+"`") {
			t.Errorf("field %s of a batch is not documented", name)
		}
	}
	for _, code := range Codes() {
		if strings.HasPrefix(code, "input.") && code != codeForm && !strings.Contains(string(doc), code) {
			t.Errorf("%s is not documented", code)
		}
	}
	for _, line := range []string{"0 valid, 1 not valid, 2 not decidable", "3 bad usage"} {
		if !strings.Contains(Usage, line) {
			t.Errorf("the help does not say %q", line)
		}
	}
}
