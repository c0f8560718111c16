// Package openapi has the types and requests of the HTTP API, generated from api/openapi.yaml. Package client is built on it.
package openapi

//go:generate env GOWORK=off go -C ../../tools tool oapi-codegen -config ../client/openapi/oapi-codegen.yaml ../api/openapi.yaml
