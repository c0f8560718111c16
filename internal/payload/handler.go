package payload

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io"
	"net/http"
	"slices"

	"go.temporal.io/sdk/converter"
)

const (
	// maxBody holds the 4 MiB that Temporal allows in one gRPC message, grown by a third by base64, and some JSON.
	maxBody = 6 << 20

	allowedMethods = "POST, OPTIONS"
	allowedHeaders = "content-type, x-namespace, authorization" // what the Web UI sends
	preflightAge   = "600"                                      // seconds that a browser may remember the answer
)

// Options configure Handler.
type Options struct {
	// AllowedOrigins are the Web UIs whose pages may call, such as http://localhost:8233. Calls without an Origin, from
	// CLIs, need none.
	AllowedOrigins []string
	// Token, if set, must come with every call as "Authorization: Bearer …".
	Token string
}

// Handler serves POST …/decode and …/encode, the codec endpoint of Temporal's Web UI, temporal and tctl. Who reaches it
// reads everything: without a Token it must not be reachable by others. Calls from pages of other origins are refused
// with 403, a wrong token with 401, bodies over 6 MiB with 413, payloads that cannot be read with 400.
func Handler(codec converter.PayloadCodec, o Options) http.Handler {
	return &handler{options: o, codec: converter.NewPayloadCodecHTTPHandler(codec)}
}

type handler struct {
	options Options
	codec   http.Handler
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Add("Vary", "Origin")
	w.Header().Set("Cache-Control", "no-store")
	if origin := r.Header.Get("Origin"); origin != "" {
		if !slices.Contains(h.options.AllowedOrigins, origin) {
			http.Error(w, "this origin may not use the codec", http.StatusForbidden)
			return
		}
		w.Header().Set("Access-Control-Allow-Origin", origin)
	}
	// A preflight comes without credentials, so it is answered before they are checked.
	if r.Method == http.MethodOptions {
		w.Header().Set("Access-Control-Allow-Methods", allowedMethods)
		w.Header().Set("Access-Control-Allow-Headers", allowedHeaders)
		w.Header().Set("Access-Control-Max-Age", preflightAge)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if !h.isAuthorized(r) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		http.Error(w, "the codec needs its bearer token", http.StatusUnauthorized)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		status := http.StatusBadRequest
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			status = http.StatusRequestEntityTooLarge
		}
		http.Error(w, http.StatusText(status), status)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	h.codec.ServeHTTP(w, r)
}

// isAuthorized compares hashes, so that neither the time nor the length tells how near a guess is.
func (h *handler) isAuthorized(r *http.Request) bool {
	if h.options.Token == "" {
		return true
	}
	want := sha256.Sum256([]byte("Bearer " + h.options.Token))
	got := sha256.Sum256([]byte(r.Header.Get("Authorization")))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1
}
