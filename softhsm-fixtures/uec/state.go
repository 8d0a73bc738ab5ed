// SPDX-License-Identifier: Apache-2.0

package uec

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// kept is one password in the state file: what a chip holds in its memory.
type kept struct {
	Value string `json:"value"`
	Tries int    `json:"tries"`
}

// keep writes passwords and counters down, so that neither power-off nor the
// end of the process gives tries back. A card that cannot remember stops the test.
func (c *Card) keep() {
	if c.cfg.State == "" {
		return
	}
	state := map[string]kept{}
	for ref, pw := range c.pins {
		state[fmt.Sprintf("%02X", ref)] = kept{pw.value, pw.tries}
	}
	b, err := json.Marshal(state)
	if err == nil {
		err = os.WriteFile(c.cfg.State+".new", b, 0o600)
	}
	if err == nil {
		err = os.Rename(c.cfg.State+".new", c.cfg.State)
	}
	if err != nil {
		panic("uec: keep the state: " + err.Error())
	}
}

// recall reads what keep wrote; a card without a file is new.
func (c *Card) recall() error {
	if c.cfg.State == "" {
		return nil
	}
	b, err := os.ReadFile(c.cfg.State)
	if errors.Is(err, fs.ErrNotExist) {
		c.keep()
		return nil
	}
	state := map[string]kept{}
	if err == nil {
		err = json.Unmarshal(b, &state)
	}
	if err != nil {
		return fmt.Errorf("recall the state: %w", err)
	}
	for ref, pw := range c.pins {
		k, ok := state[fmt.Sprintf("%02X", ref)]
		if !ok || !pw.fits(k.Value) || k.Tries < 0 || k.Tries > pw.limit {
			return fmt.Errorf("recall the state: password %02X", ref)
		}
		pw.value, pw.tries = k.Value, k.Tries
	}
	return nil
}
