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

	"registrar/internal/loopback"
)

const (
	// maxBody allows for the 4 MiB of one gRPC message of Temporal, a third more for base64, and some JSON.
	maxBody = 6 << 20

	allowedMethods = "POST, OPTIONS"
	allowedHeaders = "content-type, x-namespace, authorization" // headers that the Web UI sends
	preflightAge   = "600"                                      // seconds that a browser may cache a preflight response
)

// Options configure Handler.
type Options struct {
	// AllowedOrigins are the origins of the Web UIs that may call the handler, such as http://localhost:8233. Requests
	// without an Origin header, as sent by CLIs, are always allowed.
	AllowedOrigins []string
	// Token, if set, is required in every request as "Authorization: Bearer …". Without it, only requests for a host name of
	// this machine are allowed.
	Token string
}

// Handler serves POST …/decode and …/encode, the codec endpoint of Temporal's Web UI, temporal and tctl. A client that
// reaches it can decrypt every payload, so without a Token only authorized clients may have network access to it. It passes
// unencrypted payloads through, and encrypts without a binding to a workflow: workflows accept the result only as PlainInput.
//
// It answers 403 to an origin or a host that is not allowed, 401 to a wrong token, 413 to a body over 6 MiB, and 400 to
// payloads that cannot be read.
func Handler(codec *Codec, o Options) http.Handler {
	return &handler{options: o, codec: converter.NewPayloadCodecHTTPHandler(codec.Lenient())}
}

type handler struct {
	options Options
	codec   http.Handler
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Add("Vary", "Origin")
	w.Header().Set("Cache-Control", "no-store")
	if h.options.Token == "" && !loopback.IsHost(r.Host) {
		http.Error(w, "without CODEC_TOKEN, the codec accepts only local requests; use the host name localhost", http.StatusForbidden)
		return
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		if !slices.Contains(h.options.AllowedOrigins, origin) {
			http.Error(w, "this origin may not use the codec", http.StatusForbidden)
			return
		}
		w.Header().Set("Access-Control-Allow-Origin", origin)
	}
	// A preflight carries no credentials, so it is answered before they are checked.
	if r.Method == http.MethodOptions {
		w.Header().Set("Access-Control-Allow-Methods", allowedMethods)
		w.Header().Set("Access-Control-Allow-Headers", allowedHeaders)
		w.Header().Set("Access-Control-Max-Age", preflightAge)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if !h.isAuthorized(r) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		http.Error(w, "the bearer token is missing or wrong", http.StatusUnauthorized)
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

// isAuthorized compares hashes, so that its duration does not depend on the token or its length.
func (h *handler) isAuthorized(r *http.Request) bool {
	if h.options.Token == "" {
		return true
	}
	want := sha256.Sum256([]byte("Bearer " + h.options.Token))
	got := sha256.Sum256([]byte(r.Header.Get("Authorization")))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1
}
