package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"registrar/api"
	"registrar/api/openapi"
	"registrar/dev/userdb"
	"registrar/internal/config"
	"registrar/internal/metrics"
	"registrar/internal/secret"
	"registrar/internal/store"
	"registrar/internal/wiring"
	"registrar/workflows"
)

// If the API has a promoted key before the workers, its registrations wait until the workers have the key too.
func TestPromotedKeyThatWorkersLack(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	stack, err := startStack(data, discardLogger(), nil)
	require.NoError(t, err)
	s := &testService{newTestClient(stack.base), stack}
	operator := s.temporalClient(t)

	payload := readFile(t, data, "payload.keyset")
	payload, err = secret.AddKey(payload)
	require.NoError(t, err)
	payload, err = secret.Promote(payload)
	require.NoError(t, err)
	ahead := s.secondAPI(t, config.Keys{PRF: readFile(t, data, "prf.keyset"), Payload: payload})
	form := newForm()
	accepted := decode[openapi.Progress](t, ahead.register(t, form), http.StatusAccepted)
	workflowID := workflows.RegistrationWorkflowID(accepted.RegistrationID)
	await(t, "a failed task", func() (string, bool) {
		history := s.eventTypes(t, operator, workflowID)
		return history, strings.Contains(history, enums.EVENT_TYPE_WORKFLOW_TASK_FAILED.String())
	})
	run, err := operator.DescribeWorkflowExecution(t.Context(), workflowID, "")
	require.NoError(t, err)
	require.Equal(t, enums.WORKFLOW_EXECUTION_STATUS_RUNNING, run.GetWorkflowExecutionInfo().GetStatus())
	require.NoError(t, stack.stop())

	s = startServiceIn(t, data, discardLogger(), "PAYLOAD_KEYSET="+payload)
	s.requireActive(t, accepted.RegistrationID, s.awaitCode(t, form.MobileNumber, 1))
}

func readFile(t *testing.T, folder, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(folder, name))
	require.NoError(t, err)
	return string(content)
}

// secondAPI starts another API with other keys and a short wait for workers.
func (r *testService) secondAPI(t *testing.T, k config.Keys) *testClient {
	t.Helper()
	keys, err := wiring.OpenKeys(k)
	require.NoError(t, err)
	users, err := store.Open(userdb.Open(filepath.Join(r.stack.data, "registrar.db")), store.Options{Logger: discardLogger()})
	require.NoError(t, err)
	t.Cleanup(func() { _ = users.Close() })
	o := wiring.Encrypted(client.Options{Namespace: client.DefaultNamespace}, keys, discardLogger())
	o.HostPort = r.stack.locations[len(r.stack.locations)-1].Address
	temporal, err := client.DialContext(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(temporal.Close)
	c := r.stack.config
	c.API.WaitBudget = 0 // the default
	deps := wiring.APIDeps(c, keys, users, temporal, nil, metrics.New(""), discardLogger())
	deps.Gate, err = wiring.OpenGate(c.Gate, users, metrics.New(""), discardLogger())
	require.NoError(t, err)
	hasher, stopHasher, err := wiring.OpenHasher(c.Password, nil, discardLogger())
	require.NoError(t, err)
	t.Cleanup(stopHasher)
	deps.Hasher = hasher
	server := httptest.NewServer(api.New(deps))
	t.Cleanup(server.Close)
	return newTestClient(server.URL)
}

// A registration whose workflow was terminated is closed.
func TestTerminatedRegistration(t *testing.T) {
	t.Parallel()
	s := shared(t)
	form := newForm()
	id := s.mustRegister(t, form).RegistrationID
	code := s.awaitCode(t, form.MobileNumber, 1)
	operator := s.temporalClient(t)
	require.NoError(t, operator.TerminateWorkflow(t.Context(), workflows.RegistrationWorkflowID(id), "", "test"))
	require.Equal(t, openapi.StatusFailed, s.get(t, id).Status)
	requireProblem(t, s.verify(t, id, code), http.StatusGone, openapi.ProblemCodeRegistrationClosed)
}
