// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"zaver/cardreader/agent/update"
	"zaver/cardreader/agent/update/client"
)

// updates puts the root that clients of updates trust first into the tree. Root and address belong together: one without the other would be a
// package whose updates never work.
func (b *build) updates(config []byte) error {
	var c struct {
		Updates struct {
			URL  string `json:"url"`
			Root string `json:"root"`
		} `json:"updates"`
	}
	if err := json.Unmarshal(config, &c); err != nil {
		return fmt.Errorf("read %s: %w", b.Agent, err)
	}
	if c.Updates.URL != "" {
		if err := client.CheckURL(c.Updates.URL); err != nil {
			return err
		}
	}
	if b.UpdateRoot == "" {
		if c.Updates.URL != "" && c.Updates.Root == "" {
			return errors.New("the agent's configuration names a server of updates, but there is no root to trust it by")
		}
		return nil
	}
	if c.Updates.URL == "" {
		return errors.New("there is a root for updates, but the agent's configuration names no server of updates")
	}
	if c.Updates.Root != "" && c.Updates.Root != update.SystemRoot {
		return fmt.Errorf("there is a root for updates, but the agent's configuration trusts another: %s", c.Updates.Root)
	}
	root, err := os.ReadFile(b.UpdateRoot)
	if err != nil {
		return err
	}
	if err := client.CheckRoot(root); err != nil {
		return fmt.Errorf("%s is no root for updates: %w", b.UpdateRoot, err)
	}
	return b.put(update.SystemRoot[1:], 0o644, root)
}
