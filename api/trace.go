package api

import (
	"context"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"go.opentelemetry.io/contrib/instrumentation/github.com/gin-gonic/gin/otelgin"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"registrar/internal/span"
)

// traceRequests records a span for each request except probes. Every request begins a new trace: a traceparent header could let a
// client trace all its requests, and write data of its own into traces and histories.
func traceRequests(provider trace.TracerProvider) gin.HandlerFunc {
	return otelgin.Middleware("",
		otelgin.WithTracerProvider(provider),
		otelgin.WithPropagators(propagation.NewCompositeTextMapPropagator()),
		otelgin.WithSpanNameFormatter(spanName),
		otelgin.WithGinFilter(func(c *gin.Context) bool { return c.FullPath() != "/healthz" && c.FullPath() != "/readyz" }),
	)
}

// spanName returns the method and the route of a request. Both are the client's text if there is no route.
func spanName(c *gin.Context) string {
	if c.FullPath() == "" {
		return "unmatched"
	}
	return c.Request.Method + " " + c.FullPath()
}

// nameRegistration adds the registration in a request's address to its log lines and its span.
func nameRegistration(c *gin.Context) {
	if id := c.Param("id"); strings.HasPrefix(c.FullPath(), registrationsPath) && uuid.Validate(id) == nil {
		c.Request = c.Request.WithContext(span.WithRegistration(c.Request.Context(), id))
	}
}

// withRegistration returns the request's own context with the id of a new registration for its log lines, also for the line of the
// request, and its span.
func withRegistration(ctx context.Context, id string) context.Context {
	named := span.WithRegistration(requestContext(ctx), id)
	if c, ok := ctx.(*gin.Context); ok {
		c.Request = c.Request.WithContext(named)
	}
	return named
}
