package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// spoken is what a screen reader gets about an element.
type spoken struct {
	role, name, description string
	properties              map[string]string // JSON values
}

// spoken returns what a screen reader gets about the first visible element.
func (p *page) spoken(selector string) spoken {
	p.t.Helper()
	p.wait("shown(" + literal(selector) + ")")
	ctx, cancel := p.limited()
	defer cancel()
	object, err := chromedp.Run(ctx, chromedp.Evaluate[*runtime.RemoteObject](p.expression("shown("+literal(selector)+")")))
	require.NoError(p.t, err)
	tree := call(p, accessibility.GetPartialAXTree, accessibility.GetPartialAXTreeParams{ObjectID: object.ObjectID, FetchRelatives: new(false)})
	require.Len(p.t, tree.Nodes, 1)
	node := tree.Nodes[0]
	s := spoken{axText(node.Role), axText(node.Name), axText(node.Description), map[string]string{}}
	for _, property := range node.Properties {
		s.properties[string(property.Name)] = axText(property.Value)
	}
	return s
}

func axText(v *accessibility.Value) string {
	if v == nil {
		return ""
	}
	return strings.Trim(string(v.Value), `"`)
}

// TestScreenReader checks what a screen reader gets from the browser, beyond the rules of axe-core.
func TestScreenReader(t *testing.T) {
	t.Parallel()
	bothWays(t, standard, "names, errors and announcements", func(t *testing.T, p *page) {
		p.open("/")
		email := p.spoken(field("email"))
		require.Equal(t, "textbox", email.role)
		require.Equal(t, phrase(t, "en", "field.email"), email.name)
		require.Equal(t, "true", email.properties["required"])
		require.Contains(t, p.spoken(field("mobile_number")).description, phrase(t, "en", "hint.mobile_number_sms"))
		require.Equal(t, phrase(t, "en", "field.country"), p.spoken(field("country")).name)
		status := p.eachRole(`[data-step="form"]:not(main) [data-status]`)
		require.Equal(t, []string{"status"}, status)

		p.submitInvalid()
		p.waitFieldError("email")
		email = p.spoken(field("email"))
		require.Equal(t, "true", email.properties["invalid"])
		require.Contains(t, email.description, phrase(t, "en", "error.email.required"))
		summary := p.spoken(summaryBox)
		require.Equal(t, "alert", summary.role)
		require.Equal(t, "assertive", summary.properties["live"])

		who := newPerson()
		p.fillForm(who)
		p.send(registerButton)
		p.waitStep("code")
		if !p.plain { // a new document announces itself; the step with the code does it by its field
			p.wait(`document.activeElement.name === "code"`)
			require.Equal(t, phrase(t, "en", "code.title_sms"), p.spoken("h1").name)
			require.True(t, strings.HasPrefix(eval[string](p, "document.title"), phrase(t, "en", "code.title_sms")))
		}
		require.Equal(t, phrase(t, "en", "field.code"), p.spoken(field("code")).name)
		require.Contains(t, p.spoken(field("code")).description, until(phrase(t, "en", "code.sent_sms")))
		p.enter(wrong(t, p.service.code(t, who.number, 1), 1))
		p.wait(p.invalid("code"))
		require.Contains(t, p.spoken(field("code")).description, phrase(t, "en", "problem.wrong_code"))
	})
}

// eachRole returns the roles that elements declare.
func (p *page) eachRole(selector string) []string {
	p.t.Helper()
	return eval[[]string](p, "$$("+literal(selector)+`).map(e => e.getAttribute("role"))`)
}
