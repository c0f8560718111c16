package parts

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Block is a fenced block of a documentation page.
type Block struct {
	Name     string // from the comment `<!-- test: NAME -->` in the line above
	Language string // sh, json, text …
	Text     string
}

var docFence = regexp.MustCompile("(?ms)^(?:[ \t]*<!-- test: ([a-z-]+) -->\n)?[ \t]*```([^\n]*)\n(.*?)^[ \t]*```$")

// ReadBlocks returns the blocks of a documentation page, except diagrams. A block without a name or a language is an error, and so
// is a repeated name: only blocks with a name can be run by a test.
func ReadBlocks(path string) ([]Block, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var blocks []Block
	for _, match := range docFence.FindAllStringSubmatch(string(text), -1) {
		b := Block{Name: match[1], Language: match[2], Text: match[3]}
		first, _, _ := strings.Cut(b.Text, "\n")
		switch {
		case b.Language == "mermaid":
			continue // a diagram
		case b.Name == "":
			return nil, fmt.Errorf("%s: a block has no name for its test (<!-- test: NAME --> in the line above): %s", path, first)
		case b.Language == "":
			return nil, fmt.Errorf("%s: the block %s has no language", path, b.Name)
		case slices.ContainsFunc(blocks, func(other Block) bool { return other.Name == b.Name }):
			return nil, fmt.Errorf("%s: two blocks have the name %s", path, b.Name)
		}
		blocks = append(blocks, b)
	}
	return blocks, nil
}

// Page is a documentation page whose blocks are run by tests, so that they run exactly what readers copy. It records which blocks
// were run. It is safe for concurrent use.
type Page struct {
	path   string
	blocks map[string]string

	mu     sync.Mutex
	unused map[string]bool
}

// ReadPage reads the blocks of a page in some languages.
func ReadPage(path string, languages ...string) (*Page, error) {
	blocks, err := ReadBlocks(path)
	if err != nil {
		return nil, err
	}
	p := &Page{path: path, blocks: make(map[string]string), unused: make(map[string]bool)}
	for _, b := range blocks {
		if slices.Contains(languages, b.Language) {
			p.blocks[b.Name], p.unused[b.Name] = b.Text, true
		}
	}
	return p, nil
}

// Leave exempts the blocks whose names begin with a prefix from CheckUsed, because other tests run them.
func (p *Page) Leave(prefix string) *Page {
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.unused, func(name string, _ bool) bool { return strings.HasPrefix(name, prefix) })
	return p
}

// Block returns the text of a block. It fails the test if there is no such block.
func (p *Page) Block(t Test, name string) string {
	t.Helper()
	text, ok := p.blocks[name]
	if !ok {
		t.Fatalf("%s has no block %s", p.path, name)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.unused, name)
	return text
}

// CheckUsed returns an error that names the blocks that no test has used.
func (p *Page) CheckUsed() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.unused) == 0 {
		return nil
	}
	var names []string
	for name := range p.unused {
		names = append(names, name)
	}
	slices.Sort(names)
	return fmt.Errorf("no test runs these blocks of %s: %q", p.path, names)
}
