package browser

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// host is another site, on another host and port than the services. Its page embeds the form. Its paths are /welcome, where
// people continue, and /embed, the page with the form of the service at src.
var host = &site{}

type site struct {
	once   sync.Once
	server *httptest.Server
}

// URL starts the site unless it runs, and returns its origin.
func (s *site) URL() string {
	s.once.Do(func() {
		mux := http.NewServeMux()
		mux.HandleFunc("GET /welcome", welcome)
		mux.HandleFunc("GET /embed", embed)
		mux.HandleFunc("GET /ugly.css", file("text/css", uglyStyles))
		mux.HandleFunc("GET /events.js", file("text/javascript", eventLog))
		s.server = httptest.NewServer(mux)
	})
	return s.server.URL
}

// uglyStyles are styles that would spoil the form if they applied to it.
const uglyStyles = `* { letter-spacing: 3px; }
input, button, select, p, h1 { background: lime; color: black; font-size: 40px; text-transform: uppercase; rotate: 2deg; margin: 0; float: right; }
main { max-width: 1000px; margin: auto; }
h1 { float: none; rotate: none; background: none; }
.field, .error, section { display: none; }`

// eventLog collects the events of the form.
const eventLog = `window.received = [];
for (const type of ["registrar-step", "registrar-done"]) {
	document.addEventListener(type, e => window.received.push({type, detail: e.detail}));
}`

func file(kind, content string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		fmt.Fprint(w, content)
	}
}

func welcome(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprint(w, `<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>Welcome</title><h1>Welcome</h1>`)
}

// embed serves the page with the form. Its policy allows the service's scripts and requests, and no inline styles or scripts.
func embed(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	src := q.Get("src")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", strings.ReplaceAll(
		"default-src 'none'; script-src 'self' SRC; style-src 'self'; connect-src SRC; img-src data: SRC; base-uri 'none'; form-action 'none'", "SRC", src))
	var attributes strings.Builder
	for _, name := range []string{"lang", "country"} {
		if value := q.Get(name); value != "" {
			fmt.Fprintf(&attributes, ` %s="%s"`, name, html.EscapeString(value))
		}
	}
	fmt.Fprintf(w, `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Another site</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/ugly.css">
<script src="/events.js"></script>
</head>
<body>
<main>
<h1>Another site</h1>
<button type="button">Buy</button>
<script type="module" src="%s/signup/embed.js"></script>
<registrar-signup%s></registrar-signup>
</main>
</body>
</html>
`, html.EscapeString(src), attributes.String())
}

func read(t *testing.T, r io.Reader) string {
	t.Helper()
	content, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(content)
}
