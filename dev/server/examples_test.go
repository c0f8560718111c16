package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
)

// exampleStatuses has the expected statuses of each example of a request in openapi.yaml, in the order of the calls. The key
// of an operation without named examples ends with a slash.
var exampleStatuses = []struct {
	example  string // operation/example
	statuses []int
}{
	{"createRegistration/code_by_sms", []int{201}},
	{"createRegistration/code_by_email", []int{201}},
	{"createRegistration/all_fields", []int{201}},
	{"createRegistration/refused", []int{422}},
	{"checkPassword/weak", []int{200}},
	{"checkPassword/strong", []int{200}},
	{"getRegistration/", []int{200}},
	{"verifyRegistration/code", []int{422}},
	{"verifyRegistration/as_typed", []int{422}},
	{"resendCode/again", []int{202}},
	{"resendCode/by_email", []int{202}},
	{"resendCode/corrected_number", []int{202}},
	{"getTimeline/", []int{200}},
	{"listUsers/", []int{200}},
	{"searchUsers/by_email", []int{200}},
	{"searchUsers/page", []int{200}},
	{"getUser/", []int{200}},
	{"updateUser/name", []int{200}},
	{"updateUser/consent", []int{200}},
	{"updateUser/invalid", []int{422}},
	{"blockUser/", []int{409}}, // no user has verified
	{"unblockUser/", []int{200}},
	{"exportUser/", []int{200}},
	{"eraseUser/", []int{202}}, // the registration is running
	{"listAudit/", []int{200}},
	{"listEvents/", []int{200}},
	{"getEvent/", []int{200}},
	{"replayEvents/undelivered", []int{202}},
	{"replayEvents/all", []int{202}},
	{"replayEvents/invalid", []int{422}},
	{"getEventReplay/", []int{200}},
	{"previewCampaign/html", []int{200}},
	{"previewCampaign/mistake", []int{422}},
	{"createCampaign/text", []int{202}},
	{"createCampaign/html", []int{202}},
	{"listCampaigns/", []int{200}},
	{"getCampaign/", []int{200}},
	{"steerCampaign/", []int{202, 409}}, // without recipients, a campaign ends at once
	{"showConfirmEmail/", []int{400}},   // only an email has a genuine token
	{"confirmEmail/", []int{400}},
	{"showDisownEmail/", []int{400}},
	{"disownEmail/", []int{400}},
	{"showUnsubscribe/", []int{400}},
	{"unsubscribe/", []int{400}},
	{"postMailgunReport/", []int{404}}, // no provider is configured
	{"postTwilioReport/", []int{404}},
	{"getHealth/", []int{200}},
	{"getReadiness/", []int{200}},
}

// example is a request as /docs prepares it.
type example struct {
	method, path string
	body         any // nil: none
	mediaType    string
	admin        bool
}

// TestExamplesOfTheContract sends every example of openapi.yaml to the service. As on the page, the ids are those of the last
// registration, the last campaign and the newest user.
func TestExamplesOfTheContract(t *testing.T) {
	t.Parallel()
	document, err := openapi3.NewLoader().LoadFromFile("../../api/openapi.yaml")
	require.NoError(t, err)
	examples := requestExamples(t, document)
	s := startWithReceiver(t, "ADMIN_TOKEN="+adminToken)
	ids := map[string]string{}
	for _, want := range exampleStatuses {
		e, ok := examples[want.example]
		require.True(t, ok, "%s is not in the contract", want.example)
		delete(examples, want.example)
		a := s.callExample(t, e, ids)
		require.Contains(t, want.statuses, a.status, "%s: %s", want.example, a.body)
		var got struct {
			RegistrationID string `json:"registration_id"`
			CampaignID     string `json:"campaign_id"`
			Users          []struct {
				UserID string `json:"user_id"`
			}
			Events []struct {
				EventID string `json:"event_id"`
			}
			ReplayID string `json:"replay_id"`
		}
		_ = json.Unmarshal(a.body, &got) // pages are not JSON
		ids["/v1/registrations/"] = cmp.Or(got.RegistrationID, ids["/v1/registrations/"])
		ids["/v1/admin/registrations/"] = ids["/v1/registrations/"]
		if len(got.Users) > 0 {
			ids["/v1/admin/users/"] = got.Users[0].UserID
		}
		if len(got.Events) > 0 {
			ids["/v1/admin/events/"] = got.Events[0].EventID
		}
		ids["/v1/admin/events/replays/"] = cmp.Or(got.ReplayID, ids["/v1/admin/events/replays/"])
		ids["/v1/campaigns/"] = cmp.Or(got.CampaignID, ids["/v1/campaigns/"])
	}
	require.Empty(t, slices.Collect(maps.Keys(examples)), "examples without an expected status")
}

// callExample sends an example and checks the answer against the contract.
func (s *testClient) callExample(t *testing.T, e example, ids map[string]string) answer {
	t.Helper()
	path := strings.Replace(e.path, "{id}", ids[e.path[:strings.Index(e.path+"{", "{")]], 1)
	body := io.Reader(http.NoBody)
	if form, ok := e.body.(map[string]any); ok && e.mediaType == "application/x-www-form-urlencoded" {
		values := url.Values{}
		for name, value := range form {
			values.Set(name, fmt.Sprint(value))
		}
		body = strings.NewReader(values.Encode())
	} else if e.body != nil {
		text, err := json.Marshal(e.body)
		require.NoError(t, err)
		body = strings.NewReader(string(text))
	}
	request, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), e.method, s.base+path, body)
	require.NoError(t, err)
	if e.mediaType != "" {
		request.Header.Set("Content-Type", e.mediaType)
	}
	if e.admin {
		request.Header.Set("Authorization", "Bearer "+adminToken)
	}
	authorize(request)
	a, err := s.send(request)
	require.NoError(t, err)
	return a
}

// requestExamples returns the requests of all operations, by operation and example.
func requestExamples(t *testing.T, document *openapi3.T) map[string]example {
	t.Helper()
	all := map[string]example{}
	for path, item := range document.Paths.Map() {
		for method, operation := range item.Operations() {
			e := example{method: method, path: exampleURL(t, path, append(item.Parameters, operation.Parameters...)), admin: needsAdmin(operation)}
			if operation.RequestBody != nil {
				for mediaType, content := range operation.RequestBody.Value.Content {
					e.mediaType, e.body = mediaType, content.Example
					for name, named := range content.Examples {
						e.body = named.Value.Value
						all[operation.OperationID+"/"+name] = e
					}
					if len(content.Examples) > 0 {
						continue
					}
					all[operation.OperationID+"/"] = e
				}
				continue
			}
			all[operation.OperationID+"/"] = e
		}
	}
	return all
}

// exampleURL returns a path with the examples of all parameters except id.
func exampleURL(t *testing.T, path string, parameters openapi3.Parameters) string {
	t.Helper()
	query := url.Values{}
	for _, p := range parameters {
		switch {
		case !p.Value.Required || p.Value.Name == "id":
		case p.Value.In == "path":
			path = strings.Replace(path, "{"+p.Value.Name+"}", p.Value.Example.(string), 1)
		default:
			require.NotNil(t, p.Value.Example, "%s %s", path, p.Value.Name)
			query.Set(p.Value.Name, p.Value.Example.(string))
		}
	}
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

func needsAdmin(operation *openapi3.Operation) bool {
	return operation.Security != nil && slices.ContainsFunc(*operation.Security, func(r openapi3.SecurityRequirement) bool {
		_, ok := r["adminToken"]
		return ok
	})
}
