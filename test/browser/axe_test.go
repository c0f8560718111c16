package browser

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// axePath is the accessibility checker, which npm ci installs.
const axePath = "node_modules/axe-core/axe.min.js"

var axeSource = sync.OnceValues(func() (string, error) {
	text, err := os.ReadFile(axePath)
	return string(text), err
})

// violation is a violation of an accessibility rule.
type violation struct {
	ID    string
	Help  string
	Nodes []struct {
		HTML           string
		FailureSummary string
	}
}

// axe requires that the page violates no rule of WCAG 2.2 AA and no best practice that axe-core can check.
func (p *page) axe(state string) {
	p.t.Helper()
	if found := p.violations(); len(found) > 0 {
		p.t.Errorf("%s: %s", state, describe(found))
	}
}

func (p *page) violations() []violation {
	p.t.Helper()
	if p.plain {
		p.scripts(true) // the page's own scripts stay off until the next document
		defer p.scripts(false)
	}
	if !p.holds("window.axe") {
		source, err := axeSource()
		require.NoError(p.t, err)
		eval[bool](p, "(() => {"+source+"})() || true")
	}
	p.wait(`document.getAnimations().every(a => a.playState !== "running" || a.effect.getTiming().iterations === Infinity)`)
	return eval[[]violation](p, `axe.run(document, {
		runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
		rules: {"target-size": {enabled: true}},
		resultTypes: ["violations"],
	}).then(r => r.violations.map(v => ({id: v.id, help: v.help,
		nodes: v.nodes.map(n => ({html: n.html, failureSummary: n.failureSummary}))})))`)
}

// describe returns readable lines.
func describe(found []violation) string {
	var text strings.Builder
	for _, v := range found {
		fmt.Fprintf(&text, "\naxe: %s: %s", v.ID, v.Help)
		for _, n := range v.Nodes {
			fmt.Fprintf(&text, "\n  %s\n    %s", n.HTML, strings.ReplaceAll(n.FailureSummary, "\n", "\n    "))
		}
	}
	return text.String()
}

// TestAxeFindsViolations proves that the checker runs: it finds an image without a text and a field without a label.
func TestAxeFindsViolations(t *testing.T) {
	t.Parallel()
	p := newPage(t, standard)
	p.navigate("about:blank")
	eval[bool](p, `(document.body.innerHTML = "<img src='data:,'><input name=x>", true)`)
	var rules []string
	for _, v := range p.violations() {
		rules = append(rules, v.ID)
	}
	require.Subset(t, rules, []string{"image-alt", "label"})
}
