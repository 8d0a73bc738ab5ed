// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"encoding/json"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"zaver/cardreader/agent/nativemsg/extension"
)

// policy is what an organisation's rules say of the agent in one browser.
type policy struct {
	forbidsExtension bool // or its way to the program
	forbidsLoopback  bool
	grantsLoopback   bool
	file             string // where the last rule that matters stands
}

// chromiumRules are the rules of Chromium's family that matter here (chromeenterprise.google/policies).
type chromiumRules struct {
	NativeBlock    []string `json:"NativeMessagingBlocklist"`
	NativeAllow    []string `json:"NativeMessagingAllowlist"`
	InstallBlock   []string `json:"ExtensionInstallBlocklist"`
	InstallAllow   []string `json:"ExtensionInstallAllowlist"`
	InstallForce   []string `json:"ExtensionInstallForcelist"`
	LocalBlock     []string `json:"LocalNetworkAccessBlockedForUrls"`
	LocalAllow     []string `json:"LocalNetworkAccessAllowedForUrls"`
	LoopbackBlock  []string `json:"LoopbackNetworkBlockedForUrls"`
	LoopbackAllow  []string `json:"LoopbackNetworkAllowedForUrls"`
	LocalUnlimited *bool    `json:"LocalNetworkAccessRestrictionsTemporaryOptOut"`
}

// policies reads the rules of a browser. Files that can't be read say nothing: browsers pass them over, too.
func (u *checkup) policies(kind extension.Browser) policy {
	var out policy
	for _, dir := range places[kind].policies {
		files, err := filepath.Glob(filepath.Join(globQuote(filepath.Join(u.cfg.Root, dir)), "*.json"))
		if err != nil {
			continue
		}
		for _, path := range files[:min(len(files), maxProfiles)] {
			b, err := readFile(path, maxManifest)
			if err != nil {
				continue
			}
			one := chromiumPolicy(b, u.origins())
			if kind.Gecko() {
				one = geckoPolicy(b, u.origins())
			}
			if one != (policy{}) {
				one.file = path
			}
			out = out.with(one)
		}
	}
	return out
}

func (p policy) with(o policy) policy {
	p.forbidsExtension = p.forbidsExtension || o.forbidsExtension
	p.forbidsLoopback = p.forbidsLoopback || o.forbidsLoopback
	p.grantsLoopback = p.grantsLoopback || o.grantsLoopback
	if o.file != "" {
		p.file = o.file
	}
	return p
}

func chromiumPolicy(b []byte, origins []string) policy {
	var r chromiumRules
	if json.Unmarshal(b, &r) != nil {
		return policy{}
	}
	listed := func(list []string, id string) bool {
		return slices.ContainsFunc(list, func(s string) bool { return s == "*" || s == id || strings.HasPrefix(s, id+";") })
	}
	var p policy
	p.forbidsExtension = listed(r.NativeBlock, extension.HostName) && !listed(r.NativeAllow, extension.HostName) ||
		listed(r.InstallBlock, extension.ChromiumID) && !listed(r.InstallAllow, extension.ChromiumID) && !listed(r.InstallForce, extension.ChromiumID)
	matches := func(patterns []string) bool {
		return slices.ContainsFunc(patterns, func(s string) bool { return matchesAny(s, origins) })
	}
	// Where a page stands in both lists, the block wins.
	p.forbidsLoopback = matches(r.LocalBlock) || matches(r.LoopbackBlock)
	p.grantsLoopback = !p.forbidsLoopback && (matches(r.LocalAllow) || matches(r.LoopbackAllow) || r.LocalUnlimited != nil && *r.LocalUnlimited)
	return p
}

// geckoPolicy reads policies.json of Firefox.
func geckoPolicy(b []byte, origins []string) policy {
	var r struct {
		Policies struct {
			ExtensionSettings map[string]struct {
				Mode string `json:"installation_mode"`
			} `json:"ExtensionSettings"`
			LocalNetworkAccess struct {
				Enabled     *bool    `json:"Enabled"`
				Prompting   *bool    `json:"EnablePrompting"` // counts beside Enabled alone
				SkipDomains []string `json:"SkipDomains"`
			} `json:"LocalNetworkAccess"`
		} `json:"policies"`
	}
	if json.Unmarshal(b, &r) != nil {
		return policy{}
	}
	var p policy
	mode := r.Policies.ExtensionSettings["*"].Mode
	if own, there := r.Policies.ExtensionSettings[extension.GeckoID]; there && own.Mode != "" {
		mode = own.Mode
	}
	p.forbidsExtension = mode == "blocked"
	local := r.Policies.LocalNetworkAccess
	p.grantsLoopback = local.Enabled != nil && (!*local.Enabled || local.Prompting != nil && !*local.Prompting) ||
		slices.ContainsFunc(local.SkipDomains, func(s string) bool { return matchesAny("[*.]"+strings.TrimPrefix(s, "*."), origins) })
	return p
}

// origins are the configured portals' origins.
func (u *checkup) origins() []string {
	var out []string
	for _, p := range u.cfg.Settings.Portals {
		out = append(out, p.Origin)
	}
	return out
}

// matchesAny reports whether a pattern of Chromium's content settings means one of the origins: "*", a host, an origin,
// "[*.]domain", each with or without scheme and port.
func matchesAny(pattern string, origins []string) bool {
	return slices.ContainsFunc(origins, func(o string) bool { return matches(pattern, o) })
}

func matches(pattern, origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || pattern == "" {
		return false
	}
	scheme, rest, ok := strings.Cut(pattern, "://")
	if !ok {
		scheme, rest = "*", pattern
	}
	rest, _, _ = strings.Cut(rest, "/")
	host, port := rest, "*"
	if i := strings.LastIndexByte(rest, ':'); i >= 0 && !strings.HasSuffix(rest, "]") {
		host, port = rest[:i], rest[i+1:]
	}
	ours := u.Port()
	if ours == "" {
		ours = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	domain, wide := strings.CutPrefix(host, "[*.]")
	sameHost := host == "*" || host == u.Hostname() || host == "["+u.Hostname()+"]" || wide && (domain == u.Hostname() || strings.HasSuffix(u.Hostname(), "."+domain))
	return sameHost && (scheme == "*" || scheme == u.Scheme) && (port == "*" || port == ours)
}
