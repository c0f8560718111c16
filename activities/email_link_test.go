package activities_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/message"
	"registrar/internal/user"
	"registrar/workflows"
)

func contact() user.Contact {
	return user.Contact{
		UserID: "u-1", RegistrationID: "r-1", Email: emailAddress, EmailCanonical: emailAddress,
		Mobile: mobileNumber, FirstName: firstName, Locale: "en", Attributes: attributes,
	}
}

// known makes the fixture find a user by its registration or its email.
func (f *fixture) known(found bool, err error) {
	find := func(context.Context, string) (user.Contact, bool, error) {
		if !found || err != nil {
			return user.Contact{}, false, err
		}
		return contact(), true, nil
	}
	f.users.contact, f.users.holder = find, find
}

func linkInput() workflows.EmailLinkInput {
	return workflows.EmailLinkInput{
		RegistrationID: "r-1", AddressKey: "key of " + emailAddress, RequestedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
}

// void is the result of a link that changes nothing. An earlier attempt may have changed the user, so its events are delivered.
var void = workflows.EmailLinkStepResult{
	Outcome: workflows.LinkVoid, Displaced: user.Displaced{Announced: []user.Announced{{RegistrationID: "r-1", Through: 7}}},
}

func TestConfirmEmail(t *testing.T) {
	t.Parallel()
	lost := user.Displaced{Superseded: []string{"r-2"}, Released: []string{"r-3"}}
	for name, c := range map[string]struct {
		err  error
		want workflows.EmailLinkStepResult
	}{
		"confirmed":        {nil, workflows.EmailLinkStepResult{Outcome: workflows.LinkConfirmed, Displaced: lost}},
		"held by another":  {user.ErrSuperseded, void},
		"database is away": {errStore, workflows.EmailLinkStepResult{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.known(true, nil)
			f.users.confirm = func(_ context.Context, id, canonical string, at time.Time) (user.Displaced, error) {
				require.Equal(t, []any{"r-1", emailAddress, linkInput().RequestedAt}, []any{id, canonical, at})
				return c.want.Displaced, c.err
			}
			out, err := run(t, f, f.steps.ConfirmEmail, linkInput())
			if c.want.Outcome == "" {
				requireDatabaseError(t, err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, out)
		})
	}
}

func TestDisownEmail(t *testing.T) {
	t.Parallel()
	lost := user.Displaced{Superseded: []string{"r-1"}}
	for name, c := range map[string]struct {
		err  error
		want workflows.EmailLinkStepResult
	}{
		"disowned":         {nil, workflows.EmailLinkStepResult{Outcome: workflows.LinkDisowned, Displaced: lost}},
		"proven":           {user.ErrEmailProven, workflows.EmailLinkStepResult{Outcome: workflows.LinkTooLate}},
		"lost it before":   {user.ErrSuperseded, void},
		"database is away": {errStore, workflows.EmailLinkStepResult{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.known(true, nil)
			f.users.disown = func(_ context.Context, id, canonical string, at time.Time) (user.Displaced, error) {
				require.Equal(t, []any{"r-1", emailAddress, linkInput().RequestedAt}, []any{id, canonical, at})
				return lost, c.err
			}
			out, err := run(t, f, f.steps.DisownEmail, linkInput())
			if c.want.Outcome == "" {
				requireDatabaseError(t, err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, out)
		})
	}
}

// The link belongs to the address that it was sent to, and changes nothing when the user has another one or none.
func TestLinkOfAnotherAddress(t *testing.T) {
	t.Parallel()
	other := linkInput()
	other.AddressKey = "key of eve@example.com"
	for name, c := range map[string]struct {
		in    workflows.EmailLinkInput
		found bool
		err   error
	}{"other address": {other, true, nil}, "no user": {linkInput(), false, nil}, "database": {linkInput(), false, errStore}} {
		for _, step := range []string{"confirm", "disown"} {
			t.Run(name+" "+step, func(t *testing.T) {
				t.Parallel()
				f := setup(t)
				f.known(c.found, c.err)
				activity := f.steps.ConfirmEmail
				if step == "disown" {
					activity = f.steps.DisownEmail
				}
				out, err := run(t, f, activity, c.in)
				if c.err != nil {
					requireDatabaseError(t, err)
					return
				}
				require.NoError(t, err)
				require.Equal(t, void, out)
			})
		}
	}
}

func TestWelcomeEmailHasItsLinks(t *testing.T) {
	t.Parallel()
	for _, confirm := range []bool{true, false} {
		f := setup(t)
		in := noticeInput(emailAddress)
		in.EmailCanonical, in.ConfirmLink = emailAddress, confirm
		_, err := run(t, f, f.steps.SendWelcomeEmail, in)
		require.NoError(t, err)
		require.Contains(t, f.sent[0].Text, "https://registrar.example/not-me?"+in.RegistrationID)
		if confirm {
			require.Contains(t, f.sent[0].Text, "https://registrar.example/confirm?"+in.RegistrationID)
		} else {
			require.NotContains(t, f.sent[0].Text, "/confirm?")
		}
	}
}

// TestAccountExists: the holder gets one notice a day, however often somebody tries.
func TestAccountExists(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.known(true, nil)
	for _, at := range []string{"2026-01-02T00:00:00Z", "2026-01-02T23:59:59Z", "2026-01-03T00:00:00Z"} {
		when, err := time.Parse(time.RFC3339, at)
		require.NoError(t, err)
		f.newAttempt()
		_, err = run(t, f, f.steps.SendAccountExists, workflows.AccountExistsInput{EmailCanonical: emailAddress, At: when})
		require.NoError(t, err)
	}
	require.Len(t, f.sent, 2)
	require.Equal(t, message.KindAccountExists, f.sent[0].Kind)
	require.Equal(t, emailAddress, f.sent[0].To)
	require.Equal(t, message.Key{RegistrationID: "r-1", Kind: message.KindAccountExists, Sequence: 20455}, f.recorded[0].Key)
	require.Equal(t, 20456, f.recorded[1].Sequence)
}

func TestEmailReleased(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.known(true, nil)
	for range 2 {
		f.newAttempt()
		_, err := run(t, f, f.steps.SendEmailReleased, workflows.EmailReleasedInput{RegistrationID: "r-1"})
		require.NoError(t, err)
	}
	require.Len(t, f.sent, 1)
	require.Equal(t, []any{message.KindEmailReleased, message.ChannelSMS, mobileNumber}, []any{f.sent[0].Kind, f.sent[0].Channel, f.sent[0].To})
}

func TestNoticesWithoutARecipient(t *testing.T) {
	t.Parallel()
	for _, err := range []error{nil, errStore} {
		f := setup(t)
		f.known(false, err)
		exists, existsErr := run(t, f, f.steps.SendAccountExists, workflows.AccountExistsInput{EmailCanonical: emailAddress, At: time.Now()})
		f.newAttempt()
		released, releasedErr := run(t, f, f.steps.SendEmailReleased, workflows.EmailReleasedInput{RegistrationID: "r-1"})
		require.Empty(t, f.sent)
		if err != nil {
			requireDatabaseError(t, existsErr)
			requireDatabaseError(t, releasedErr)
			continue
		}
		require.NoError(t, errors.Join(existsErr, releasedErr))
		require.Zero(t, exists)
		require.Zero(t, released)
	}
}
