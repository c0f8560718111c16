package api

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

func BenchmarkHandler(b *testing.B) {
	for name, request := range map[string]func() *http.Request{
		"register": func() *http.Request {
			r := httptest.NewRequest("POST", registrations, strings.NewReader(with(validBody(), nil)))
			r.Header.Set("Content-Type", "application/json")
			return r
		},
		"invalid": func() *http.Request {
			r := httptest.NewRequest("POST", registrations, strings.NewReader(`{}`))
			r.Header.Set("Content-Type", "application/json")
			return r
		},
		"status":  func() *http.Request { return httptest.NewRequest("GET", registrationPath, nil) },
		"healthz": func() *http.Request { return httptest.NewRequest("GET", "/healthz", nil) },
	} {
		b.Run(name, func(b *testing.B) {
			s := setup(b)
			var times []time.Duration
			b.ReportAllocs()
			for b.Loop() {
				begin := time.Now()
				s.handler.ServeHTTP(httptest.NewRecorder(), request())
				times = append(times, time.Since(begin))
				s.logs.Reset()
			}
			slices.Sort(times)
			b.ReportMetric(float64(times[len(times)*99/100]), "p99-ns/op")
		})
	}
}
