// SPDX-License-Identifier: Apache-2.0

package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"time"

	"zaver/cardreader/agent/update"
)

// errStalled is why the context of a download ends when nothing comes any more.
var errStalled = errors.New("nothing came for too long")

// Unfinished is how the names of packages begin that are not whole yet.
const Unfinished = ".download-"

// Download fetches the newer package that a check found into the folder and returns its path. The file gets its name when its length and hash are
// those that were signed; until then it has a name of its own, and goes when the download fails. progress, unless nil, is called now and then
// with the bytes so far. A file that is there already and is the right one is not fetched again.
func (c *Client) Download(ctx context.Context, f Found, dir string, progress func(int64)) (string, error) {
	if !update.Newer(f.Newest.Version, c.cfg.Installed) {
		return "", update.Fail(update.CodeCurrent, fmt.Errorf("newest is %s, installed is %s", f.Newest.Version, c.cfg.Installed))
	}
	r := f.Newest
	path := filepath.Join(dir, r.File)
	if there(path, r) {
		return path, nil
	}
	temp, err := os.CreateTemp(dir, Unfinished+"*")
	if err != nil {
		return "", update.Fail(update.CodeDisk, err)
	}
	err = c.fetch(ctx, r, temp, progress)
	if err == nil {
		if err = errors.Join(temp.Chmod(0o644), temp.Sync()); err != nil {
			err = update.Fail(update.CodeDisk, err)
		}
	}
	if closed := temp.Close(); err == nil && closed != nil {
		err = update.Fail(update.CodeDisk, closed)
	}
	if err == nil {
		if err = os.Rename(temp.Name(), path); err != nil {
			err = update.Fail(update.CodeDisk, err)
		}
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(temp.Name()))
	}
	return path, nil
}

// there reports whether the file is the release already, and nobody else can make another of it: in a folder like /tmp it may be anybody's.
func there(path string, r Release) bool {
	f, err := openPlain(path)
	if err != nil {
		return false
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() != r.Length || !ownFile(info) {
		return false
	}
	sum := sha256.New()
	n, err := io.Copy(sum, io.LimitReader(f, r.Length+1))
	return err == nil && right(r, n, sum) == nil
}

func right(r Release, n int64, sum hash.Hash) error {
	if n != r.Length || !bytes.Equal(sum.Sum(nil), r.sha256) {
		return update.Fail(update.CodePackage, fmt.Errorf("%s: length %d or hash differ from what was signed (%d bytes)", r.File, n, r.Length))
	}
	return nil
}

// fetch writes the package into a file, and ends when nothing comes for a while.
func (c *Client) fetch(ctx context.Context, r Release, into io.Writer, progress func(int64)) error {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Limits.Package)
	defer cancel()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	watchdog := time.AfterFunc(c.cfg.Limits.Stall, func() { stop(errStalled) })
	defer watchdog.Stop()
	resp, err := c.open(ctx, r.remote())
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.ContentLength >= 0 && resp.ContentLength != r.Length {
		return update.Fail(update.CodePackage, fmt.Errorf("%s: the server announces %d bytes, %d were signed", r.File, resp.ContentLength, r.Length))
	}
	sum := sha256.New()
	body := &watched{from: io.LimitReader(resp.Body, r.Length+1), alive: func() { watchdog.Reset(c.cfg.Limits.Stall) }, progress: progress}
	out := &written{to: into}
	n, err := io.Copy(io.MultiWriter(out, sum), body)
	switch {
	case out.err != nil:
		return update.Fail(update.CodeDisk, out.err)
	case n > r.Length:
		return update.Fail(update.CodeTooLong, fmt.Errorf("%s: more than %d bytes", r.File, r.Length))
	case err != nil:
		return c.transportError(ctx, r.File, err)
	}
	return right(r, n, sum)
}

// watched tells that bytes still come.
type watched struct {
	from     io.Reader
	alive    func()
	progress func(int64)
	n        int64
}

func (w *watched) Read(b []byte) (int, error) {
	n, err := w.from.Read(b)
	if n > 0 {
		w.alive()
		if w.n += int64(n); w.progress != nil {
			w.progress(w.n)
		}
	}
	return n, err
}

// written remembers that it was the disk that failed.
type written struct {
	to  io.Writer
	err error
}

func (w *written) Write(b []byte) (int, error) {
	n, err := w.to.Write(b)
	if err != nil {
		w.err = err
	}
	return n, err
}
