// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"zaver/portal/fault"
)

type metrics struct {
	requests *prometheus.HistogramVec
	inFlight prometheus.Gauge
	streams  prometheus.Gauge
	outcomes *prometheus.CounterVec
	handler  http.Handler
}

func newMetrics(r *prometheus.Registry) *metrics {
	m := &metrics{
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "zaver_http_request_seconds", Help: "Time to answer a request.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 15}}, []string{"route", "method", "status"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "zaver_http_in_flight", Help: "Requests being answered."}),
		streams:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "zaver_http_streams", Help: "Open event streams."}),
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "zaver_confirm_outcomes_total", Help: "Confirmations that an agent ended, by state."}, []string{"state"}),
		handler:  promhttp.HandlerFor(r, promhttp.HandlerOpts{}),
	}
	r.MustRegister(m.requests, m.inFlight, m.streams, m.outcomes)
	return m
}

func (m *metrics) seen(route, method string, status int, took time.Duration) {
	switch method {
	case http.MethodGet, http.MethodPost, http.MethodHead, http.MethodOptions:
	default:
		method = "other" // a method is the visitor's to choose: its number must stay small
	}
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Observe(took.Seconds())
}

// health says that the process lives, and one line for each warning.
func (s *Server) health(c echo.Context) error {
	out := "ok\n"
	if s.config.Warnings != nil {
		for _, code := range s.config.Warnings() {
			out += "warning " + code + "\n"
		}
	}
	return c.String(http.StatusOK, out)
}

func (s *Server) ready(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), 2*time.Second)
	defer cancel()
	if err := s.config.Ready(ctx); err != nil {
		s.config.Log.WarnContext(ctx, "not ready", "cause", err.Error())
		return c.String(http.StatusServiceUnavailable, "not ready\n")
	}
	return c.String(http.StatusOK, "ready\n")
}

// figures answers only to the networks of the configuration, and to nobody who
// came through a proxy: its own address may be in them.
func (s *Server) figures(c echo.Context) error {
	for _, passed := range []string{"X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via"} {
		if c.Request().Header.Get(passed) != "" {
			return fault.New(fault.NotFound)
		}
	}
	from, err := netip.ParseAddrPort(c.Request().RemoteAddr)
	if err != nil {
		return fault.New(fault.NotFound)
	}
	for _, network := range s.config.MetricsFrom {
		if network.Contains(from.Addr().Unmap()) {
			s.metrics.handler.ServeHTTP(c.Response(), c.Request())
			return nil
		}
	}
	return fault.New(fault.NotFound)
}
