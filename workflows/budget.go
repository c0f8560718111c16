package workflows

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"
)

// budget is how long the step is tried before it parks.
func (s step) budget(b Budgets) time.Duration {
	switch s {
	case stepOTP:
		return b.OTP
	case stepWelcome:
		return b.WelcomeEmail
	case stepCompletion:
		return b.Completion
	default:
		return b.Store
	}
}

// changeBudgets does what an operator asks for, or tells in the current details why not.
func (r *registration) changeBudgets(ctx workflow.Context, in any) {
	text, _ := in.(string)
	budgets, err := changed(r.budgets, text)
	if err != nil {
		r.tell(ctx, "budgets not changed: "+err.Error())
		return
	}
	r.budgets = budgets
	r.tell(ctx, fmt.Sprintf("budgets by an operator: store=%s otp=%s welcome_email=%s completion_sms=%s",
		budgets.Store, budgets.OTP, budgets.WelcomeEmail, budgets.Completion))
}

// changed is b with the changes in text. Quotes around it do not count: tctl quotes the inputs of a batch once more.
func changed(b Budgets, text string) (Budgets, error) {
	fields := strings.Fields(strings.Trim(text, `"`))
	if len(fields) == 0 {
		return b, errors.New(`the input is not like "otp=90m"`)
	}
	for _, field := range fields {
		name, value, _ := strings.Cut(field, "=")
		budget := map[string]*time.Duration{
			"store": &b.Store, "otp": &b.OTP, "welcome_email": &b.WelcomeEmail, "completion_sms": &b.Completion,
		}[name]
		if budget == nil {
			return b, errors.New("only store, otp, welcome_email and completion_sms have a budget")
		}
		d, err := time.ParseDuration(value)
		if err != nil || d < LeastBudget || d > MostBudget {
			return b, fmt.Errorf("%s needs a duration from %s to %s", name, LeastBudget, MostBudget)
		}
		*budget = d
	}
	return b, nil
}
