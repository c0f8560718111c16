//go:build ops

package front_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// smuggled is a request that HAProxy should not see: its X-Forwarded-For names another client.
const smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n"

var smuggledLength = strconv.Itoa(len(smuggled))

// post begins a request whose framing is wrong in some way.
const post = "POST /v1/registrations HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"

// variants are bytes that a proxy and a server might read differently.
var variants = map[string]string{
	"CL.TE":                             post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
	"TE.CL":                             post + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n" + chunk(smuggled),
	"CL.CL, different":                  post + "Content-Length: 0\r\nContent-Length: " + smuggledLength + "\r\n\r\n" + smuggled,
	"CL.CL, equal":                      post + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}" + smuggled,
	"CL list, different":                post + "Content-Length: 0, " + smuggledLength + "\r\n\r\n" + smuggled,
	"CL list, equal":                    post + "Content-Length: 2, 2\r\n\r\n{}" + smuggled,
	"CL with a plus":                    post + "Content-Length: +2\r\n\r\n{}" + smuggled,
	"CL with a minus":                   post + "Content-Length: -2\r\n\r\n{}" + smuggled,
	"CL in hexadecimal":                 post + "Content-Length: 0x2\r\n\r\n{}" + smuggled,
	"CL with an underscore":             post + "Content-Length: 0_2\r\n\r\n{}" + smuggled,
	"CL empty":                          post + "Content-Length:\r\n\r\n" + smuggled,
	"CL too large for 64 bits":          post + "Content-Length: 18446744073709551618\r\n\r\n{}" + smuggled,
	"CL with a space before the colon":  post + "Content-Length : " + smuggledLength + "\r\n\r\n" + smuggled,
	"CL with an underscore in the name": post + "Content_Length: " + smuggledLength + "\r\n\r\n" + smuggled,
	"CL on a folded line":               post + "Content-Length:\r\n 2\r\n\r\n{}" + smuggled,
	"CL of a GET":                       "GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: " + smuggledLength + "\r\n\r\n" + smuggled,
	"TE with a space before the colon":  post + "Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + smuggled,
	"TE on a folded line":               post + "Transfer-Encoding:\r\n chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + smuggled,
	"TE after a tab":                    post + "Transfer-Encoding:\tchunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + smuggled,
	"TE after a vertical tab":           post + "Transfer-Encoding: \x0bchunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + smuggled,
	"TE in quotes":                      post + "Transfer-Encoding: \"chunked\"\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + smuggled,
	"TE of another name":                post + "Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + smuggled,
	"TE twice":                          post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
	"TE identity after chunked":         post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + smuggled,
	"TE chunked, then gzip":             post + "Transfer-Encoding: chunked, gzip\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + smuggled,
	"TE in mixed case":                  post + "tRANSFER-eNCODING: cHUNKED\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + smuggled,
	"TE after a bare line feed":         post + "X-A: b\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + smuggled,
	"TE after a bare carriage return":   post + "X-A: b\rTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + smuggled,
	"TE after a null byte":              post + "X-A: b\x00Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + smuggled,
	"TE in HTTP/1.0":                    "POST /v1/registrations HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + smuggled,
	"TE removed by Connection":          post + "Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + smuggled,
	"chunk extension":                   post + "Transfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n0\r\n\r\n" + smuggled,
	"chunk extension, bare line feed":   post + "Transfer-Encoding: chunked\r\n\r\n2;\n{}\r\n0\r\n\r\n" + smuggled,
	"chunk size with a bare line feed":  post + "Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n" + smuggled,
	"chunk size with 0x":                post + "Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n" + smuggled,
	"chunk size too large for 64 bits":  post + "Transfer-Encoding: chunked\r\n\r\n10000000000000002\r\n{}\r\n0\r\n\r\n" + smuggled,
	"chunk without its end":             post + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}xx0\r\n\r\n" + smuggled,
	"chunk trailer with headers":        post + "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: " + smuggledLength + "\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n" + smuggled,
	"bare line feeds":                   strings.ReplaceAll(post+"Content-Length: 2\r\n\r\n", "\r\n", "\n") + "{}" + smuggled,
	"bare carriage returns":             strings.ReplaceAll(post+"Content-Length: 2\r\n\r\n", "\r\n", "\r") + "{}" + smuggled,
	"header without a name":             post + ": b\r\nContent-Length: 2\r\n\r\n{}" + smuggled,
	"header without a colon":            post + "X-A\r\nContent-Length: 2\r\n\r\n{}" + smuggled,
	"space before the first header":     "GET /healthz HTTP/1.1\r\n X-A: b\r\nHost: a\r\n\r\n" + smuggled,
	"null byte in a header":             "GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: \x00\r\n\r\n" + smuggled,
	"null byte in the target":           "GET /healthz\x00 HTTP/1.1\r\nHost: a\r\n\r\n" + smuggled,
	"space in the target":               "GET /healthz ?a HTTP/1.1\r\nHost: a\r\n\r\n" + smuggled,
	"fragment in the target":            "GET /healthz#/smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
	"two hosts":                         "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + smuggled,
	"no host":                           "GET /healthz HTTP/1.1\r\n\r\n" + smuggled,
	"absolute target":                   "GET http://b/healthz HTTP/1.1\r\nHost: a\r\n\r\n" + smuggled,
	"target of another scheme":          "GET ftp://b/healthz HTTP/1.1\r\nHost: a\r\n\r\n" + smuggled,
	"CONNECT":                           "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n" + smuggled,
	"TRACE":                             "TRACE /healthz HTTP/1.1\r\nHost: a\r\n\r\n" + smuggled,
	"upgrade to a WebSocket":            "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n" + smuggled,
	"upgrade to h2c":                    "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n" + smuggled,
	"HTTP/2 preface":                    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00" + smuggled,
	"HTTP/0.9":                          "GET /healthz\r\n" + smuggled,
	"HTTP/1.0 without a host":           "GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + smuggled,
	"HTTP/1.2":                          "GET /healthz HTTP/1.2\r\nHost: a\r\n\r\n" + smuggled,
	"Expect":                            post + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}" + smuggled,
	"Expect of another value":           post + "Expect: x\r\nContent-Length: 2\r\n\r\n{}" + smuggled,
	"forged X-Forwarded-For":            "GET /healthz HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6\r\nx-forwarded-for: 6.6.6.6\r\nX_Forwarded_For: 6.6.6.6\r\n\r\n",
	"X-Forwarded-For in Connection":     "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, X-Forwarded-For\r\n\r\n",
	"pipelined":                         "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n" + smuggled,
}

// chunk is a chunked body. A server that counts 4 bytes as the body reads the text as the next request.
func chunk(s string) string { return fmt.Sprintf("%02x\r\n%s\r\n0\r\n\r\n", len(s), s) }

// TestSmuggling reports what each variant got. HAProxy may refuse it or split it in two requests. It must see each request
// that reaches the replica, so that the request has the client's real address; users meanwhile get their own answers.
func TestSmuggling(t *testing.T) {
	s := setup(t, "")
	others := s.startUsers(t)
	var (
		all sync.WaitGroup
		mu  sync.Mutex
	)
	got := map[string]string{}
	n := 0
	for name, request := range variants {
		n++
		from := fmt.Sprintf("127.100.%d.1", n)
		all.Go(func() {
			answers := s.exchange(from, request)
			mu.Lock()
			defer mu.Unlock()
			got[name] = answers
		})
	}
	all.Wait()
	t.Log(others.stop(t))
	for name, answers := range got {
		t.Logf("%-34s %s", name, answers)
		require.NotContains(t, answers, " 5", name)
	}
	for _, a := range s.arrived() {
		require.Len(t, a.forwarded, 1, a.target)
		require.Regexp(t, `^127\.`, a.forwarded[0], a.target)
	}
}

// exchange sends a request and returns the statuses of all answers, and whether the connection was closed.
func (s *system) exchange(from, request string) string {
	conn, err := s.dial(from)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(waitForClose))
	if _, err = conn.Write([]byte(request)); err != nil {
		return err.Error()
	}
	var answers strings.Builder
	in := bufio.NewReader(conn)
	for {
		response, err := http.ReadResponse(in, nil)
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return answers.String() + " closed"
		case err != nil:
			return answers.String() + " " + err.Error()
		}
		fmt.Fprintf(&answers, " %d", response.StatusCode)
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
	}
}
