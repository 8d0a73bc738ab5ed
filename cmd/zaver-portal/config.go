// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"zaver/cmd/internal/boot"
	"zaver/signature/challenge"
)

// config is the configuration file.
type config struct {
	// Listen is host:port of the portal's own HTTP.
	Listen string `json:"listen"`
	// TLS names certificate and key; without it a proxy before the portal has TLS.
	TLS *tlsConfig `json:"tls"`
	// Origin is the web origin by which people and agents know the portal.
	Origin string `json:"origin"`
	// Database is a PostgreSQL connection string; empty means a private cluster in DataDir.
	Database string `json:"database"`
	// DataDir holds keys and the private cluster.
	DataDir string `json:"data_dir"`
	// Trust is the folder of trust anchors.
	Trust string `json:"trust"`
	// TrustList says where the list of accredited centres is renewed from; without it lists come by command alone.
	TrustList *trustListConfig `json:"trust_list"`
	// SMTP and SMPP carry notices; either may be missing.
	SMTP *smtpConfig `json:"smtp"`
	SMPP *smppConfig `json:"smpp"`
	// Registers is the address of the message bus to the state registers.
	Registers string `json:"registers"`
	// Timestamps are the addresses of timestamp authorities (RFC 3161), asked in order
	// until one answers. Without one, evidence holds signatures as they came.
	Timestamps []string `json:"timestamps"`
	// AgentPort is the agent's loopback port as pages call it; 0 means 24738.
	AgentPort int `json:"agent_port"`
	// AgentPackages is the folder of the agent's install packages, as "make packages" fills it, which the
	// help page offers; empty means that there are none here.
	AgentPackages string `json:"agent_packages"`
	// Proxies are the networks whose X-Forwarded-For is believed.
	Proxies []netip.Prefix `json:"proxies"`
	// MetricsFrom are the networks that may read /metrics; empty means loopback.
	MetricsFrom []netip.Prefix `json:"metrics_from"`
	Log         boot.Log       `json:"log"`
}

type tlsConfig struct {
	Certificate string `json:"certificate"`
	Key         string `json:"key"`
}

type smtpConfig struct {
	Host string `json:"host"`
	Port int    `json:"port"`
	From string `json:"from"`
	User string `json:"user"`
	// PasswordFile holds the password; a secret never stands in the configuration.
	PasswordFile string `json:"password_file"`
	// Plain allows a connection without STARTTLS, to this machine only.
	Plain bool `json:"plain"`
}

type smppConfig struct {
	// Address is host:port. Another machine is spoken to over TLS only: a centre
	// without it is reached through a tunnel that begins on this machine.
	Address      string `json:"address"`
	SystemID     string `json:"system_id"`
	PasswordFile string `json:"password_file"`
	From         string `json:"from"`
}

// local says whether the centre, or the tunnel to it, is on this machine.
func (c smppConfig) local() bool {
	host, _, err := net.SplitHostPort(c.Address)
	return err == nil && loopback(host)
}

const defaultAgentPort = 24738

// load reads the configuration that the arguments name; rest are the other arguments.
func load(command string, args []string, more func(*flag.FlagSet)) (c config, rest []string, err error) {
	flags := flag.NewFlagSet(command, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	path := flags.String("config", "", "configuration file")
	if more != nil {
		more(flags)
	}
	// Flags may stand after the arguments too: "export REQUEST -o FILE".
	for rest, args = nil, append([]string(nil), args...); ; {
		if err := flags.Parse(args); err != nil {
			return c, nil, boot.Fail(boot.ExitUsage, "zaver-portal help lists the commands", "%s: %v", command, err)
		}
		if args = flags.Args(); len(args) == 0 {
			break
		}
		rest, args = append(rest, args[0]), args[1:]
	}
	if *path == "" {
		return c, nil, boot.Fail(boot.ExitUsage, "give the configuration file: -config FILE", "%s: no configuration", command)
	}
	if err := boot.LoadConfig(*path, &c); err != nil {
		return c, nil, err
	}
	return c, rest, c.check(filepath.Dir(*path))
}

// check completes the configuration; relative paths are relative to its file.
func (c *config) check(dir string) error {
	for _, check := range []func() (field, hint string){c.checkOrigin, c.checkPlaces, c.checkSenders} {
		if field, hint := check(); field != "" {
			return boot.Fail(boot.ExitConfig, hint, "configuration: %s is missing or wrong", field)
		}
	}
	return c.absolute(dir)
}

// checkOrigin names the field that is wrong of how visitors and agents reach the portal.
func (c *config) checkOrigin() (field, hint string) {
	origin, err := url.Parse(c.Origin)
	if err != nil || origin.Host == "" || origin.Path != "" || (origin.Scheme != "https" && origin.Scheme != "http") {
		return "origin", `for example "https://portal.example"`
	}
	if origin.Scheme == "http" && !loopback(origin.Hostname()) {
		return "origin", "plain http is for this machine only: use https"
	}
	if !challenge.IsOrigin(c.Origin) {
		return "origin", "write it as browsers do: lower case, no default port, nothing behind it"
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return "listen", `for example "127.0.0.1:8080"`
	}
	// Else every visitor has the proxy's address, and one stranger uses up the tries of all.
	if origin.Scheme == "https" && c.TLS == nil && len(c.Proxies) == 0 {
		return "proxies", `without "tls" a proxy stands before the portal: name its network`
	}
	if c.AgentPort == 0 {
		c.AgentPort = defaultAgentPort
	}
	if c.AgentPort < 1 || c.AgentPort > 65535 {
		return "agent_port", "a port is 1 to 65535"
	}
	return "", ""
}

// checkPlaces does the same for folders and for the services that are asked.
func (c *config) checkPlaces() (field, hint string) {
	if c.DataDir == "" {
		return "data_dir", "name a folder for keys and the private database"
	}
	if c.Trust == "" {
		return "trust", "name the folder with the trust anchors"
	}
	u, err := url.Parse(c.Registers)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return "registers", "give the address of the message bus"
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		return "registers", "plain http is for this machine only: personal data go there"
	}
	for _, address := range c.Timestamps {
		if u, err := url.Parse(address); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
			return "timestamps", `give addresses such as "http://tsa.example/"`
		}
	}
	if c.TrustList != nil {
		if field, hint := c.TrustList.wrong(); field != "" {
			return "trust_list." + field, hint
		}
	}
	return "", ""
}

// checkSenders does the same for mail and SMS.
func (c *config) checkSenders() (field, hint string) {
	if c.SMTP != nil && c.SMTP.Plain && !loopback(c.SMTP.Host) {
		return "smtp.plain", "mail without STARTTLS is for this machine only"
	}
	if c.SMPP == nil {
		return "", ""
	}
	if _, _, err := net.SplitHostPort(c.SMPP.Address); err != nil {
		return "smpp.address", `for example "smsc.portal.example:2775"`
	}
	if c.SMPP.From == "" || len(c.SMPP.From) > 11 {
		return "smpp.from", "the sender's name has 1 to 11 characters"
	}
	return "", ""
}

// absolute makes every path absolute, from the folder of the configuration file.
func (c *config) absolute(dir string) error {
	paths := []*string{&c.DataDir, &c.Trust, &c.AgentPackages}
	if c.TrustList != nil {
		paths = append(paths, &c.TrustList.CA)
	}
	if c.TLS != nil {
		paths = append(paths, &c.TLS.Certificate, &c.TLS.Key)
	}
	if c.SMTP != nil {
		paths = append(paths, &c.SMTP.PasswordFile)
	}
	if c.SMPP != nil {
		paths = append(paths, &c.SMPP.PasswordFile)
	}
	for _, p := range paths {
		if *p == "" {
			continue
		}
		if !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
		var err error
		if *p, err = filepath.Abs(*p); err != nil {
			return fmt.Errorf("find path: %w", err)
		}
	}
	return nil
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// maxSecret bounds a password file in bytes.
const maxSecret = 4096

// secret reads a password file that not everybody may read; its last line end is not part of it.
func secret(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("read secret: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", fmt.Errorf("read secret: %w", err)
	}
	if info.Mode().Perm()&0o007 != 0 {
		return "", boot.Fail(boot.ExitConfig, "chmod o= "+path, "secret file %s: everybody may read or change it", path)
	}
	content, err := io.ReadAll(io.LimitReader(file, maxSecret+1))
	if err != nil {
		return "", fmt.Errorf("read secret: %w", err)
	}
	if len(content) > maxSecret {
		return "", boot.Fail(boot.ExitConfig, "it should hold one line", "secret file %s is too long", path)
	}
	return strings.TrimRight(string(content), "\r\n"), nil
}
