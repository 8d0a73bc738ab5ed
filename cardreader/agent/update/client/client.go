// SPDX-License-Identifier: Apache-2.0

// Package client alone owns how a newer agent is found and fetched: the workflow of a client of The Update Framework (specification 1.0.31,
// section 5) over https, what is remembered between runs, and which package is for this system.
//
// Signatures, thresholds, versions and expiry are judged by go-tuf's trusted set. Its ready-made updater is not used: it would begin each run
// with the root that was shipped, so that a mirror which hides newer roots could bring a revoked key back. Here a run begins with the newest
// root that was ever accepted, and all that a run accepted is remembered in one file, written at once.
//
// Everything from outside is bounded in bytes and time. Nothing that was refused is remembered, and no file has its name before its length and
// hash were found right. One Client belongs to one goroutine; two processes on one state folder must be kept apart by a lock.
package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"zaver/cardreader/agent/update"
)

// Limits bound what comes from outside. The zero value of each means the default.
type Limits struct {
	Metadata time.Duration // one file of metadata, whole (30 s)
	Stall    time.Duration // without a byte of the package (30 s)
	Package  time.Duration // the package, whole (30 min)
}

// Config is what a Client needs.
type Config struct {
	URL       string // of the folder with the metadata; https, or http on a loopback address
	Root      []byte // the root that came with the package
	State     string // the folder that remembers; made when absent, mode 0700
	Installed string // the version that is installed, of the form 1.2.3
	OS, Arch  string // as runtime.GOOS and GOARCH
	Kind      string // update.Deb or update.RPM

	Transport http.RoundTripper // nil: a careful one of its own
	Now       func() time.Time  // nil: time.Now
	Limits    Limits
}

// Client finds and fetches packages.
type Client struct {
	cfg  Config
	base *url.URL
	http *http.Client
}

// New makes a Client. Errors have CodeVersion, CodeRoot or CodeInsecure.
func New(c Config) (*Client, error) {
	if !update.ValidVersion(c.Installed) {
		return nil, update.Fail(update.CodeVersion, fmt.Errorf("installed version %q", c.Installed))
	}
	if err := CheckRoot(c.Root); err != nil {
		return nil, update.Fail(update.CodeRoot, err)
	}
	base, err := baseURL(c.URL)
	if err != nil {
		return nil, update.Fail(update.CodeInsecure, err)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	for _, d := range []struct {
		limit *time.Duration
		usual time.Duration
	}{{&c.Limits.Metadata, 30 * time.Second}, {&c.Limits.Stall, 30 * time.Second}, {&c.Limits.Package, 30 * time.Minute}} {
		if *d.limit <= 0 {
			*d.limit = d.usual
		}
	}
	return &Client{cfg: c, base: base, http: newHTTP(c.Transport, base)}, nil
}

// Release is a package that the publisher signed.
type Release struct {
	update.Custom
	File   string // its name
	Length int64  // bytes
	sha256 []byte
}

// Found is what a check saw.
type Found struct {
	Installed string
	Newest    Release   // for this system; may be what is installed, or older
	Newer     bool      // Newest comes after what is installed
	Checked   time.Time // by this computer's clock
	Expires   time.Time // of the freshness of the metadata
}

// Check asks the server, judges what it says, and remembers it. Errors are *update.Error; what was remembered before stays as it was, but for
// newer roots, which are remembered as soon as they are accepted.
func (c *Client) Check(ctx context.Context) (Found, error) {
	s, err := openStore(c.cfg.State)
	if err != nil {
		return Found{}, err
	}
	now := c.cfg.Now().UTC().Truncate(time.Second)
	set, err := c.refresh(ctx, s, now)
	if err != nil {
		return Found{}, err
	}
	newest, err := choose(set, c.cfg)
	if err != nil {
		return Found{}, err
	}
	f := Found{Installed: c.cfg.Installed, Newest: newest, Newer: update.Newer(newest.Version, c.cfg.Installed), Checked: now, Expires: freshUntil(set)}
	seen := update.Seen{Checked: f.Checked, Expires: f.Expires, Newest: newest.Version}
	if err := update.WriteSeen(c.cfg.State, seen); err != nil {
		return Found{}, update.Fail(update.CodeDisk, err)
	}
	return f, nil
}
