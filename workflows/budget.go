package workflows

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"
)

// budgetInput is the input of SignalBudget. Operators send it with tctl or temporal, which cannot encrypt it for the workflow.
// It accepts any JSON, because input that is not text must be reported; Receive would drop it.
type budgetInput struct{ value any }

// AcceptsPlainInput lets the data converter decode input that is not encrypted.
func (*budgetInput) AcceptsPlainInput() {}

// UnmarshalJSON decodes any value.
func (in *budgetInput) UnmarshalJSON(data []byte) error { return json.Unmarshal(data, &in.value) }

// changeBudgets sets the budgets that an operator sent. If the input is invalid, it adds the reason to the details.
func (r *registration) changeBudgets(ctx workflow.Context, in any) {
	text, _ := in.(string)
	budgets, err := changedBudgets(r.budgets, text)
	if err != nil {
		r.addDetail(ctx, "budgets not changed: "+err.Error())
		return
	}
	r.budgets = budgets
	r.addDetail(ctx, fmt.Sprintf("budgets by an operator: store=%s otp=%s welcome_email=%s completion_sms=%s events=%s",
		budgets.Store, budgets.OTP, budgets.WelcomeEmail, budgets.Completion, eventsBudget(budgets)))
}

// changedBudgets returns b with the changes in text. It ignores quotes around text: tctl quotes the inputs of a batch twice.
func changedBudgets(b Budgets, text string) (Budgets, error) {
	fields := strings.Fields(strings.Trim(text, `"`))
	if len(fields) == 0 {
		return b, errors.New(`the input must be text such as "otp=90m"`)
	}
	for _, field := range fields {
		name, value, _ := strings.Cut(field, "=")
		budget := map[string]*time.Duration{
			"store": &b.Store, "otp": &b.OTP, "welcome_email": &b.WelcomeEmail, "completion_sms": &b.Completion, "events": &b.Events,
		}[name]
		if budget == nil {
			return b, errors.New("only store, otp, welcome_email, completion_sms and events have a budget")
		}
		d, err := time.ParseDuration(value)
		if err != nil || d < MinBudget || d > MaxBudget {
			return b, fmt.Errorf("%s needs a duration from %s to %s", name, MinBudget, MaxBudget)
		}
		*budget = d
	}
	return b, nil
}
