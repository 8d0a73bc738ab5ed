// SPDX-License-Identifier: Apache-2.0

package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
)

//go:embed assets
var assets embed.FS

// AssetPrefix is the path under which assets are served.
const AssetPrefix = "/assets/"

// assetVersion names the set of assets by its content, so that a browser may
// keep them for ever and still sees the next version at once. Scripts import
// each other by relative path and so stay within one version.
var assetVersion = sync.OnceValue(func() string {
	hash := sha256.New()
	_ = fs.WalkDir(assets, "assets", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := assets.ReadFile(name)
		if err != nil {
			return err
		}
		hash.Write([]byte(name))
		hash.Write(content)
		return nil
	})
	return hex.EncodeToString(hash.Sum(nil)[:8])
})

// AssetPath is the address of the named asset on this portal.
func AssetPath(name string) string {
	return AssetPrefix + assetVersion() + "/" + name
}

var assetTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
	".txt": "text/plain; charset=utf-8",
}

// Assets serves the embedded assets under AssetPrefix. An address of an older
// version gets the present content, without leave to keep it.
func Assets() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		version, name, ok := strings.Cut(strings.TrimPrefix(r.URL.Path, AssetPrefix), "/")
		content, err := assets.ReadFile("assets/" + name)
		if !ok || err != nil {
			http.NotFound(w, r)
			return
		}
		kind, ok := assetTypes[path.Ext(name)]
		if !ok {
			kind = "application/octet-stream"
		}
		w.Header().Set("Content-Type", kind)
		if version == assetVersion() {
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		} else {
			w.Header().Set("Cache-Control", "no-cache")
		}
		w.WriteHeader(http.StatusOK)
		if r.Method != http.MethodHead {
			_, _ = w.Write(content)
		}
	})
}
