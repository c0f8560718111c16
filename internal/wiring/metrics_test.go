package wiring

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"registrar/internal/config"
	"registrar/internal/delivery"
	"registrar/internal/message"
	"registrar/internal/metrics"
)

// newCertificate returns a certificate that expires then, and its key, in PEM form.
func newCertificate(t *testing.T, expires time.Time) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: expires}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})
}

func writeFile(t *testing.T, text ...[]byte) string {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	for _, part := range text {
		_, err = file.Write(part)
		require.NoError(t, err)
	}
	require.NoError(t, file.Close())
	return file.Name()
}

func TestExpiryOfCertificates(t *testing.T) {
	first := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	soon, key := newCertificate(t, first)
	late, _ := newCertificate(t, first.AddDate(1, 0, 0))
	require.Empty(t, certificateExpiries(config.Database{}, client.Options{}))

	t.Setenv("TEMPORAL_TLS_CLIENT_CERT_PATH", writeFile(t, soon))
	t.Setenv("TEMPORAL_TLS_CLIENT_KEY_PATH", writeFile(t, key))
	t.Setenv("TEMPORAL_TLS_SERVER_CA_CERT_DATA", string(late))
	o, err := TemporalOptions(Keys{}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	require.Equal(t, map[string]time.Time{
		"database_ca": first, "temporal_client": first, "temporal_ca": first.AddDate(1, 0, 0),
	}, certificateExpiries(config.Database{TLSCA: writeFile(t, late, soon)}, o))
}

func TestAgeOfKeysets(t *testing.T) {
	t.Parallel()
	file, written := writeFile(t, []byte("keyset")), time.Now().Add(-time.Hour).Truncate(time.Second)
	require.NoError(t, os.Chtimes(file, written, written))
	variables := map[string]string{"PRF_KEYSET_FILE": file, "PAYLOAD_KEYSET_FILE": filepath.Join(t.TempDir(), "missing")}
	got := keysetTimes(func(name string) string { return variables[name] })
	require.Len(t, got, 1)
	require.True(t, written.Equal(got["prf"]))
}

// Each provider has counts from the start, and a channel without batches has no circuit breaker for them.
func TestProvidersAreMeasured(t *testing.T) {
	t.Parallel()
	c, err := config.Load([]string{
		"EMAIL_FROM=Registrar <hello@mg.example.com>", "EMAIL_PROVIDERS=smtp", "SMTP_HOST=127.0.0.1", "SMTP_TLS=none",
		"SMS_PROVIDERS=webhook", "SMS_WEBHOOK_URL=http://127.0.0.1:1/sms", "SMS_WEBHOOK_SECRET=whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz",
	})
	require.NoError(t, err)
	m := metrics.New("")
	pauses := delivery.NewPauseChecker(func(context.Context) ([]message.Pause, error) { return nil, nil })
	p, err := OpenProviders(c, pauses, m, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	_, err = p.SMS.Send(t.Context(), message.Message{Kind: message.KindOTP, To: "+15005550006", Attempt: 1})
	require.Error(t, err)
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	require.Contains(t, w.Body.String(), `registrar_provider_requests_total{channel="sms",outcome="unavailable",provider="webhook"} 1`)
	require.Contains(t, w.Body.String(), `registrar_provider_requests_total{channel="email",outcome="accepted",provider="smtp"} 0`)
	require.Contains(t, w.Body.String(), `registrar_provider_circuit_open{channel="email",messages="batches",provider="smtp"} 0`)
	require.NotContains(t, w.Body.String(), `registrar_provider_circuit_open{channel="sms",messages="batches"`)
}
