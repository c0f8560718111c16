package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"registrar/api"
	"registrar/api/openapi"
	"registrar/dev/userdb"
	"registrar/internal/engine"
	"registrar/internal/message"
	"registrar/internal/store"
	"registrar/internal/store/storetest"
	"registrar/internal/user"
	"registrar/workflows"
)

const adminUsers = "/v1/admin/users/"

// operate sends a request with the operator's token.
func (r *testService) operate(t *testing.T, method, path string, body any) answer {
	t.Helper()
	return r.mustCall(t, method, path, body, "Authorization", "Bearer "+adminToken)
}

// erase erases a user, and waits for the complete receipt. A registration that does not end when it is cancelled is terminated after
// half a minute, and then messages may still be sent for another half.
func (r *testService) erase(t *testing.T, id string) (receipt openapi.Erasure) {
	t.Helper()
	require.Eventually(t, func() bool {
		a := r.operate(t, http.MethodDelete, adminUsers+id, nil)
		return a.status == http.StatusOK && json.Unmarshal(a.body, &receipt) == nil
	}, 3*time.Minute, 200*time.Millisecond)
	return receipt
}

// userDump returns all rows of the user database.
func (r *testService) userDump(t *testing.T) string {
	t.Helper()
	s, err := store.Open(userdb.Open(filepath.Join(r.stack.data, "registrar.db")), store.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	return storetest.Dump(t, s)
}

// allHistories returns the decrypted histories of all workflows, with their ids and search attributes.
func (r *testService) allHistories(t *testing.T) string {
	t.Helper()
	c := r.temporalClient(t)
	var all strings.Builder
	request := &workflowservice.ListWorkflowExecutionsRequest{PageSize: 1000}
	listed, err := c.ListWorkflow(t.Context(), request)
	require.NoError(t, err)
	for _, info := range listed.GetExecutions() {
		recorded := new(history.History)
		id := info.GetExecution()
		events := c.GetWorkflowHistory(t.Context(), id.GetWorkflowId(), id.GetRunId(), false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for events.HasNext() {
			event, err := events.Next()
			require.NoError(t, err)
			recorded.Events = append(recorded.Events, event)
		}
		r.decrypt(t, recorded)
		text, err := protojson.Marshal(recorded)
		require.NoError(t, err)
		all.WriteString(info.String())
		all.Write(text)
	}
	return all.String()
}

// erasedReceiver keeps the bodies of events.
type erasedReceiver struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
}

func startErasedReceiver(t *testing.T) *erasedReceiver {
	t.Helper()
	r := new(erasedReceiver)
	r.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.bodies = append(r.bodies, string(body))
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *erasedReceiver) awaitEvent(t *testing.T, event string) string {
	t.Helper()
	return await(t, event, func() (string, bool) {
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, body := range r.bodies {
			if strings.Contains(body, `"`+event+`"`) {
				return body, true
			}
		}
		return "", false
	})
}

// personalOf returns what must not be left of a user.
func personalOf(form openapi.RegistrationRequest) []string {
	return []string{form.FirstName, form.LastName, form.Username, form.Email, form.MobileNumber, "$argon2id"}
}

func requireNothingLeft(t *testing.T, s *testService, personal []string) {
	t.Helper()
	rows, histories := s.userDump(t), s.allHistories(t)
	for _, p := range personal {
		require.False(t, containsEncoded(rows, p), "%q is in the user database", p)
		require.False(t, containsEncoded(histories, p), "%q is in Temporal", p)
	}
}

// eventSettings are the settings of a service that sends events to a receiver.
func eventSettings(url string) []string {
	return []string{
		"ADMIN_TOKEN=" + adminToken, "EVENTS_URL=" + url, "EVENTS_ALLOW_PRIVATE=true", "EVENTS_PASSWORD_HASH=true",
		"EVENTS_SECRET=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
	}
}

// TestErase erases an active user who was changed, after a message about it had been sent.
func TestErase(t *testing.T) {
	t.Parallel()
	to := startErasedReceiver(t)
	s := startService(t, eventSettings(to.URL)...)
	form := distinctiveForm()
	id := s.mustRegister(t, form).RegistrationID
	s.requireActive(t, id, s.awaitCode(t, form.MobileNumber, 1))
	s.awaitMessages(t, form.Email, message.KindWelcome, 1)
	s.awaitEnd(t, id)
	found := decode[openapi.UserPage](t, s.operate(t, http.MethodGet, adminUsers[:len(adminUsers)-1]+"?username="+form.Username, nil), http.StatusOK)
	require.Len(t, found.Users, 1)
	userID := found.Users[0].UserID
	changed := "Quastenflösser"
	require.Equal(t, http.StatusOK, s.operate(t, http.MethodPatch, adminUsers+userID, map[string]any{"last_name": changed}).status)
	to.awaitEvent(t, "user.updated")

	exported := s.operate(t, http.MethodGet, adminUsers+userID+"/export", nil)
	require.Equal(t, http.StatusOK, exported.status, string(exported.body))
	var whole map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(exported.body, &whole))
	for _, member := range []string{"user", "messages", "events", "audit", "workflow", "timeline"} {
		require.Contains(t, whole, member)
	}
	require.NotContains(t, string(exported.body), "$argon2id")
	personal := append(personalOf(form), changed)
	rows, histories := s.userDump(t), s.allHistories(t)
	for _, p := range personal {
		require.True(t, containsEncoded(rows+histories, p), "the search finds %q", p)
	}

	receipt := s.erase(t, userID)
	require.Equal(t, []string{userID, id, user.ErasureID(userID)}, []string{receipt.UserID, receipt.RegistrationID, receipt.ReceiptID})
	require.Equal(t, 1, receipt.Counts["users"])
	erased := to.awaitEvent(t, "user.erased")
	for _, p := range personal {
		require.NotContains(t, erased, p)
	}
	s.checkHistory(t, "user_change_erase", workflows.UserChangeWorkflowID(userID, user.ErasureID(userID)), `"DeliverEvents"`)
	requireNothingLeft(t, s, personal)
	require.Equal(t, http.StatusNotFound, s.operate(t, http.MethodGet, adminUsers+userID, nil).status)
	require.Equal(t, http.StatusNotFound, s.operate(t, http.MethodGet, adminUsers+userID+"/export", nil).status)
	require.Equal(t, receipt, s.erase(t, userID))
	require.Equal(t, receipt, s.erase(t, id))
	require.Equal(t, http.StatusNotFound, s.operate(t, http.MethodDelete, adminUsers+changeIDOfNobody, nil).status)
}

const changeIDOfNobody = "0198f6c2-8a11-7b5e-9c3d-2f6e1a4b7c80"

// TestHistoryOfAChange replays the history of a change without events.
func TestHistoryOfAChange(t *testing.T) {
	t.Parallel()
	s := startService(t, "ADMIN_TOKEN="+adminToken)
	form := newForm()
	id := s.mustRegister(t, form).RegistrationID
	s.requireActive(t, id, s.awaitCode(t, form.MobileNumber, 1))
	page := decode[openapi.UserPage](t, s.operate(t, http.MethodPost, adminUsers+"search", map[string]any{"email": form.Email}), http.StatusOK)
	userID := page.Users[0].UserID
	done := decode[openapi.UserChange](t, s.operate(t, http.MethodPost, adminUsers+userID+"/block", nil), http.StatusOK)
	s.checkHistory(t, "user_change_block", workflows.UserChangeWorkflowID(userID, done.ChangeID), `"EVENT_TYPE_MARKER_RECORDED"`)
}

// TestEraseRunningRegistration erases users who wait for their codes, while events cannot be delivered, and while the database is
// away at first.
func TestEraseRunningRegistration(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(nil)
	gone.Close()
	s := startService(t, eventSettings(gone.URL)...)
	form := distinctiveForm()
	id := s.mustRegister(t, form).RegistrationID
	s.awaitCode(t, form.MobileNumber, 1)

	changes := engine.NewChanges(s.temporalClient(t), time.Second)
	restore := stopDatabase(t, s.stack.data)
	in := api.ErasureInput(id, "test", s.stack.config.Policy())
	in.At = time.Now()
	_, err := changes.Change(t.Context(), in)
	require.ErrorIs(t, err, engine.ErrUnconfirmed)
	restore()
	receipt := s.erase(t, id)
	require.Equal(t, id, receipt.RegistrationID)
	requireNothingLeft(t, s, personalOf(form))
}
