//go:build ops

package limit

import (
	"crypto/x509"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

// TestRedis runs the tests of every store on a real server.
func TestRedis(t *testing.T) {
	s := openRedis(t, parts.StartRedis(t).URL())
	testStore(t, s)
}

// TestRedisWithTLS logs in to a server over TLS.
func TestRedisWithTLS(t *testing.T) {
	certificate, key, authorities := certify(t)
	port := strconv.Itoa(parts.FreePort())
	parts.StartRedis(t, "--tls-port", port, "--tls-cert-file", certificate, "--tls-key-file", key, "--tls-auth-clients", "no",
		"--user", "registrar", "on", ">s3cret", "~registrar:limit:*", "+@all")
	take := func(address string, authorities *x509.CertPool) error {
		s := openRedis(t, address)
		s.server.tls.RootCAs = authorities // in production those of the system, or of SSL_CERT_FILE
		_, err := s.take(t.Context(), "action", slotsAt(Rate{Max: 1, Period: time.Minute}, "registrar:limit:test"))
		return err
	}
	address := "rediss://registrar:s3cret@127.0.0.1:" + port
	require.NoError(t, take(address, authorities))
	require.ErrorContains(t, take(address, x509.NewCertPool()), "certificate")
	err := take(strings.Replace(address, "s3cret", "0ther", 1), authorities)
	require.ErrorContains(t, err, "WRONGPASS")
	require.NotContains(t, err.Error(), "0ther")
}

// TestRedisRestarts has connections in the pool that a restart has closed.
func TestRedisRestarts(t *testing.T) {
	server := parts.StartRedis(t)
	s := openRedis(t, server.URL())
	c, err := s.pool.GetContext(t.Context())
	require.NoError(t, err)
	lastUsed := time.Now().Add(-freshFor)
	require.NoError(t, s.pool.TestOnBorrowContext(t.Context(), c, lastUsed))
	server.Kill()
	require.Error(t, s.pool.TestOnBorrowContext(t.Context(), c, lastUsed))
	require.NoError(t, server.Start())
	require.Error(t, c.Err(), "which keeps it out of the pool")
	require.NoError(t, c.Close())
	require.Zero(t, s.pool.IdleCount())
	_, err = s.take(t.Context(), "action", slotsAt(Rate{Max: 1, Period: time.Minute}, "registrar:limit:test"))
	require.NoError(t, err)
}

func BenchmarkRedis(b *testing.B) {
	s := openRedis(b, parts.StartRedis(b).URL())
	for b.Loop() {
		_, err := s.take(b.Context(), "action", slotsAt(Rate{Max: 60, Period: time.Minute}, "registrar:limit:test"))
		require.NoError(b, err)
	}
}

func openRedis(t testing.TB, address string) *shared {
	t.Helper()
	s, err := newRedis(address)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.pool.Close()) })
	return s
}

// certify writes the certificate for 127.0.0.1 that httptest has, and its key.
func certify(t *testing.T) (certificate, key string, authorities *x509.CertPool) {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	t.Cleanup(server.Close)
	private, err := x509.MarshalPKCS8PrivateKey(server.TLS.Certificates[0].PrivateKey)
	require.NoError(t, err)
	certificate, key = filepath.Join(t.TempDir(), "certificate.pem"), filepath.Join(t.TempDir(), "key.pem")
	for path, block := range map[string]*pem.Block{
		certificate: {Type: "CERTIFICATE", Bytes: server.Certificate().Raw}, key: {Type: "PRIVATE KEY", Bytes: private},
	} {
		require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(block), 0o600))
	}
	authorities = x509.NewCertPool()
	authorities.AddCert(server.Certificate())
	return certificate, key, authorities
}
