package api

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"registrar/api/openapi"
	"registrar/internal/engine"
	"registrar/internal/span"
	"registrar/internal/user"
	"registrar/workflows"
)

const maxIdempotencyKey = 255

// fingerprintTimeout bounds reading the state of an unconfirmed registration: its client has already waited for the whole
// wait budget.
const fingerprintTimeout = time.Second

// CreateRegistration is POST /v1/registrations.
func (s *server) CreateRegistration(
	call context.Context, r openapi.CreateRegistrationRequestObject,
) (openapi.CreateRegistrationResponseObject, error) {
	accepted, ctx := acceptedLanguages(call), requestContext(call)
	key := r.Params.IdempotencyKey
	if key != nil && !isVisible(*key, maxIdempotencyKey) {
		return nil, &problem{code: openapi.ProblemCodeInvalidIdempotencyKey}
	}
	profile, password, err := s.checkForm(ctx, formOf(r.Body))
	if err != nil {
		return nil, err
	}
	in, err := s.registration(key, profile)
	if err != nil {
		return nil, err
	}
	ctx = withRegistration(call, in.RegistrationID)
	asked := request{in, key != nil, password}
	messages := s.messagesOf(ctx, in)
	if err := s.limitMessages(ctx, messages, r.Params.ChallengeResponse); err != nil {
		return nil, err
	}
	var out workflows.Persisted
	if err = s.askGate(ctx, asked, r.Body.Locale, accepted); err == nil {
		out, err = s.start(ctx, &asked)
	}
	s.settleRegistration(ctx, asked, messages, out, err)
	if errors.Is(err, engine.ErrUnconfirmed) {
		return s.unconfirmed(ctx, asked)
	}
	if err != nil {
		return nil, err
	}
	return s.persisted(asked, out)
}

func formOf(b *openapi.RegistrationRequest) user.Form {
	return user.Form{
		FirstName: b.FirstName, LastName: b.LastName, Username: b.Username, Email: b.Email, Password: b.Password,
		MobileNumber: b.MobileNumber, Locale: b.Locale, MarketingConsent: b.MarketingConsent,
		TermsAccepted: b.TermsAccepted, Attributes: b.Attributes,
	}
}

// checkForm returns the profile and the normalised password.
func (s *server) checkForm(ctx context.Context, form user.Form) (user.Profile, string, error) {
	profile, err := user.New(form, s.Rules)
	if err != nil {
		return user.Profile{}, "", err
	}
	password, err := user.NormalizePassword(form.Password)
	if err != nil {
		return user.Profile{}, "", fmt.Errorf("normalise a valid password: %w", err)
	}
	return profile, password, s.checkBreach(ctx, password)
}

// checkBreach refuses a password that is known from a breach. If the check fails, it accepts the password, unless the check is
// required.
func (s *server) checkBreach(ctx context.Context, password string) error {
	if s.Breach == nil {
		return nil
	}
	found, err := s.Breach.Found(ctx, password)
	if err != nil && s.BreachRequired {
		return &problem{code: openapi.ProblemCodeUnavailable, cause: fmt.Errorf("check the password for breaches: %w", err)}
	}
	if err != nil {
		s.log(ctx).WarnContext(ctx, "password not checked for breaches", "err", err)
		return nil
	}
	if found {
		return invalidField("password", user.CodeBreached, "is known from a data breach; please choose another one")
	}
	return nil
}

// registration returns the input of the workflow, without the password's hash and the fingerprint.
func (s *server) registration(key *string, p user.Profile) (workflows.RegistrationInput, error) {
	in := workflows.RegistrationInput{
		Profile:     p,
		RequestedAt: s.Now().UTC(),
		OTPKeyID:    s.Keys.KeyID(),
		Destinations: workflows.DestinationKeys{
			Email: s.emailKey(p.EmailCanonical), Mobile: s.mobileKey(p.Mobile),
		},
		Policy: s.Policy,
	}
	if key != nil {
		in.RegistrationID = s.Keys.RegistrationID(*key, p.EmailCanonical)
	} else {
		id, err := uuid.NewV7()
		if err != nil {
			return in, fmt.Errorf("create a registration id: %w", err)
		}
		in.RegistrationID = id.String()
	}
	var err error
	if in.CodeDigests, err = s.Keys.IssueDigests(in.OTPKeyID, in.RegistrationID, workflows.CodesOf(s.Policy)); err != nil {
		return in, fmt.Errorf("issue code digests: %w", err)
	}
	return in, nil
}

// start hashes the password, the expensive part of a request, and starts the workflow. Under an idempotency key, the hash
// and the fingerprint are the same in repetitions.
func (s *server) start(ctx context.Context, r *request) (out workflows.Persisted, err error) {
	var salt []byte
	if r.keyed {
		salt = s.Keys.PasswordSalt(r.RegistrationID)
	}
	hashing, hash := span.Start(ctx, "hash the password")
	r.PasswordHash, err = s.Hasher.Hash(hashing, r.password, salt)
	hash.End()
	if err != nil {
		return out, fmt.Errorf("hash the password: %w", err)
	}
	r.Fingerprint = s.fingerprint(r.Profile, r.PasswordHash)
	if out, err = s.Engine.Register(ctx, r.RegistrationInput); err != nil {
		return out, err
	}
	return out, s.computeLike(ctx, out.Fingerprint, r)
}

// unconfirmed answers 202 for a durable registration. Under an idempotency key, the registration may belong to a different
// request; then the answer is idempotency_key_reused.
func (s *server) unconfirmed(ctx context.Context, r request) (openapi.CreateRegistrationResponseObject, error) {
	if r.keyed {
		ctx, cancel := context.WithTimeout(ctx, fingerprintTimeout)
		defer cancel()
		state, err := s.Engine.State(ctx, r.RegistrationID)
		if err == nil {
			err = s.computeLike(ctx, state.Fingerprint, &r)
		}
		if err == nil && state.Fingerprint != r.Fingerprint {
			return nil, &problem{code: openapi.ProblemCodeIdempotencyKeyReused}
		}
	}
	return openapi.CreateRegistration202JSONResponse{
		Headers: openapi.CreateRegistration202ResponseHeaders{Location: location(r.RegistrationID)},
		Body: openapi.RegistrationAccepted{
			RegistrationID:    r.RegistrationID,
			RegistrationToken: s.Keys.RegistrationToken(r.RegistrationID),
			Status:            openapi.StatusAccepted,
			Message:           statusMessage(workflows.RegistrationState{Outcome: workflows.Outcome{Status: workflows.StatusAccepted}}),
		},
	}, nil
}

// persisted answers for a registration whose user was stored or refused. Repetitions of a request get the same answer as
// long as the registration exists: it does not reveal that the user has become active since.
func (s *server) persisted(r request, out workflows.Persisted) (openapi.CreateRegistrationResponseObject, error) {
	switch {
	case out.Fingerprint != r.Fingerprint:
		return nil, &problem{code: openapi.ProblemCodeIdempotencyKeyReused}
	case out.Status == workflows.StatusPending, out.Status == workflows.StatusActive:
		return s.created(r.RegistrationID, out), nil
	case out.Status == workflows.StatusRejected && ruleProblems[out.Refusal] != "":
		return nil, &problem{code: ruleProblems[out.Refusal]}
	case out.Status == workflows.StatusSuperseded:
		return nil, &problem{code: openapi.ProblemCodeSuperseded}
	case out.Status == workflows.StatusExpired, out.Status == workflows.StatusFailed:
		return nil, &problem{code: openapi.ProblemCodeRegistrationClosed}
	default:
		return nil, fmt.Errorf("registration persisted with the status %q and the refusal %q", out.Status, out.Refusal)
	}
}

func (s *server) created(registrationID string, out workflows.Persisted) openapi.CreateRegistrationResponseObject {
	return openapi.CreateRegistration201JSONResponse{
		Headers: openapi.CreateRegistration201ResponseHeaders{Location: location(registrationID)},
		Body: openapi.RegistrationCreated{
			RegistrationID:    registrationID,
			RegistrationToken: s.Keys.RegistrationToken(registrationID),
			Status:            openapi.StatusPendingVerification,
			Message:           codeMessage(out.Verification),
			Verification:      verification(out.Verification),
		},
	}
}

func location(registrationID string) string { return registrationsPath + "/" + registrationID }
