package parts

import (
	"errors"
	"net"
	"net/netip"

	"golang.org/x/net/dns/dnsmessage"
)

// startNames starts a DNS server over UDP with one name and its IPv4 addresses, and returns the server's address.
func startNames(t Test, name string, addresses ...netip.Addr) string {
	t.Helper()
	connection, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", Loopback(0))
	if err != nil {
		t.Fatalf("start a DNS server: %v", err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		answerNames(connection, name+".", addresses)
	}()
	t.Cleanup(func() {
		_ = connection.Close() // ends the loop
		<-done
	})
	return connection.LocalAddr().String()
}

func answerNames(connection net.PacketConn, name string, addresses []netip.Addr) {
	question := make([]byte, 1500)
	for {
		n, from, err := connection.ReadFrom(question)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		if answer, err := resolve(question[:n], name, addresses); err == nil {
			_, _ = connection.WriteTo(answer, from) // a client without an answer retries
		}
	}
}

// resolve answers a question: NXDOMAIN for other names, an empty answer for other types.
func resolve(message []byte, name string, addresses []netip.Addr) ([]byte, error) {
	var parser dnsmessage.Parser
	header, err := parser.Start(message)
	if err != nil {
		return nil, err
	}
	question, err := parser.Question()
	if err != nil {
		return nil, err
	}
	answer := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: header.ID, Response: true, Authoritative: true, RecursionDesired: header.RecursionDesired},
		Questions: []dnsmessage.Question{question},
	}
	switch {
	case question.Name.String() != name:
		answer.RCode = dnsmessage.RCodeNameError
	case question.Type == dnsmessage.TypeA:
		for _, a := range addresses {
			answer.Answers = append(answer.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: question.Name, Class: dnsmessage.ClassINET, TTL: 1},
				Body:   &dnsmessage.AResource{A: a.As4()},
			})
		}
	}
	return answer.Pack()
}
