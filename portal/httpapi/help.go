// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"zaver/portal/download"
	"zaver/portal/fault"
	"zaver/portal/web"
)

const (
	packagePrefix = "/packages/"
	packageTime   = 15 * time.Minute // 15 MB at 17 kB/s; what was cut off goes on with a range
	maxGivers     = 64
)

// Packages are the agent's install packages.
type Packages interface {
	Packages() []download.Package
	// Take opens a package; its error is download.ErrUnknown or of the disk.
	Take(name string) (download.Package, io.ReadSeekCloser, error)
}

func (s *Server) help(c echo.Context) error {
	d := web.HelpData{Agent: s.config.Agent, Origin: s.config.Origin, Key: s.config.StatementKey}
	if s.config.Packages != nil {
		for _, p := range s.config.Packages.Packages() {
			d.Packages = append(d.Packages, web.PackageView{Link: packagePrefix + p.Name, Name: p.Name, Kind: string(p.Kind), Version: p.Version,
				Arch: p.Arch, Bytes: p.Size, SHA256: p.SHA256, Command: p.Command()})
		}
	}
	return s.show(c, http.StatusOK, web.Page{Name: "help_agent", Data: d})
}

// givePackage hands a package out, whole or in ranges. Nobody need sign in for it, so the number at a time is bounded.
func (s *Server) givePackage(c echo.Context) error {
	if s.config.Packages == nil {
		return fault.New(fault.NotFound)
	}
	select {
	case s.givers <- struct{}{}:
		defer func() { <-s.givers }()
	default:
		return fault.New(fault.Busy).After(30 * time.Second)
	}
	p, content, err := s.config.Packages.Take(c.Param("name"))
	if errors.Is(err, download.ErrUnknown) {
		return fault.New(fault.NotFound)
	}
	if err != nil {
		return fmt.Errorf("hand out package: %w", err)
	}
	defer content.Close()
	h := c.Response().Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", "attachment; filename="+p.Name)
	h.Set("ETag", `"`+p.SHA256+`"`)
	h.Set("Cache-Control", "public, max-age=300")
	http.ServeContent(c.Response(), c.Request(), p.Name, time.Time{}, content)
	return nil
}
