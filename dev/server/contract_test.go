package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

// contract is openapi.yaml without additional properties: answers may contain only documented members.
var contract = sync.OnceValues(func() (routers.Router, error) {
	doc, err := openapi3.NewLoader().LoadFromFile("../../api/openapi.yaml")
	if err != nil {
		return nil, err
	}
	for _, schema := range doc.Components.Schemas {
		if len(schema.Value.Properties) > 0 {
			closed := false
			schema.Value.AdditionalProperties = openapi3.BoolSchema{Has: &closed}
		}
	}
	return legacy.NewRouter(doc)
})

// checkContract returns an error if an answer does not match openapi.yaml.
func checkContract(request *http.Request, a answer) error {
	router, err := contract()
	if err != nil {
		return err
	}
	path := request.Clone(request.Context())
	path.URL.Scheme, path.URL.Host, path.Host = "", "", ""
	route, parameters, err := router.FindRoute(path)
	if err != nil {
		return fmt.Errorf("%s %s: %w", request.Method, request.URL.Path, err)
	}
	err = openapi3filter.ValidateResponse(request.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: path, Route: route, PathParams: parameters},
		Status:                 a.status,
		Header:                 a.header,
		Body:                   io.NopCloser(bytes.NewReader(a.body)),
		Options:                &openapi3filter.Options{IncludeResponseStatus: true},
	})
	if err != nil {
		return fmt.Errorf("%s %s: %d %s: %w", request.Method, request.URL.Path, a.status, a.body, err)
	}
	return nil
}
