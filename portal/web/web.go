// SPDX-License-Identifier: Apache-2.0

// Package web owns what a person sees in the browser: page templates, styles,
// scripts, and the values that fill them. It knows no routes, no services and
// no store; package httpapi fills a Page and asks for it to be rendered.
//
// Everything is embedded. Pages need no inline script or style, so that a
// strict content security policy holds. Pages is read-only after New and safe
// for concurrent use.
package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"path"
	"strings"

	"zaver/portal/text"
)

//go:embed templates/*.html templates/parts/*.html
var templates embed.FS

// Pages renders pages.
type Pages struct {
	catalogue *text.Catalogue
	byName    map[string]*template.Template
}

// New parses every template. It fails when one is malformed.
func New(catalogue *text.Catalogue) (*Pages, error) {
	base, err := template.New("base").Funcs(template.FuncMap{"asset": AssetPath}).ParseFS(templates, "templates/parts/*.html")
	if err != nil {
		return nil, fmt.Errorf("parse page parts: %w", err)
	}
	files, err := fs.Glob(templates, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("list page templates: %w", err)
	}
	p := &Pages{catalogue: catalogue, byName: make(map[string]*template.Template, len(files))}
	for _, file := range files {
		t, err := base.Clone()
		if err != nil {
			return nil, fmt.Errorf("clone page parts: %w", err)
		}
		if _, err := t.ParseFS(templates, file); err != nil {
			return nil, fmt.Errorf("parse page: %w", err)
		}
		p.byName[strings.TrimSuffix(path.Base(file), ".html")] = t
	}
	return p, nil
}

// Names lists the pages.
func (p *Pages) Names() []string {
	names := make([]string, 0, len(p.byName))
	for name := range p.byName {
		names = append(names, name)
	}
	return names
}

// Render writes the page to w. Nothing is written when the page can't be
// rendered.
func (p *Pages) Render(w io.Writer, page Page) error {
	return p.RenderPart(w, page, "layout")
}

// RenderPart writes one named part of the page to w, for a script to put in
// place. Nothing is written when it can't be rendered.
func (p *Pages) RenderPart(w io.Writer, page Page, part string) error {
	t, ok := p.byName[page.Name]
	if !ok {
		return fmt.Errorf("render page: no page %q", page.Name)
	}
	if page.Form == nil {
		page.Form = &Form{}
	}
	var buf bytes.Buffer
	if err := t.ExecuteTemplate(&buf, part, view{Page: page, catalogue: p.catalogue}); err != nil {
		return fmt.Errorf("render page %s: %w", page.Name, err)
	}
	if _, err := buf.WriteTo(w); err != nil {
		return fmt.Errorf("write page %s: %w", page.Name, err)
	}
	return nil
}
