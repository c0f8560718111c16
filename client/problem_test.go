package client_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/client"
	"registrar/client/openapi"
)

func TestErrorTexts(t *testing.T) {
	t.Parallel()
	for want, a := range map[string]answer{
		"registrar: 422 validation_failed: It failed. email must be an email address. (request r1)": problem(422, openapi.ProblemCodeValidationFailed, "",
			`, "errors": [{"field": "email", "code": "invalid", "message": "must be an email address"}]`),
		"registrar: 400: Bad Request (request r1)": {status: 400, body: "<html>"},
	} {
		run(t, []answer{a}, func(t *testing.T, _ *service, c *client.Client) {
			_, err := c.Register(t.Context(), form)
			require.EqualError(t, err, want)
		})
	}
}
