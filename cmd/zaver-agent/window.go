// SPDX-License-Identifier: Apache-2.0

package main

import (
	"log/slog"
	"os"

	"zaver/cardreader/agent"
	"zaver/cardreader/agent/window"
)

// windowOff is the value of "window" in the configuration that leaves everything to the dialog program.
const windowOff = "off"

// openWindow finds the agent's own window. Without a display or the program everything is asked by the dialog program; the log says so.
func (c config) openWindow(log *slog.Logger) agent.Window {
	if c.Window == windowOff {
		return nil
	}
	w, err := window.Find(window.Config{Path: c.Window, Env: os.Environ()})
	if err != nil {
		log.Info("no window of our own", "err", err)
		return nil
	}
	return w
}
