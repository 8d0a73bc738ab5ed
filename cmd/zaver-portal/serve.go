// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"zaver/cmd/internal/boot"
	"zaver/portal/assemble"
	"zaver/portal/download"
	"zaver/portal/notice"
	"zaver/portal/notify"
	"zaver/portal/registry/smev"
	"zaver/signature/trust"
)

func join(errs ...error) error { return errors.Join(errs...) }

func serve(ctx context.Context, args []string, out, errs io.Writer) (err error) {
	started := time.Now()
	c, _, err := load("serve", args, nil)
	if err != nil {
		return err
	}
	log, closeLog, err := boot.OpenLog(c.Log, errs)
	if err != nil {
		return err
	}
	defer func() { err = join(err, closeLog()) }()

	// The port is taken first: a second portal must not touch the data.
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return boot.Fail(boot.ExitRunning, "another program holds the address; change \"listen\"", "listen: %w", err)
	}
	defer listener.Close()
	opened, sealing, closeStore, err := c.open(ctx, owner, log)
	if err != nil {
		return err
	}
	defer func() { err = join(err, closeStore()) }()
	if c.Database == "" { // the private database has no other portal
		if err := opened.TakeOver(ctx); err != nil {
			return fmt.Errorf("take over from a killed portal: %w", err)
		}
	}

	made := assemble.Config{Store: opened, Seal: sealing, Origin: c.Origin, Agent: fmt.Sprintf("http://127.0.0.1:%d", c.AgentPort),
		Timestamps: c.Timestamps,
		Registers:  smev.New(smev.Config{URL: c.Registers, HTTP: &http.Client{}, Timeout: 10 * time.Second}),
		Proxies:    c.Proxies, MetricsFrom: c.MetricsFrom, Metrics: registry(), Log: log, Now: time.Now}
	if err := c.readTrust(&made); err != nil {
		return err
	}
	if made.Packages, err = c.packages(); err != nil {
		return err
	}
	defer func() { err = join(err, made.Packages.Close()) }()
	senders, closeSenders, err := c.senders(log)
	if err != nil {
		return err
	}
	defer func() { err = join(err, closeSenders()) }()
	made.Senders = senders
	portal, err := assemble.New(made)
	if err != nil {
		return err
	}
	if err := portal.Start(ctx); err != nil {
		return err
	}
	log.InfoContext(ctx, "portal is ready", "origin", c.Origin, "listen", listener.Addr().String(), "trust_set", made.Trust.ID(), "took", time.Since(started))
	if _, err := fmt.Fprintln(out, "zaver-portal: ready at", c.Origin); err != nil {
		return join(err, stopPortal(ctx, portal))
	}
	go debug.FreeOSMemory() // texts and templates were read once: what that took is given back
	return join(c.answer(ctx, listener, portal, log), stopPortal(ctx, portal))
}

// readTrust reads what statements are signed with, and by what signatures are judged.
func (c config) readTrust(made *assemble.Config) (err error) {
	if made.Keys, err = c.keys(); err != nil {
		return err
	}
	if made.Trust, err = trust.Load(c.Trust); err != nil {
		return boot.Fail(boot.ExitConfig, "the folder holds PEM certificates and their description", "load trust anchors: %w", err)
	}
	made.TrustList, err = c.trustList()
	return err
}

// packages opens the folder of the agent's packages; nil without one.
func (c config) packages() (*download.Shelf, error) {
	if c.AgentPackages == "" {
		return nil, nil
	}
	shelf, err := download.Open(c.AgentPackages)
	if err != nil {
		return nil, boot.Fail(boot.ExitConfig, `"agent_packages" names a folder with what "make packages" built`, "load agent packages: %w", err)
	}
	return shelf, nil
}

func stopPortal(ctx context.Context, portal *assemble.Portal) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	return portal.Stop(ctx)
}

// answer serves until ctx ends, then lets the requests in hand finish.
func (c config) answer(ctx context.Context, listener net.Listener, portal *assemble.Portal, log *slog.Logger) error {
	server := &http.Server{Handler: portal.Server, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
	server.RegisterOnShutdown(portal.Server.Drain)
	failed := make(chan error, 1)
	go func() {
		if c.TLS != nil {
			failed <- server.ServeTLS(listener, c.TLS.Certificate, c.TLS.Key)
			return
		}
		failed <- server.Serve(listener)
	}()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	log.InfoContext(ctx, "portal stops")
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	if err := server.Shutdown(stopping); err != nil {
		return fmt.Errorf("stop serving: %w", err)
	}
	return nil
}

// senders connects the configured ways out.
func (c config) senders(log *slog.Logger) (map[notice.Channel]notify.Sender, func() error, error) {
	senders := map[notice.Channel]notify.Sender{}
	done := func() error { return nil }
	if c.SMTP != nil {
		password, err := secret(c.SMTP.PasswordFile)
		if err != nil {
			return nil, nil, err
		}
		sender, err := notify.NewSMTP(notify.SMTPConfig{Host: c.SMTP.Host, Port: c.SMTP.Port, From: c.SMTP.From, User: c.SMTP.User, Password: password,
			TLS: !c.SMTP.Plain, Timeout: 10 * time.Second})
		if err != nil {
			return nil, nil, boot.Fail(boot.ExitConfig, "see the part \"smtp\" of the configuration", "prepare mail: %w", err)
		}
		senders[notice.Email] = sender
	}
	if c.SMPP != nil {
		password, err := secret(c.SMPP.PasswordFile)
		if err != nil {
			return nil, nil, err
		}
		sender := notify.NewSMPP(notify.SMPPConfig{Address: c.SMPP.Address, SystemID: c.SMPP.SystemID, Password: password, From: c.SMPP.From,
			TLS: !c.SMPP.local(), Timeout: 10 * time.Second})
		senders[notice.SMS], done = sender, sender.Close
	}
	for _, channel := range []notice.Channel{notice.SMS, notice.Email} {
		if senders[channel] == nil {
			log.Warn("no way out is configured: such notices are lost", "channel", string(channel))
		}
	}
	return senders, done, nil
}

func registry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}
