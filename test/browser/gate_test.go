package browser

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// policy is a gate. It denies addresses that begin with "denied" or "banned": the first at the email, the second without a field.
var policy = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	var question struct {
		Data struct{ User struct{ Email string } }
	}
	if json.NewDecoder(r.Body).Decode(&question) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	const denial = `{"decision":"deny","code":"no_invitation"%s,"texts":{"en":"Please ask for an invitation.","de":"Bitte frag nach einer Einladung."}}`
	switch email := question.Data.User.Email; {
	case strings.HasPrefix(email, "denied"):
		_, _ = fmt.Fprintf(w, denial, `,"field":"email"`)
	case strings.HasPrefix(email, "banned"):
		_, _ = fmt.Fprintf(w, denial, "")
	default:
		_, _ = fmt.Fprint(w, `{"decision":"allow"}`)
	}
}))

// TestGate: a denial is shown at its field, or above the form, in the language of the page. Other data are then accepted.
func TestGate(t *testing.T) {
	t.Parallel()
	bothWays(t, gated, "a denial", func(t *testing.T, p *page) {
		who := newPerson()
		p.open("/?lang=de")
		p.wait(`document.documentElement.lang === "de"`)
		p.fillForm(person{email: "denied." + who.email, number: who.number})
		p.send(registerButton)
		p.waitText(`[data-field="email"] [data-error]`, "Bitte frag nach einer Einladung.")
		p.waitFieldError("email")
		p.axe("denied")

		again := func(email string) {
			p.fill("email", email)
			if p.plain {
				p.fill("password", password)
			}
			p.send(registerButton)
		}
		again("banned." + who.email)
		p.waitText(summaryBox, "Bitte frag nach einer Einladung.")
		p.axe("denied without a field")

		again(who.email)
		p.waitStep("code")
		p.finish(who)
	})
}
