// Package openapi has the types and routes that are generated from api/openapi.yaml.
package openapi

//go:generate env GOWORK=off go -C ../../tools tool oapi-codegen -config ../api/openapi/oapi-codegen.yaml ../api/openapi.yaml
