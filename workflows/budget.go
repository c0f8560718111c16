package workflows

import (
	"errors"
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
	change, _ := in.(map[string]any)
	known := 0
	for _, c := range []struct {
		name   string
		budget *time.Duration
	}{
		{"store", &b.Store}, {"otp", &b.OTP}, {"welcome_email", &b.WelcomeEmail}, {"completion_sms", &b.Completion},
	} {
		value, ok := change[c.name]
		if !ok {
			continue
		}
		known++
		text, _ := value.(string)
		d, err := time.ParseDuration(text)
		if err != nil || d < LeastBudget {
			return b, fmt.Errorf("%s is no duration of at least %s", c.name, LeastBudget)
		}
		*c.budget = d
	}
	if known == 0 || known < len(change) {
		return b, errors.New(`the input is not like {"otp": "90m"}, with store, otp, welcome_email or completion_sms`)
	}
	return b, nil
}
