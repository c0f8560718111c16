package workflows_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"registrar/workflows"
)

// answer is the result of an Update.
type answer[T any] struct {
	accepted bool
	done     bool
	value    T
	err      error
}

func updateAt[T any](f *fixture, age time.Duration, name string, args ...any) *answer[T] {
	f.t.Helper()
	a := &answer[T]{}
	f.at(age, func() {
		f.env.UpdateWorkflow(name, fmt.Sprintf("%s-%p", name, a), &testsuite.TestUpdateCallback{
			OnAccept: func() { a.accepted = true },
			OnReject: func(err error) { a.done, a.err = true, err },
			OnComplete: func(value any, err error) {
				a.done, a.err = true, err
				a.value, _ = value.(T)
			},
		}, args...)
	})
	return a
}

// verifyAt enters the code with a sequence; 0 is a wrong code.
func (f *fixture) verifyAt(age time.Duration, sequence int) *answer[workflows.VerifyResult] {
	f.t.Helper()
	digests := []string{"digest-under-another-key", digest(sequence)}
	return updateAt[workflows.VerifyResult](f, age, workflows.UpdateVerify, workflows.VerifyInput{Digests: digests})
}

func (f *fixture) resendAt(age time.Duration, number string) *answer[workflows.Verification] {
	f.t.Helper()
	return f.resendWith(age, workflows.ResendInput{Mobile: number})
}

func (f *fixture) resendWith(age time.Duration, in workflows.ResendInput) *answer[workflows.Verification] {
	f.t.Helper()
	return updateAt[workflows.Verification](f, age, workflows.UpdateResendOTP, in)
}

func (f *fixture) persistedAt(age time.Duration) *answer[workflows.Persisted] {
	f.t.Helper()
	return updateAt[workflows.Persisted](f, age, workflows.UpdatePersisted)
}

func (a *answer[T]) refusedAs(t *testing.T, want workflows.Refusal) {
	t.Helper()
	require.True(t, a.done)
	refused, ok := workflows.AsRefused(a.err)
	require.True(t, ok, "%v", a.err)
	require.Equal(t, want, refused.Refusal)
	require.Equal(t, want == workflows.RefusedCooldown, !refused.RetryAt.IsZero())
}

// retryAt is when a refused Update may be sent again.
func (a *answer[T]) retryAt() time.Time {
	refused, _ := workflows.AsRefused(a.err)
	return refused.RetryAt
}

// active requires the code to have been right.
func active(t *testing.T, a *answer[workflows.VerifyResult]) {
	t.Helper()
	require.True(t, a.done)
	require.NoError(t, a.err)
	require.True(t, a.value.Active)
	require.Nil(t, a.value.Next)
}
