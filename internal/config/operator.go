package config

import (
	"fmt"
	"slices"
	"strings"

	"registrar/internal/operator"
)

// administrator is the name of the operator with ADMIN_TOKEN.
const administrator = "admin"

// maxOperatorName is short enough for operator:NAME as the source of a consent.
const maxOperatorName = 32

const operatorNameCharacters = "abcdefghijklmnopqrstuvwxyz0123456789-_."

// Operators returns the operators of ADMIN_TOKEN, which has all scopes, and of ADMIN_TOKENS. Load has checked them.
func (a API) Operators() []operator.Operator {
	operators, _ := a.readOperators()
	return operators
}

// readOperators returns all valid operators, and what is wrong with the entries of ADMIN_TOKENS. The problems name an entry by its
// position: an entry without a valid name may be a token.
func (a API) readOperators() (operators []operator.Operator, problems []string) {
	if a.AdminToken != "" {
		operators = append(operators, operator.Operator{Name: administrator, Scopes: operator.Scopes, Token: a.AdminToken})
	}
	for i, entry := range a.AdminTokens {
		o, problem := parseOperator(strings.TrimSpace(entry))
		if problem == "" {
			problem = conflict(o, operators)
		}
		if problem != "" {
			problems = append(problems, fmt.Sprintf("entry %d %s", i+1, problem))
			continue
		}
		operators = append(operators, o)
	}
	return operators, problems
}

// parseOperator reads name:scope+scope:token.
func parseOperator(entry string) (o operator.Operator, problem string) {
	parts := strings.SplitN(entry, ":", 3)
	if len(parts) != 3 {
		return o, "is not name:scope+scope:token"
	}
	o = operator.Operator{Name: parts[0], Token: parts[2]}
	switch {
	case o.Name == "" || len(o.Name) > maxOperatorName || strings.Trim(o.Name, operatorNameCharacters) != "":
		return o, fmt.Sprintf("needs a name of 1 to %d lower-case letters, digits, dashes, underscores and dots", maxOperatorName)
	case len(o.Token) < minToken:
		return o, fmt.Sprintf("has a token with fewer than %d characters", minToken)
	case strings.ContainsFunc(o.Token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return o, "has a token with characters other than visible ASCII"
	}
	for name := range strings.SplitSeq(parts[1], "+") {
		if !slices.Contains(operator.Scopes, operator.Scope(name)) {
			return o, fmt.Sprintf("has a scope that is not one of %q", operator.Scopes)
		}
		o.Scopes = append(o.Scopes, operator.Scope(name))
	}
	return o, ""
}

// conflict returns what an operator has in common with another one.
func conflict(o operator.Operator, others []operator.Operator) (problem string) {
	for _, other := range others {
		switch {
		case o.Name == other.Name:
			return fmt.Sprintf("has the name %q again", o.Name)
		case o.Token == other.Token:
			return fmt.Sprintf("has the token of %q", other.Name)
		}
	}
	return ""
}
