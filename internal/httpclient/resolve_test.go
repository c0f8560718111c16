package httpclient

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

// resolverTo returns a resolver that answers every question for an IPv4 address with ip.
func resolverTo(t *testing.T, ip [4]byte) *net.Resolver {
	t.Helper()
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			defer func() { _ = server.Close() }()
			if err := answerQuestion(server, ip); err != nil {
				t.Errorf("answer the question: %v", err)
			}
		}()
		return client, nil
	}}
}

// answerQuestion answers one question in the framing of TCP: the length, and the message.
func answerQuestion(conn io.ReadWriter, ip [4]byte) error {
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return err
	}
	packed := make([]byte, binary.BigEndian.Uint16(length[:]))
	if _, err := io.ReadFull(conn, packed); err != nil {
		return err
	}
	var m dnsmessage.Message
	if err := m.Unpack(packed); err != nil {
		return err
	}
	m.Response, m.Additionals = true, nil
	if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1}, Body: &dnsmessage.AResource{A: ip},
		}}
	}
	packed, err := m.Pack()
	if err != nil {
		return err
	}
	_, err = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(packed))), packed...))
	return err
}

// TestNamesOfPrivateAddressesAreRefused resolves a public name to addresses that a worker must not reach.
func TestNamesOfPrivateAddressesAreRefused(t *testing.T) {
	t.Parallel()
	for _, ip := range [][4]byte{{127, 0, 0, 1}, {169, 254, 169, 254}, {10, 0, 0, 1}, {100, 64, 0, 1}} {
		client := newPublic(resolverTo(t, ip))
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://metadata.example.com:9/", nil)
		require.NoError(t, err)
		resp, err := client.Do(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		require.Error(t, err)
		require.Equal(t, "private_address", NoAnswer("acme", err).Code, "%v", ip)
	}
}

func TestPublicClientUsesNoProxy(t *testing.T) {
	t.Parallel()
	require.Nil(t, publicTransport(net.DefaultResolver).Proxy)
}
