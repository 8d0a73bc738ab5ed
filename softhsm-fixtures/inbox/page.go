// SPDX-License-Identifier: Apache-2.0

package inbox

import (
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
)

// Handler serves the reading page at / (newest first, refreshed while open) and the same messages as JSON at /api/messages?to=ADDRESS.
func (b *Inbox) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		messages := b.All(r.FormValue("to"))
		slices.Reverse(messages)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		_ = page.Execute(w, messages)
	})
	mux.HandleFunc("GET /api/messages", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(append([]Message{}, b.All(r.FormValue("to"))...))
	})
	return mux
}

var page = template.Must(template.New("inbox").Parse(`<!doctype html>
<html lang="ru"><head><meta charset="utf-8"><meta http-equiv="refresh" content="3">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Письма и SMS (демонстрация)</title>
<style>
body{font:17px/1.5 system-ui,sans-serif;margin:0;background:#f3f5f7;color:#13202b}
main{max-width:46rem;margin:0 auto;padding:1.5rem 1rem}
h1{font-size:1.5rem;margin:0 0 .25rem}p.lead{margin:0 0 1.5rem;color:#44535f}
article{background:#fff;border:1px solid #d5dce2;border-left:6px solid #1a6fb0;border-radius:6px;padding:.75rem 1rem;margin:0 0 1rem}
article.letter{border-left-color:#2b7a4b}
header{display:flex;gap:.75rem;flex-wrap:wrap;color:#44535f;font-size:.9rem}
header b{color:#13202b}h2{font-size:1.05rem;margin:.35rem 0 0}
pre{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit;margin:.35rem 0 0}
strong.code{font-size:1.35rem;letter-spacing:.12em}
</style></head><body><main>
<h1>Письма и SMS</h1><p class="lead">Здесь видно всё, что портал отправил. Страница обновляется сама. · Everything that the portal has sent.</p>
{{range .}}<article class="{{.Channel}}"><header><b>{{if eq .Channel "sms"}}SMS{{else}}E-mail{{end}}</b><span>→ {{.To}}</span><time>{{.At.Format "15:04:05"}}</time></header>
{{with .Subject}}<h2>{{.}}</h2>{{end}}<pre>{{.Text}}</pre>{{with .Code}}<p>Код: <strong class="code">{{.}}</strong></p>{{end}}{{with .Link}}<p><a href="{{.}}" target="_blank" rel="noreferrer">Открыть ссылку</a></p>{{end}}</article>
{{else}}<p>Пока ничего не пришло. · Nothing yet.</p>{{end}}
</main></body></html>
`))
