package workflows

import (
	"bytes"
	"encoding/json"
	"fmt"
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

// changeBudgets takes what an operator sent: a BudgetChange, or something that it refuses in the current details.
func (r *registration) changeBudgets(ctx workflow.Context, in any) {
	budgets, err := changed(r.budgets, in)
	if err != nil {
		r.tell(ctx, "budgets not changed: "+err.Error())
		return
	}
	r.budgets = budgets
	r.tell(ctx, fmt.Sprintf("budgets by an operator: store %s, otp %s, welcome_email %s, completion_sms %s",
		budgets.Store, budgets.OTP, budgets.WelcomeEmail, budgets.Completion))
}

func changed(b Budgets, in any) (Budgets, error) {
	text, err := json.Marshal(in)
	if err != nil {
		return b, fmt.Errorf("the input is no JSON")
	}
	var change BudgetChange
	strict := json.NewDecoder(bytes.NewReader(text))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&change); err != nil || change == (BudgetChange{}) {
		return b, fmt.Errorf(`the input is not like {"otp": "90m"}, with store, otp, welcome_email or completion_sms`)
	}
	for _, c := range []struct {
		text   string
		budget *time.Duration
	}{
		{change.Store, &b.Store}, {change.OTP, &b.OTP}, {change.WelcomeEmail, &b.WelcomeEmail}, {change.Completion, &b.Completion},
	} {
		if c.text == "" {
			continue
		}
		d, err := time.ParseDuration(c.text)
		if err != nil || d < LeastBudget {
			return b, fmt.Errorf("%q is no duration of at least %s", c.text, LeastBudget)
		}
		*c.budget = d
	}
	return b, nil
}
