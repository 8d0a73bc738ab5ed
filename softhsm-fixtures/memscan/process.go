// SPDX-License-Identifier: Apache-2.0

package memscan

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// Process looks through every readable mapping of a process. An ended one holds nothing.
func Process(pid int, forms []Form) ([]Found, error) {
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil {
		return nil, gone(err)
	}
	where := fmt.Sprintf("process %d (%s)", pid, strings.TrimSpace(string(name)))
	maps, err := mappings(pid)
	if err != nil {
		return nil, gone(err)
	}
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		return nil, gone(err)
	}
	defer memory.Close()
	var found []Found
	for _, m := range maps {
		for _, f := range written(pid, m, memory, in(memory, m.from, m.to, forms)) {
			f.Where, f.Area, f.Locked = where, m.area, m.locked
			found = append(found, f)
		}
		if len(found) >= most {
			break
		}
	}
	return found, nil
}

type mapping struct {
	from, to uint64
	offset   int64 // of its first byte in the file, if it is of one
	area     string
	private  bool // what is written there never reaches the file
	locked   bool
}

// written leaves out what a process only brought along: bytes of a private mapping that stand at the same place of its file. The code of
// a program holds each short row of bytes sooner or later. What can't be compared stays.
func written(pid int, m mapping, memory io.ReaderAt, found []Found) []Found {
	if len(found) == 0 || !m.private {
		return found
	}
	file, err := os.Open(fmt.Sprintf("/proc/%d/map_files/%x-%x", pid, m.from, m.to)) // the very file, also when its name is gone
	if err != nil {
		return found // most often it is of no file
	}
	defer file.Close()
	return slices.DeleteFunc(found, func(f Found) bool {
		now, stored := make([]byte, f.size), make([]byte, f.size)
		_, errNow := memory.ReadAt(now, int64(f.At))
		_, errStored := file.ReadAt(stored, m.offset+int64(f.At-m.from))
		return errNow == nil && errStored == nil && bytes.Equal(now, stored)
	})
}

// mappings are the readable ones of a process, the kernel's own left out.
func mappings(pid int) ([]mapping, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps", pid))
	if err != nil {
		return nil, err
	}
	var all []mapping
	readable := false
	for line := range strings.Lines(string(b)) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if strings.HasSuffix(fields[0], ":") { // a property of the mapping above
			if readable && fields[0] == "VmFlags:" {
				all[len(all)-1].locked = slices.Contains(fields, "lo")
			}
			continue
		}
		m := mapping{area: "anonymous"}
		if len(fields) > 5 {
			m.area = strings.Join(fields[5:], " ")
		}
		readable = len(fields) >= 5 && strings.HasPrefix(fields[1], "r") && !slices.Contains([]string{"[vvar]", "[vsyscall]", "[vvar_vclock]"}, m.area)
		if !readable {
			continue
		}
		if m.from, m.to, err = span(fields[0]); err != nil {
			return nil, err
		}
		m.private = strings.HasSuffix(fields[1], "p")
		if m.offset, err = strconv.ParseInt(fields[2], 16, 64); err != nil {
			return nil, fmt.Errorf("look into a process: mapping %q: %w", line, err)
		}
		all = append(all, m)
	}
	return all, nil
}

// gone forgives what an ended process causes.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return fmt.Errorf("look into a process: %w", err)
}

func span(s string) (from, to uint64, err error) {
	a, b, _ := strings.Cut(s, "-")
	if from, err = strconv.ParseUint(a, 16, 64); err == nil {
		to, err = strconv.ParseUint(b, 16, 64)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("look into a process: mapping %q: %w", s, err)
	}
	return from, to, nil
}

// in looks from one address to another. What can't be read is passed over: it was given back, or is a device's.
func in(r io.ReaderAt, from, to uint64, forms []Form) []Found {
	var found []Found
	buf := make([]byte, chunk)
	for at := from; at < to; {
		n, err := r.ReadAt(buf[:min(uint64(len(buf)), to-at)], int64(at))
		found = append(found, match(buf[:n], at, forms)...)
		if len(found) >= most || err != nil || n == 0 {
			break
		}
		if at+uint64(n) >= to {
			break
		}
		// A copy may lie over the border: no form is as long as what is read twice.
		at += uint64(n) - around
	}
	clear(buf)
	return found
}

// Family is a process and all that it started, directly or not, as far as they still run.
func Family(pid int) ([]int, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	children := map[int][]int{}
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended meanwhile
		}
		// pid (name) state ppid …; the name may have spaces and parentheses.
		fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		if len(fields) < 2 {
			continue
		}
		parent, errParent := strconv.Atoi(fields[1])
		child, errChild := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if errParent == nil && errChild == nil {
			children[parent] = append(children[parent], child)
		}
	}
	family := []int{pid}
	for i := 0; i < len(family); i++ {
		family = append(family, children[family[i]]...)
	}
	return family, nil
}
