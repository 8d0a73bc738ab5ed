// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"bytes"
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// bill writes what the shipped programs were built from, read out of the programs themselves: a module that is in go.mod
// but not in a program is not in the bill.
func (b *build) bill(context.Context) ([]string, error) {
	doc := cdx.NewBOM()
	modules := map[string]cdx.Component{}
	var programs []cdx.Component
	var toolchain string
	for _, p := range shipped {
		path := filepath.Join(b.tree, p.path)
		info, err := buildinfo.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", p.path, err)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(content)
		toolchain = info.GoVersion
		programs = append(programs, cdx.Component{Type: cdx.ComponentTypeFile, BOMRef: "/" + p.path, Name: "/" + p.path, Version: b.Version,
			Hashes: &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(sum[:])}}})
		for _, m := range info.Deps {
			if m.Replace != nil {
				m = m.Replace
			}
			purl := "pkg:golang/" + m.Path + "@" + m.Version
			modules[purl] = cdx.Component{Type: cdx.ComponentTypeLibrary, BOMRef: purl, Name: m.Path, Version: m.Version, PackageURL: purl}
		}
	}
	std := "pkg:golang/std@" + strings.TrimPrefix(toolchain, "go")
	modules[std] = cdx.Component{Type: cdx.ComponentTypeLibrary, BOMRef: std, Name: "std", Version: strings.TrimPrefix(toolchain, "go"), PackageURL: std}
	components := programs
	for _, ref := range sortedKeys(modules) {
		components = append(components, modules[ref])
	}
	doc.Components = &components
	doc.Metadata = &cdx.Metadata{Timestamp: b.Moment.UTC().Format(time.RFC3339),
		Component: &cdx.Component{Type: cdx.ComponentTypeApplication, BOMRef: "zaver-agent", Name: "zaver-agent", Version: b.Version,
			Licenses: &cdx.Licenses{{License: &cdx.License{ID: "Apache-2.0"}}}}}
	var out bytes.Buffer
	if err := cdx.NewBOMEncoder(&out, cdx.BOMFileFormatJSON).SetPretty(true).Encode(doc); err != nil {
		return nil, err
	}
	path := filepath.Join(b.Out, sbomFile)
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		return nil, err
	}
	return []string{path}, b.put("usr/share/doc/zaver-agent/"+sbomFile, 0o644, out.Bytes())
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
