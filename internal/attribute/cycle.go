package attribute

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// checkCycles returns an error for a schema that leads back to itself without a step into the value: no value would be valid.
func checkCycles(root *jsonschema.Schema) error {
	state := map[*jsonschema.Schema]progress{}
	queue := []*jsonschema.Schema{root}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		if s == nil || state[s] == done {
			continue
		}
		visited, err := visit(s, state)
		if err != nil {
			return err
		}
		for _, v := range visited {
			queue = append(queue, inner(v)...)
		}
	}
	return nil
}

type progress int

const (
	running progress = iota + 1
	done
)

// visit follows what applies to the same value as s, and returns all that it visited.
func visit(s *jsonschema.Schema, state map[*jsonschema.Schema]progress) (visited []*jsonschema.Schema, err error) {
	if s == nil || state[s] == done {
		return nil, nil
	}
	if state[s] == running {
		return nil, fmt.Errorf("%s: leads back to itself", cmp.Or(fragment(s.Location), "/"))
	}
	state[s] = running
	visited = append(visited, s)
	for _, next := range applied(s) {
		more, err := visit(next, state)
		if err != nil {
			return nil, err
		}
		visited = append(visited, more...)
	}
	state[s] = done
	return visited, nil
}

// applied returns the schemas that apply to the same value as s.
func applied(s *jsonschema.Schema) []*jsonschema.Schema {
	all := slices.Concat([]*jsonschema.Schema{s.Ref, s.Not, s.If, s.Then, s.Else}, s.AllOf, s.AnyOf, s.OneOf)
	if s.DynamicRef != nil {
		all = append(all, s.DynamicRef.Ref)
	}
	return slices.AppendSeq(all, maps.Values(s.DependentSchemas))
}

// inner returns the schemas that apply to parts of the value.
func inner(s *jsonschema.Schema) []*jsonschema.Schema {
	all := append([]*jsonschema.Schema{s.PropertyNames, s.UnevaluatedProperties, s.Contains, s.Items2020, s.UnevaluatedItems}, s.PrefixItems...)
	if additional, ok := s.AdditionalProperties.(*jsonschema.Schema); ok {
		all = append(all, additional)
	}
	all = slices.AppendSeq(all, maps.Values(s.Properties))
	return slices.AppendSeq(all, maps.Values(s.PatternProperties))
}
