package workflows

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func FuzzChangedBudgets(f *testing.F) {
	for _, seed := range []string{
		"otp=90m", `"otp=90m welcome_email=48h"`, "otp=90m otp=1h", "store=1ns", "otp", "otp=", "=1h", "OTP=1h", "otp=-1h", "otp=1e9h", "otp=9999999h",
		"completion_sms=2562047h47m16.854775807s", "", `""`, "\"", "otp=1h\x00", "otp=1h,store=1h",
	} {
		f.Add(seed)
	}
	old := DefaultPolicy().Budgets
	f.Fuzz(func(t *testing.T, text string) {
		budgets, err := changedBudgets(old, text)
		if err != nil {
			require.LessOrEqual(t, len(err.Error()), 200, "the text of an error is stored in the workflow")
			return
		}
		for _, each := range [][2]time.Duration{
			{old.Store, budgets.Store}, {old.OTP, budgets.OTP}, {old.WelcomeEmail, budgets.WelcomeEmail}, {old.Completion, budgets.Completion},
		} {
			require.True(t, each[0] == each[1] || each[1] >= MinBudget && each[1] <= MaxBudget, each)
		}
		again, err := changedBudgets(old, fmt.Sprintf("store=%s otp=%s welcome_email=%s completion_sms=%s",
			budgets.Store, budgets.OTP, budgets.WelcomeEmail, budgets.Completion))
		require.NoError(t, err)
		require.Equal(t, budgets, again)
	})
}
