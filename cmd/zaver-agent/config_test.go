// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// TestConfigIsInTheManual holds the manual page of the configuration against what the program reads.
func TestConfigIsInTheManual(t *testing.T) {
	page, err := os.ReadFile("../internal/delivery/files/man/zaver-agent.json.5")
	if err != nil {
		t.Fatal(err)
	}
	names := members(reflect.TypeFor[config]())
	if len(names) < 20 {
		t.Fatalf("only these members were found: %s", names)
	}
	for _, name := range names {
		if !strings.Contains(string(page), "\n.Cm "+name) && !strings.Contains(string(page), "\n.It Cm "+name+"\n") {
			t.Errorf("the page does not tell of %q", name)
		}
	}
}

// members returns the JSON names of a structure and of all that lie in it.
func members(t reflect.Type) (names []string) {
	switch t.Kind() {
	case reflect.Slice, reflect.Map, reflect.Pointer:
		return members(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			names = append(append(names, name), members(f.Type)...)
		}
	}
	return names
}
