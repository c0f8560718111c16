package config

import (
	"net/url"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// Tracing configures traces. The variables are those of OpenTelemetry's specification.
type Tracing struct {
	Endpoint      string  `env:"OTEL_EXPORTER_OTLP_ENDPOINT" example:"https://collector.example.com:4318" doc:"Base URL of a collector that receives traces by OTLP over HTTP, at /v1/traces below it (docs/tracing.md). If empty, there are no traces."`
	HeaderList    string  `env:"OTEL_EXPORTER_OTLP_HEADERS" secret:"true" example:"api-key=secret" doc:"Headers of the requests to the collector, such as a key: name=value, separated by commas, with values encoded as in a URL."`
	SampleRatio   float64 `env:"OTEL_TRACES_SAMPLER_ARG" envDefault:"1" example:"0.1" doc:"Share of the requests that are traced, 0 to 1. The workflow and the steps of a registration belong to the trace of its request."`
	TracedService string  `env:"OTEL_SERVICE_NAME" envDefault:"registrar" example:"registrar-api" doc:"Name of the process in traces."`
}

// maxServiceName is the maximum length of OTEL_SERVICE_NAME.
const maxServiceName = 255

// Headers returns the headers of OTEL_EXPORTER_OTLP_HEADERS, and whether all entries are valid.
func (t Tracing) Headers() (headers map[string]string, ok bool) {
	headers = map[string]string{}
	for entry := range strings.SplitSeq(t.HeaderList, ",") {
		if strings.TrimSpace(entry) == "" {
			continue
		}
		name, encoded, found := strings.Cut(entry, "=")
		name = strings.TrimSpace(name)
		value, err := url.PathUnescape(strings.TrimSpace(encoded))
		if !found || err != nil || !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
			return nil, false
		}
		headers[name] = value
	}
	return headers, true
}

func (t Tracing) check(found *problems) {
	if u, err := url.Parse(t.Endpoint); err == nil {
		found.require(u.User == nil && u.RawQuery == "" && u.Fragment == "", "OTEL_EXPORTER_OTLP_ENDPOINT",
			"must have no credentials, query or fragment: credentials belong to OTEL_EXPORTER_OTLP_HEADERS")
	}
	_, ok := t.Headers()
	found.require(ok, "OTEL_EXPORTER_OTLP_HEADERS", "is not a list of name=value, separated by commas, with values encoded as in a URL")
	found.require(t.SampleRatio >= 0 && t.SampleRatio <= 1, "OTEL_TRACES_SAMPLER_ARG", "%g must be from 0 to 1", t.SampleRatio)
	found.require(t.TracedService != "" && len(t.TracedService) <= maxServiceName, "OTEL_SERVICE_NAME", "must have 1 to %d characters", maxServiceName)
}
