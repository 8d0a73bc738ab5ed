// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// System is what support needs to know of the machine, and nothing that tells it from others.
type System struct {
	OS           string `json:"os"`           // "debian 12"
	Kernel       string `json:"kernel"`       // "6.1"
	Architecture string `json:"architecture"` // "amd64"
	Go           string `json:"go"`
	Session      string `json:"session"` // "x11", "wayland", "tty" or "unknown"
	Agent        string `json:"agent"`   // the program's version
}

// describeSystem reads the machine's kind. Every value must have the form of its kind: what hasn't is left out.
func describeSystem(c Config) System {
	out := System{OS: "unknown", Kernel: "unknown", Architecture: runtime.GOARCH, Go: runtime.Version(), Session: "unknown", Agent: c.Version}
	if b, err := readFile(filepath.Join(c.Root, "/etc/os-release"), maxManifest); err == nil {
		release := map[string]string{}
		for lines := bufio.NewScanner(bytes.NewReader(b)); lines.Scan(); {
			name, value, _ := strings.Cut(lines.Text(), "=")
			release[name] = strings.Trim(value, `"'`)
		}
		if name := release["ID"] + " " + release["VERSION_ID"]; releaseForm.MatchString(name) {
			out.OS = strings.TrimSpace(name)
		}
	}
	if b, err := os.ReadFile(filepath.Join(c.Root, "/proc/sys/kernel/osrelease")); err == nil {
		if v := kernelForm.FindString(string(b)); v != "" {
			out.Kernel = v
		}
	}
	switch kind := c.Env("XDG_SESSION_TYPE"); kind {
	case "x11", "wayland", "tty":
		out.Session = kind
	}
	if !versionForm.MatchString(out.Agent) {
		out.Agent = "unknown"
	}
	return out
}

var (
	releaseForm = regexp.MustCompile(`^[a-z][a-z-]{0,19} [0-9.]{0,8}$`)
	kernelForm  = regexp.MustCompile(`^[0-9]{1,2}\.[0-9]{1,3}`)
	versionForm = regexp.MustCompile(`^[0-9A-Za-z().+~_-]{1,60}$`)
)

// bundleFiles stand in this order.
var bundleFiles = []string{"readme.txt", "report.txt", "report.json", "system.json"}

// BundleFiles returns the names of the files in a bundle, in order.
func BundleFiles() []string { return slices.Clone(bundleFiles) }

var bundleReadme = text{
	"Сведения для поддержки. Посмотрите их, прежде чем отправлять.\n\n" +
		"report.txt, report.json — что проверено и что неисправно, без подробностей: без имён, путей, серийных номеров и адресов.\n" +
		"system.json — вид операционной системы и версии программ.\n" +
		"Больше здесь ничего нет.\n",
	"Information for support. Look at it before you send it.\n\n" +
		"report.txt, report.json: what was checked and what is wrong, without details: no names, paths, serial numbers or addresses.\n" +
		"system.json: the kind of operating system and the versions of programs.\n" +
		"There is nothing else in here.\n",
}

// WriteBundle writes the bundle for support, a ZIP archive of [BundleFiles], about the public part of a report. The
// configuration is the one that the report was made with.
func WriteBundle(w io.Writer, c Config, r Report) error {
	c = c.filled()
	r = r.Public()
	var plain, structured bytes.Buffer
	if err := r.WriteText(&plain); err != nil {
		return fmt.Errorf("write bundle: %w", err)
	}
	if err := r.WriteJSON(&structured); err != nil {
		return fmt.Errorf("write bundle: %w", err)
	}
	system, err := json.MarshalIndent(describeSystem(c), "", "  ")
	if err != nil {
		return fmt.Errorf("write bundle: %w", err)
	}
	contents := map[string][]byte{"readme.txt": []byte(bundleReadme.in(r.Language)), "report.txt": plain.Bytes(),
		"report.json": structured.Bytes(), "system.json": append(system, '\n')}
	out := zip.NewWriter(w)
	for _, name := range bundleFiles {
		// No time and no mode: they would say when and where.
		f, err := out.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
		if err == nil {
			_, err = f.Write(contents[name])
		}
		if err != nil {
			return fmt.Errorf("write bundle: %w", err)
		}
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("write bundle: %w", err)
	}
	return nil
}
