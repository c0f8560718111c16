package main

import (
	"compress/gzip"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// collectorKey is what a collector requires of its clients.
const collectorKey = "key-of-the-collector"

// collector receives traces by OTLP over HTTP.
type collector struct {
	url  string
	mu   sync.Mutex
	all  []*tracepb.Span
	body []byte // of all requests
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := new(collector)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/otlp/v1/traces" || r.Header.Get("Api-Key") != collectorKey {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		if err := c.receive(r); err != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	t.Cleanup(server.Close)
	c.url = server.URL + "/otlp"
	return c
}

func (c *collector) receive(r *http.Request) error {
	unpacked, err := gzip.NewReader(r.Body)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(unpacked)
	if err != nil {
		return err
	}
	var request collectorpb.ExportTraceServiceRequest
	if err := proto.Unmarshal(body, &request); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.body = append(c.body, body...)
	for _, resource := range request.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			c.all = append(c.all, scope.GetSpans()...)
		}
	}
	return nil
}

// settings are the settings of a service that sends its traces to the collector.
func (c *collector) settings() []string {
	return []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + c.url, "OTEL_EXPORTER_OTLP_HEADERS=api-key=" + collectorKey}
}

// spans returns the received spans. All spans of a service have been received when it has been stopped.
func (c *collector) spans() spans {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all
}

// content returns the bodies of all requests, decompressed.
func (c *collector) content() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return string(c.body)
}

type spans []*tracepb.Span

// named returns the spans with a name.
func (all spans) named(name string) (found spans) {
	for _, s := range all {
		if s.GetName() == name {
			found = append(found, s)
		}
	}
	return found
}

// trace returns the spans of a trace.
func (all spans) trace(id []byte) (found spans) {
	for _, s := range all {
		if string(s.GetTraceId()) == string(id) {
			found = append(found, s)
		}
	}
	return found
}

// path returns the names of a span and of all spans above it, up to the root of its trace.
func (all spans) path(t *testing.T, s *tracepb.Span) []string {
	t.Helper()
	names := []string{s.GetName()}
	for len(s.GetParentSpanId()) > 0 {
		parent := all.withID(s.GetParentSpanId())
		require.NotNil(t, parent, "%v has the unknown parent %s", names, hex.EncodeToString(s.GetParentSpanId()))
		require.Equal(t, s.GetTraceId(), parent.GetTraceId())
		names, s = append(names, parent.GetName()), parent
	}
	return names
}

func (all spans) withID(id []byte) *tracepb.Span {
	for _, s := range all {
		if string(s.GetSpanId()) == string(id) {
			return s
		}
	}
	return nil
}

// attributeOf returns the text of an attribute, "" if the span has none.
func attributeOf(s *tracepb.Span, key string) string {
	for _, a := range s.GetAttributes() {
		if a.GetKey() == key {
			return a.GetValue().GetStringValue()
		}
	}
	return ""
}
