package payload

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// FuzzDecode has any ciphertext, and the genuine one with a change.
func FuzzDecode(f *testing.F) {
	codec := setup(f)
	genuine := encode(f, codec, plain(f))
	for _, seed := range [][]byte{
		genuine.GetData(), genuine.GetData()[:20], append(bytes.Clone(genuine.GetData()), 0), encode(f, setup(f), plain(f)).GetData(), {}, {1}, {1, 0, 0, 0, 0}, make([]byte, 64),
	} {
		f.Add(seed, uint16(0), byte(1))
	}
	f.Fuzz(func(t *testing.T, ciphertext []byte, at uint16, change byte) {
		changed := bytes.Clone(genuine.GetData())
		changed[int(at)%len(changed)] ^= change
		for _, data := range [][]byte{ciphertext, changed} {
			p := &commonpb.Payload{Metadata: map[string][]byte{converter.MetadataEncoding: []byte(Encoding)}, Data: data}
			decoded, err := codec.Decode([]*commonpb.Payload{p})
			if bytes.Equal(data, genuine.GetData()) {
				require.NoError(t, err)
				require.True(t, proto.Equal(plain(t), decoded[0]))
				continue
			}
			require.Error(t, err, "only the owner of the keys can encrypt")
			require.Empty(t, decoded)
		}
	})
}

// FuzzHandler has any request to the codec endpoint. An empty body is replaced by a genuine one: the keys differ in each
// process of the fuzzer.
func FuzzHandler(f *testing.F) {
	codec := setup(f)
	handler := Handler(codec, Options{Token: "s3cret", AllowedOrigins: []string{ui}})
	encoded, err := protojson.Marshal(&commonpb.Payloads{Payloads: []*commonpb.Payload{encode(f, codec, plain(f))}})
	require.NoError(f, err)
	for _, seed := range [][]byte{
		encoded, encoded[:len(encoded)/2], []byte("{}"), []byte(`{"payloads":null}`), []byte(`{"payloads":[null]}`), []byte(`{"payloads":[{"metadata":{"encoding":"YmluYXJ5L2VuY3J5cHRlZA=="}}]}`),
		[]byte("[]"), {}, []byte("\xff"), []byte(strings.Repeat(`{"payloads":[`, 2000)),
	} {
		f.Add("POST", "/decode", "Bearer s3cret", "", seed)
		f.Add("POST", "/encode", "bearer s3cret", ui, seed)
	}
	f.Add("OPTIONS", "/decode", "", "http://evil.example", []byte{})
	f.Add("GET", "/x", "Bearer s3cret\x00", "null", []byte{})
	f.Fuzz(func(t *testing.T, method, path, authorization, origin string, body []byte) {
		if len(body) == 0 {
			body = encoded
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", bytes.NewReader(body))
		r.Method, r.URL.Path = method, path
		r.Header = http.Header{"Authorization": {authorization}, "Origin": {origin}}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)

		require.Less(t, w.Code, http.StatusInternalServerError, w.Body)
		if authorization != "Bearer s3cret" || origin != "" && origin != ui {
			require.NotEqual(t, http.StatusOK, w.Code)
			require.NotContains(t, w.Body.String(), private)
		}
		if w.Code == http.StatusOK {
			require.True(t, json.Valid(w.Body.Bytes()), w.Body)
			require.NoError(t, protojson.Unmarshal(w.Body.Bytes(), &commonpb.Payloads{}))
		}
		if allowed := w.Header().Get("Access-Control-Allow-Origin"); allowed != "" {
			require.Equal(t, ui, allowed)
		}
	})
}
