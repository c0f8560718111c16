package parts

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

var docBlock = regexp.MustCompile("(?s)<!-- test: ([a-z-]+) -->\n```sh\n(.*?)```\n")

// ReadDoc returns the command blocks of a documentation page by name, so that tests run exactly the commands that operators
// copy. A comment before each block names it. A block without a name, or a repeated name, is an error.
func ReadDoc(path string) (map[string]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	blocks := make(map[string]string)
	for _, match := range docBlock.FindAllStringSubmatch(string(text), -1) {
		if _, twice := blocks[match[1]]; twice {
			return nil, fmt.Errorf("%s has two blocks with the name %s", path, match[1])
		}
		blocks[match[1]] = match[2]
	}
	if fences := strings.Count(string(text), "```sh\n"); fences != len(blocks) {
		return nil, fmt.Errorf("%s has %d command blocks, of which %d have a name", path, fences, len(blocks))
	}
	return blocks, nil
}
