package browser

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCorrections repairs what was wrong.
func TestCorrections(t *testing.T) {
	t.Parallel()
	t.Run("the summary names only fields that are still invalid", func(t *testing.T) {
		t.Parallel()
		p := newPage(t, standard)
		p.open("/")
		p.submitInvalid()
		entries := `$$("[data-summary] li").length`
		p.waitFieldError("email")
		before := eval[int](p, entries)
		require.Greater(t, before, 1)
		p.fill("email", newPerson().email)
		require.Equal(t, before-1, eval[int](p, entries))
		for _, name := range []string{"first_name", "last_name", "password"} {
			p.fill(name, "difference engine no. 2")
		}
		p.wait(`!shown("[data-summary]")`)
	})
	t.Run("a code typed without a connection is sent later", func(t *testing.T) {
		t.Parallel()
		p, who := newPage(t, standard), newPerson()
		p.signUp(who)
		code := p.service.code(t, who.number, 1)
		p.offline(true)
		p.fill("code", code)
		p.waitText(statusLine, phrase(t, "en", "connection.lost"))
		p.offline(false)
		p.waitStep("done")
		require.NotEmpty(t, p.watched.list(http.MethodPost, verification))
	})
	t.Run("the button at the password says what it does", func(t *testing.T) {
		t.Parallel()
		p := newPage(t, standard)
		p.open("/")
		require.Equal(t, phrase(t, "en", "password.show_label"), p.spoken("[data-toggle-password]").name)
		p.click("[data-toggle-password]")
		require.Equal(t, phrase(t, "en", "password.hide_label"), p.spoken("[data-toggle-password]").name)
	})
}
