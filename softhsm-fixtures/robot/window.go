// SPDX-License-Identifier: Apache-2.0

package robot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// eyes see what a window shows.
type eyes interface {
	// eval gives the value of an expression on the page; wait gives that of the promise that it is.
	eval(ctx context.Context, js string, wait bool) (json.RawMessage, error)
	// picture is a PNG of the whole page.
	picture(ctx context.Context) ([]byte, error)
	// complaints are what the page's scripts and the browser complained about so far.
	complaints() []string
}

// hands do in a window what a person does.
type hands interface {
	visit(ctx context.Context, url string) error
	// press clicks the first element that the selector finds; it must be visible.
	press(ctx context.Context, selector string) error
	key(ctx context.Context, k Key) error
	// write types into the element that has the focus.
	write(ctx context.Context, text string) error
}

// window is one window of some browser.
type window interface {
	eyes
	hands
	// permit sets the browser's leave for an origin to reach loopback.
	permit(ctx context.Context, origin string, p Permission) error
}

// engine is a browser that runs.
type engine interface {
	// open gives the window, and the context in which it lives: it ends with the window, and cancel closes that.
	open(o Options) (ctx context.Context, w window, cancel context.CancelFunc, err error)
	close() error
}

// Key is a key without a letter.
type Key string

// The keys that people walk with.
const (
	Tab       Key = "Tab"
	Enter     Key = "Enter"
	Space     Key = " "
	Delete    Key = "Delete"
	Home      Key = "Home"
	ArrowDown Key = "ArrowDown"
)

// windowKey is the key of a step's window in its context.
type windowKey struct{}

// in gives the window of a step.
func in(ctx context.Context) window {
	w, _ := ctx.Value(windowKey{}).(window)
	return w
}

var errNoWindow = errors.New("this is no step of a robot")

// value asks the page of a step for the value of an expression.
func value[T any](ctx context.Context, js string, wait bool) (T, error) {
	var out T
	w := in(ctx)
	if w == nil {
		return out, errNoWindow
	}
	raw, err := w.eval(ctx, js, wait)
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		return out, fmt.Errorf("read the page's value: %w", err)
	}
	return out, nil
}

// removeProfile removes a browser's folder, into which its last children may still write.
func removeProfile(dir string) error {
	late := time.NewTimer(closeLimit)
	defer late.Stop()
	again := time.NewTicker(lookEvery)
	defer again.Stop()
	for {
		err := os.RemoveAll(dir)
		if err == nil {
			return nil
		}
		select {
		case <-again.C:
		case <-late.C:
			return fmt.Errorf("remove browser profile: %w", err)
		}
	}
}

// clean makes a file name of a step's.
func clean(name string) string { return strings.NewReplacer(" ", "-", "/", "-").Replace(name) }
