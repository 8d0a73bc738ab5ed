// SPDX-License-Identifier: Apache-2.0

package assemble

import (
	"context"
	"crypto/sha256"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"zaver/portal/store"
	"zaver/portal/trustlist"
)

// TrustList says how the list of accredited centres is renewed.
type TrustList struct {
	// URL is where it is downloaded; empty means that lists come by command alone.
	URL string
	// Every is how often; zero means trustlist.DefaultEvery.
	Every time.Duration
	// WarnAfter is the age from which a list counts as stale; zero means trustlist.DefaultWarnAfter.
	WarnAfter time.Duration
	// Signers are pinned certificates that may sign the list, see trust.ListOptions.
	Signers [][sha256.Size]byte
	// Transport downloads; nil means the default.
	Transport http.RoundTripper
}

// NewTrustList makes the service that knows the set in force; commands use it without a portal.
func NewTrustList(c Config) (*trustlist.Service, error) {
	return trustlist.New(trustlist.Config{Store: c.Store.TrustLists(), Base: c.Trust, URL: c.TrustList.URL, Signers: c.TrustList.Signers,
		Transport: c.TrustList.Transport, WarnAfter: c.TrustList.WarnAfter, Now: c.Now, Log: c.Log})
}

// trustList makes the service, its figures and the durable job that renews the list.
func (p *Portal) trustList(c Config) (err error) {
	if p.TrustList, err = NewTrustList(c); err != nil {
		return err
	}
	if c.Metrics != nil {
		for _, g := range p.trustFigures() {
			if err := c.Metrics.Register(g); err != nil {
				return err
			}
		}
	}
	if c.TrustList.URL == "" {
		return nil
	}
	every := c.TrustList.Every
	if every == 0 {
		every = trustlist.DefaultEvery
	}
	return p.store.Jobs().Handle(store.JobTrustList, store.Handler{
		Work: func(ctx context.Context, _ store.Run) error {
			_, err := p.TrustList.Refresh(ctx)
			if err != nil {
				p.log.WarnContext(ctx, "the list of accredited centres was not renewed; the last one stays in force", "code", trustlist.CodeOf(err), "cause", err.Error())
			}
			return err
		},
		Every: every, Delay: trustlist.Retry, Queue: "trust", Timeout: trustlist.DefaultTimeout + time.Minute,
	})
}

// trustFigures are what an alarm is set on.
func (p *Portal) trustFigures() []prometheus.Collector {
	gauge := func(name, help string, value func(trustlist.Status) float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return value(p.TrustList.Status()) })
	}
	return []prometheus.Collector{
		gauge("zaver_trust_list_version", "Version of the list of accredited centres in force, 0 without one.", func(s trustlist.Status) float64 {
			if s.List == nil {
				return 0
			}
			return float64(s.List.Version)
		}),
		gauge("zaver_trust_list_age_seconds", "Age of the list in force by its own date.", func(s trustlist.Status) float64 { return s.Age.Seconds() }),
		gauge("zaver_trust_list_stale", "1 when the list in force is older than it should be.", func(s trustlist.Status) float64 {
			if s.Stale {
				return 1
			}
			return 0
		}),
	}
}

// warnings are what works but needs an operator.
func (p *Portal) warnings() []string {
	if p.TrustList.Status().Stale {
		return []string{trustlist.CodeStale}
	}
	return nil
}
