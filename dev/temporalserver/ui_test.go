package temporalserver

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

// A page of another origin, or one whose host name points to this machine, must neither read nor start workflows.
func TestWebUIRefusesPagesOfOtherHostsAndOrigins(t *testing.T) {
	t.Parallel()
	port := parts.FreePort()
	s := setup(t, Options{UIPort: port})
	own := "localhost:" + strconv.Itoa(port)
	const foreign = "evil.example:8233"
	call := func(method, host, origin, site string) int {
		path := "/api/v1/namespaces/default/workflows"
		if method == http.MethodPost {
			path += "/registration-1"
		}
		body := strings.NewReader(`{"workflowType": {"name": "anything"}, "taskQueue": {"name": "nobody"}, "requestId": "1"}`)
		r, err := http.NewRequestWithContext(t.Context(), method, "http://"+own+path, body)
		require.NoError(t, err)
		r.Host = host
		for name, value := range map[string]string{"Origin": origin, "Sec-Fetch-Site": site} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-Csrf-Token", "token")
		r.AddCookie(&http.Cookie{Name: "_csrf", Value: "token"})
		response, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		return response.StatusCode
	}
	require.Equal(t, http.StatusForbidden, call(http.MethodGet, foreign, "", "same-origin"))
	require.Equal(t, http.StatusForbidden, call(http.MethodPost, foreign, "http://"+foreign, "same-origin"))
	require.Equal(t, http.StatusForbidden, call(http.MethodPost, foreign, "", ""))
	require.Equal(t, http.StatusForbidden, call(http.MethodPost, own, "https://evil.example", "cross-site"))
	require.Equal(t, http.StatusForbidden, call(http.MethodPost, own, "https://evil.example", ""))
	require.Equal(t, http.StatusForbidden, call(http.MethodPost, own, "http://localhost:9999", "same-site"))
	_, err := dial(t, s).DescribeWorkflowExecution(t.Context(), "registration-1", "")
	require.Error(t, err, "nothing was started")

	require.Equal(t, http.StatusOK, call(http.MethodGet, own, "", "same-origin"))
	require.Equal(t, http.StatusOK, call(http.MethodPost, own, "http://"+own, "same-origin"), "its own pages can act")
	_, err = dial(t, s).DescribeWorkflowExecution(t.Context(), "registration-1", "")
	require.NoError(t, err)
}
