package docs_test

import (
	"io"
	"net/http"
	"slices"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// receiveEvents handles the requests of Registrar. apply changes your data and stores the id, in one transaction. If it has
// stored the id before, it does nothing.
func receiveEvents(secrets []*webhooks.Webhook, apply func(id string, body []byte) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, "the body cannot be read", http.StatusBadRequest)
			return
		}
		verified := slices.ContainsFunc(secrets, func(s *webhooks.Webhook) bool { return s.Verify(body, r.Header) == nil })
		if !verified {
			http.Error(w, "the signature is wrong", http.StatusUnauthorized)
			return
		}
		if err := apply(r.Header.Get("webhook-id"), body); err != nil {
			http.Error(w, "the event is not stored", http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}
