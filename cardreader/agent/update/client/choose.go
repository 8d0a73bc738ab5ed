// SPDX-License-Identifier: Apache-2.0

package client

import (
	"fmt"
	"slices"
	"strings"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"

	"zaver/cardreader/agent/update"
)

// choose finds the newest package for this system. Of two with one version the last by name counts, so that a repackaged one replaces the first.
func choose(set *trustedmetadata.TrustedMetadata, c Config) (Release, error) {
	var fit []Release
	for name, t := range set.Targets[metadata.TARGETS].Signed.Targets {
		r, err := readTarget(name, t)
		if err != nil {
			return Release{}, update.Fail(update.CodeMalformed, err)
		}
		if r.OS == c.OS && r.Arch == c.Arch && r.Kind == c.Kind {
			fit = append(fit, r)
		}
	}
	if len(fit) == 0 {
		return Release{}, update.Fail(update.CodePlatform, fmt.Errorf("no %s for %s/%s", c.Kind, c.OS, c.Arch))
	}
	return slices.MaxFunc(fit, func(a, b Release) int {
		switch {
		case update.Newer(a.Version, b.Version):
			return 1
		case update.Newer(b.Version, a.Version):
			return -1
		}
		return strings.Compare(a.File, b.File)
	}), nil
}
