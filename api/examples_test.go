package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
)

// TestExamplesOfProblems: every error of the contract has an example, with the texts of the real answer.
func TestExamplesOfProblems(t *testing.T) {
	t.Parallel()
	contract, err := openapi3.NewLoader().LoadFromData(specification)
	require.NoError(t, err)
	shown := map[openapi.ProblemCode]bool{}
	for path, item := range contract.Paths.Map() {
		for method, operation := range item.Operations() {
			for status, response := range operation.Responses.Map() {
				content := response.Value.Content["application/problem+json"]
				if content == nil {
					continue
				}
				examples := examplesOf(content)
				require.NotEmpty(t, examples, "%s %s %s", method, path, status)
				for _, example := range examples {
					text, err := json.Marshal(example)
					require.NoError(t, err)
					var p openapi.Problem
					require.NoError(t, json.Unmarshal(text, &p))
					require.Equal(t, answers[p.Code].status, p.Status, "%s %s %s", method, path, status)
					require.Equal(t, http.StatusText(p.Status), p.Title)
					if !slices.Contains(ownDetails, p.Code) {
						require.Equal(t, answers[p.Code].detail, p.Detail)
					}
					require.Equal(t, slices.Contains(aboutFields, p.Code), len(p.Errors) > 0, "%s %s %s", method, path, status)
					shown[p.Code] = true
				}
			}
		}
	}
	require.True(t, shown[openapi.ProblemCodeEmailTaken])
}

// ownDetails are the errors whose detail depends on the request: it names the field, or is a text of the gate.
var ownDetails = []openapi.ProblemCode{openapi.ProblemCodeWrongType, openapi.ProblemCodeRefusedByPolicy}

// aboutFields are the errors whose examples have fields.
var aboutFields = []openapi.ProblemCode{openapi.ProblemCodeValidationFailed, openapi.ProblemCodeRefusedByPolicy}

// examplesOf returns the values of all examples.
func examplesOf(content *openapi3.MediaType) []any {
	var values []any
	if content.Example != nil {
		values = append(values, content.Example)
	}
	for _, example := range content.Examples {
		values = append(values, example.Value.Value)
	}
	return values
}
