// Command openapilint checks an OpenAPI contract with the linter of speakeasy-api/openapi. It prints errors and warnings, and
// exits with 1 if there are any. It exits with 2 if it cannot read the contract or the ruleset.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/speakeasy-api/openapi/linter"
	"github.com/speakeasy-api/openapi/openapi"
	rules "github.com/speakeasy-api/openapi/openapi/linter"
	"github.com/speakeasy-api/openapi/validation"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: openapilint RULESET CONTRACT")
		os.Exit(2)
	}
	findings, err := lint(context.Background(), os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, "openapilint:", err)
		os.Exit(2)
	}
	for _, finding := range findings {
		fmt.Fprintf(os.Stderr, "%s:%s\n", os.Args[2], finding)
	}
	if len(findings) > 0 {
		os.Exit(1)
	}
}

// lint returns the errors and warnings in the order of the contract's lines. It drops hints.
func lint(ctx context.Context, ruleset, contract string) ([]error, error) {
	config, err := linter.LoadConfigFromFile(ruleset)
	if err != nil {
		return nil, err
	}
	file, err := os.Open(contract)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	document, invalid, err := openapi.Unmarshal(ctx, file)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", contract, err)
	}
	checker, err := rules.NewLinter(config)
	if err != nil {
		return nil, err
	}
	output, err := checker.Lint(ctx, linter.NewDocumentInfo(document, contract), invalid, nil)
	if err != nil {
		return nil, err
	}
	var findings []error
	for _, finding := range output.Results {
		var known *validation.Error
		if !errors.As(finding, &known) || known.Severity != validation.SeverityHint {
			findings = append(findings, finding)
		}
	}
	return findings, nil
}
