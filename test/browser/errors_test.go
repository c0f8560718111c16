package browser

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFieldErrors sends forms with mistakes. Every field then shows its own error in the language of the page, and keeps
// its text.
func TestFieldErrors(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"en", "de", "ar"} {
		bothWays(t, standard, "in "+lang, func(t *testing.T, p *page) {
			p.open("/?lang=" + lang)
			p.wait(`document.documentElement.lang === ` + literal(lang))
			p.submitInvalid()
			for name, key := range map[string]string{
				"first_name": "error.first_name.required", "last_name": "error.last_name.required",
				"email": "error.email.required", "password": "error.password.required",
			} {
				require.Equal(t, phrase(t, lang, key), p.waitFieldError(name))
			}
			p.axe("required")

			p.fill("first_name", "Ada")
			p.fill("last_name", "Lovelace")
			p.fill("email", "ada@")
			p.fill("mobile_number", "030 901820")
			p.fill("password", "password")
			p.submitInvalid()
			for name, key := range map[string]string{
				"email": "error.email.invalid", "mobile_number": "error.mobile_number.not_mobile", "password": "error.password.too_weak",
			} {
				p.waitText(`[data-field="`+name+`"] [data-error]`, phrase(t, lang, key))
				p.waitFieldError(name)
			}
			p.wait(`!shown('[data-field="first_name"] [data-error]') && !(` + p.invalid("first_name") + `)`)
			require.Equal(t, "Ada", p.value("first_name"))
			require.Equal(t, "ada@", p.value("email"))
			p.axe("invalid")

			who := newPerson()
			p.fill("email", who.email)
			p.fill("mobile_number", who.number)
			p.fill("password", password)
			p.send(registerButton)
			p.waitStep("code")
		})
	}
}

// submitInvalid sends the form although the browser's own checks would refuse it.
func (p *page) submitInvalid() {
	p.t.Helper()
	p.wait(`shown('[data-form="register"]')`)
	eval[bool](p, `(shown('[data-form="register"]').noValidate = true)`)
	p.send(registerButton)
}

// TestTaken registers an address and a username that somebody has.
func TestTaken(t *testing.T) {
	t.Parallel()
	bothWays(t, custom, "an email address", func(t *testing.T, p *page) {
		owner := newPerson()
		p.service.start(t)
		p.service.own(t, owner, "owner."+owner.number[6:])
		p.open("/")
		p.fillForm(person{email: owner.email})
		p.choose("attributes.plan", "solo")
		p.click(field("terms_accepted"))
		p.send(registerButton)
		p.waitText(`[data-field="email"] [data-error]`, phrase(t, "en", "problem.email_taken"))
		p.waitFieldError("email")
		require.Equal(t, "https://example.com/login", eval[string](p, `shown('[data-field="email"] [data-error] a').href`))
		p.axe("email taken")

		other := newPerson()
		p.fill("email", other.email)
		p.fill("username", "owner."+owner.number[6:])
		if p.plain {
			p.fill("password", password)
		}
		p.send(registerButton)
		p.waitText(`[data-field="username"] [data-error]`, phrase(t, "en", "problem.username_taken"))
		p.waitFieldError("username")
		p.fill("username", "other."+other.number[6:])
		if p.plain {
			p.fill("password", password)
		}
		p.send(registerButton)
		p.waitStep("code")
		require.Len(t, p.service.registrations(t, other.email), 1)
	})
	bothWays(t, secretive, "an email address, with concealed accounts", func(t *testing.T, p *page) {
		owner := newPerson().withoutNumber()
		p.service.start(t)
		p.service.activate(t, owner, nil)
		p.signUp(owner) // as if the address were new
		p.service.messages(t, owner.email, "account_exists", 1)
	})
}

// own makes a person with a username, whose address is proven, in a service that wants a code by SMS and by email.
func (s *service) own(t *testing.T, who person, username string) {
	t.Helper()
	created := s.register(t, who, map[string]any{
		"username": username, "terms_accepted": true, "attributes": map[string]any{"plan": "solo"},
	})
	path := "/v1/registrations/" + created["registration_id"].(string) + "/verification"
	token := "Bearer " + created["registration_token"].(string)
	for _, destination := range []string{who.email, who.number} {
		s.post(t, path, map[string]any{"code": s.code(t, destination, 1)}, 200, "Authorization", token)
	}
}
