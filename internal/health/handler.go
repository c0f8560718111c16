package health

import (
	"encoding/json"
	"log/slog"
	"net/http"
)

// Paths of the probes.
const (
	LivePath  = "/healthz"
	ReadyPath = "/readyz"
)

// Handler answers GET /healthz with 200, and GET /readyz with 200, or with 503 if a check fails. It passes other requests to
// next.
func Handler(checks Checks, logger *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		get := r.Method == http.MethodGet || r.Method == http.MethodHead
		switch {
		case get && r.URL.Path == LivePath:
			answer(w, http.StatusOK, Report{Status: StatusOK})
		case get && r.URL.Path == ReadyPath:
			report := checks.Run(r.Context(), logger)
			code := http.StatusOK
			if report.Status != StatusReady {
				code = http.StatusServiceUnavailable
			}
			answer(w, code, report)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func answer(w http.ResponseWriter, code int, report Report) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(report) // it fails only if the client has disconnected
}
