package api

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/api/openapi"
	"registrar/internal/campaign"
	"registrar/internal/secret"
	"registrar/internal/user"
	"registrar/workflows"
)

// TestCodes compares the contract's list of codes, the table of answers and the codes of other packages.
func TestCodes(t *testing.T) {
	t.Parallel()
	schemas := contract().doc.Components.Schemas
	listed := func(values []any) (names []string) {
		for _, v := range values {
			names = append(names, v.(string)) //nolint:forcetypeassert // a list of strings
		}
		return names
	}
	var codes []string
	for code := range answers {
		codes = append(codes, string(code))
	}
	require.ElementsMatch(t, listed(schemas["ProblemCode"].Value.Enum), codes)
	for _, code := range refusals {
		require.Contains(t, answers, code)
	}
	for _, code := range ruleProblems {
		require.Contains(t, answers, code)
	}
	rules := []string{
		string(user.CodeBreached), string(user.CodeCountryCodeMissing), string(user.CodeInvalid),
		string(user.CodeInvalidCharacters), string(user.CodeNotMobile), string(user.CodeNotSupported), string(user.CodeRequired),
		string(user.CodeDomainNotAllowed),
		string(user.CodeReserved), string(user.CodeTooLarge), string(user.CodeTooLong), string(user.CodeTooShort), string(user.CodeTooSmall),
		string(user.CodeTooWeak), string(openapi.FieldErrorCodeRefusedByPolicy),
	}
	for _, code := range campaign.Codes {
		rules = append(rules, string(code))
	}
	slices.Sort(rules)
	require.ElementsMatch(t, listed(schemas["FieldError"].Value.Properties["code"].Value.Enum), slices.Compact(rules))
	statuses := []string{
		string(workflows.StatusAccepted), string(workflows.StatusPending), string(workflows.StatusActive),
		string(workflows.StatusRejected), string(workflows.StatusSuperseded), string(workflows.StatusExpired),
		string(workflows.StatusFailed),
	}
	require.ElementsMatch(t, listed(schemas["Status"].Value.Enum), statuses)
	require.ElementsMatch(t, listed(schemas["CampaignStatus"].Value.Enum), []string{
		string(campaign.StatusScheduled), string(campaign.StatusRunning), string(campaign.StatusPaused),
		string(campaign.StatusFailed), string(campaign.StatusCompleted), string(campaign.StatusCancelled),
	})
}

// TestContractExamples sends the contract's own example of a request.
func TestContractExamples(t *testing.T) {
	t.Parallel()
	s := setupCampaigns(t, &fakeCampaigns{start: accepting})
	example := func(schema string) string {
		body := map[string]any{}
		for name, property := range contract().doc.Components.Schemas[schema].Value.Properties {
			body[name] = property.Value.Example
		}
		return with(body, nil)
	}
	require.Equal(t, 201, s.send(t, "POST", registrations, example("RegistrationRequest")).Code)
	require.Equal(t, 200, s.send(t, "POST", verificationPath, example("VerificationRequest")).Code)
	require.Equal(t, 202, s.send(t, "POST", otpPath, example("ResendRequest")).Code)
	require.Equal(t, 202, s.sendAdmin(t, "POST", campaignsPath, example("CampaignRequest")).Code)
	require.Equal(t, 200, s.sendAdmin(t, "POST", campaignsPath+"/preview", example("CampaignPreviewRequest")).Code)
}

// TestRetriesAreSpread checks each possible Retry-After once.
func TestRetriesAreSpread(t *testing.T) {
	t.Parallel()
	for draw, want := range []string{"1", "2", "3"} {
		s := setup(t, func(d *Deps) {
			d.Hasher = fakeHasher(func(context.Context, string, []byte) (string, error) { return "", secret.ErrSaturated })
			d.Random = func(n int) int {
				require.Equal(t, 3, n)
				return draw
			}
		})
		w := s.send(t, "POST", registrations, with(validBody(), nil))
		requireProblem(t, w, 503, openapi.ProblemCodeOverloaded)
		require.Equal(t, want, w.Header().Get("Retry-After"))
	}
}
