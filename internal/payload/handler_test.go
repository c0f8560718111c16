package payload

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"
)

const ui = "http://localhost:8233"

func call(t *testing.T, h http.Handler, method, path, body string, headers map[string]string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "http://localhost:8089"+path, strings.NewReader(body))
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestHandlerRoundTrip(t *testing.T) {
	t.Parallel()
	codec := setup(t)
	server := httptest.NewServer(Handler(codec, Options{Token: "s3cret"}))
	t.Cleanup(server.Close)
	remote := converter.NewRemotePayloadCodec(converter.RemotePayloadCodecOptions{
		Endpoint: server.URL + "/codec",
		ModifyRequest: func(r *http.Request) error {
			r.Header.Set("Authorization", "Bearer s3cret")
			return nil
		},
	})
	want := plain(t)

	encoded, err := remote.Encode([]*commonpb.Payload{want})
	require.NoError(t, err)
	require.NotContains(t, encoded[0].String(), private)
	requireDecodes(t, codec, encoded[0], want)
	decoded, err := remote.Decode(encoded)
	require.NoError(t, err)
	require.True(t, proto.Equal(want, decoded[0]))

	_, err = remote.Decode([]*commonpb.Payload{encode(t, setup(t), want)})
	require.ErrorContains(t, err, ErrUnknownKey.Error())
}

func TestHandlerToken(t *testing.T) {
	t.Parallel()
	h := Handler(setup(t), Options{Token: "s3cret"})
	for header, want := range map[string]int{
		"":                http.StatusUnauthorized,
		"s3cret":          http.StatusUnauthorized,
		"Bearer s3cre":    http.StatusUnauthorized,
		"Bearer s3cretss": http.StatusUnauthorized,
		"Bearer s3cret":   http.StatusOK,
	} {
		w := call(t, h, http.MethodPost, "/decode", "{}", map[string]string{"Authorization": header})
		require.Equal(t, want, w.Code, header)
	}
}

func TestHandlerPreflight(t *testing.T) {
	t.Parallel()
	h := Handler(setup(t), Options{AllowedOrigins: []string{ui}, Token: "s3cret"})

	w := call(t, h, http.MethodOptions, "/decode", "", map[string]string{
		"Origin": ui, "Access-Control-Request-Method": "POST",
		"Access-Control-Request-Headers": "authorization,content-type,x-namespace",
	})

	require.Equal(t, http.StatusNoContent, w.Code)
	require.Equal(t, ui, w.Header().Get("Access-Control-Allow-Origin"))
	require.Equal(t, "POST, OPTIONS", w.Header().Get("Access-Control-Allow-Methods"))
	require.Equal(t, "content-type, x-namespace, authorization", w.Header().Get("Access-Control-Allow-Headers"))
	require.Equal(t, "Origin", w.Header().Get("Vary"))
}

func TestHandlerOrigins(t *testing.T) {
	t.Parallel()
	h := Handler(setup(t), Options{AllowedOrigins: []string{ui}})
	for _, method := range []string{http.MethodOptions, http.MethodPost} {
		w := call(t, h, method, "/decode", "{}", map[string]string{"Origin": "https://evil.example"})
		require.Equal(t, http.StatusForbidden, w.Code)
		require.Empty(t, w.Header().Get("Access-Control-Allow-Origin"))
	}
	w := call(t, h, http.MethodPost, "/decode", "{}", map[string]string{"Origin": ui})
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, ui, w.Header().Get("Access-Control-Allow-Origin"))
	w = call(t, h, http.MethodPost, "/decode", "{}", nil)
	require.Equal(t, http.StatusOK, w.Code)
	require.Empty(t, w.Header().Get("Access-Control-Allow-Origin"))
}

func TestHandlerRefuses(t *testing.T) {
	t.Parallel()
	h := Handler(setup(t), Options{})
	for name, tt := range map[string]struct {
		method, path, body string
		want               int
	}{
		"get":        {http.MethodGet, "/decode", "", http.StatusNotFound},
		"other path": {http.MethodPost, "/other", "{}", http.StatusNotFound},
		"not json":   {http.MethodPost, "/decode", "x", http.StatusBadRequest},
		"too large":  {http.MethodPost, "/decode", string(bytes.Repeat([]byte(" "), maxBody+1)), http.StatusRequestEntityTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, call(t, h, tt.method, tt.path, tt.body, nil).Code)
		})
	}
}

// Without a token, the endpoint relies on being reachable from this machine only. A page whose host name points to this machine
// must not use it.
func TestHandlerHosts(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]int{
		"localhost:8089": http.StatusOK, "127.0.0.1:8089": http.StatusOK, "[::1]:8089": http.StatusOK,
		"evil.example:8089": http.StatusForbidden, "localhost.evil.example": http.StatusForbidden, "10.0.0.1:8089": http.StatusForbidden,
	} {
		for _, token := range []string{"", "s3cret"} {
			h := Handler(setup(t), Options{Token: token})
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/decode", strings.NewReader("{}"))
			r.Host = host
			r.Header.Set("Authorization", "Bearer "+token)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if token != "" {
				want = http.StatusOK
			}
			require.Equal(t, want, w.Code, "%s with token %q", host, token)
		}
	}
}

func TestHandlerPassesUnencryptedPayloadsThrough(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(Handler(setup(t), Options{}))
	t.Cleanup(server.Close)
	remote := converter.NewRemotePayloadCodec(converter.RemotePayloadCodecOptions{Endpoint: server.URL})
	decoded, err := remote.Decode([]*commonpb.Payload{plain(t)})
	require.NoError(t, err)
	require.True(t, proto.Equal(plain(t), decoded[0]))
}
