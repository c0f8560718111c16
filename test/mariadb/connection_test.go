//go:build mariadb

package mariadb_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/event"
	"registrar/internal/store"
	"registrar/test/parts"
)

// authority creates a certificate authority and a certificate of it for 127.0.0.1, in cert.pem and key.pem of a folder.
func authority(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test CA"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	text, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	require.NoError(t, err)
	ca, err = x509.ParseCertificate(text)
	require.NoError(t, err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	text, err = x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "database"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, ca, key.Public(), caKey)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: text}, "key.pem": {Type: "PRIVATE KEY", Bytes: der}} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o644)) // readable for the server's account
	}
	require.NoError(t, os.Chmod(dir, 0o755))
	pool := x509.NewCertPool()
	pool.AddCert(ca)
	return pool
}

func TestEncryptedConnection(t *testing.T) {
	t.Parallel()
	dir := parts.Dir(t, "certificates")
	ours, others := authority(t, dir), authority(t, t.TempDir())
	m := parts.StartMariaDB(t, "--ssl-cert="+filepath.Join(dir, "cert.pem"), "--ssl-key="+filepath.Join(dir, "key.pem"))
	for _, statement := range []string{
		"CREATE DATABASE registrar", "CREATE USER careful REQUIRE SSL", "GRANT ALL ON registrar.* TO careful",
	} {
		require.NoError(t, m.Exec(t.Context(), statement))
	}
	dsn := strings.Replace(m.DSN("registrar"), "root@", "careful@", 1)
	migrate := func(authorities *x509.CertPool) (*store.Store, error) {
		dialector, err := store.MySQL(dsn, authorities)
		require.NoError(t, err)
		s, err := store.Open(dialector, store.Options{})
		require.NoError(t, err)
		t.Cleanup(func() { _ = s.Close() })
		err = s.Migrate(t.Context())
		return s, err
	}
	_, err := migrate(nil)
	require.ErrorContains(t, err, "mysql error 1045", "without encryption the server refuses")
	_, err = migrate(others)
	require.ErrorContains(t, err, "certificate signed by unknown authority")
	s, err := migrate(ours)
	require.NoError(t, err)
	var name, cipher string
	require.NoError(t, s.Pool().QueryRowContext(t.Context(), "SHOW SESSION STATUS LIKE 'Ssl_cipher'").Scan(&name, &cipher))
	require.NotEmpty(t, cipher)
}

// TestReadOnlyServer: connections to a server that became read-only are closed, because a proxy may connect the next one to
// the new primary.
func TestReadOnlyServer(t *testing.T) {
	t.Parallel()
	m := parts.StartMariaDB(t)
	for _, statement := range []string{"CREATE DATABASE registrar", "CREATE USER plain", "GRANT ALL ON registrar.* TO plain"} {
		require.NoError(t, m.Exec(t.Context(), statement))
	}
	dialector, err := store.MySQL(strings.Replace(m.DSN("registrar"), "root@", "plain@", 1), nil)
	require.NoError(t, err)
	s, err := store.Open(dialector, store.Options{MaxOpen: 1})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	require.NoError(t, s.Migrate(t.Context()))
	connection := func() (id int) {
		require.NoError(t, s.Pool().QueryRowContext(t.Context(), "SELECT CONNECTION_ID()").Scan(&id))
		return id
	}
	first := connection()
	require.Equal(t, first, connection(), "the connection is reused")
	require.NoError(t, m.Exec(t.Context(), "SET GLOBAL read_only = ON"))
	expire := func() error {
		_, err := s.Expire(t.Context(), fmt.Sprintf("%036d", 1), event.ReasonNotVerified)
		return err
	}
	require.Error(t, expire())
	require.NotEqual(t, first, connection())
	require.NoError(t, m.Exec(t.Context(), "SET GLOBAL read_only = OFF"))
	require.NoError(t, expire())
}
