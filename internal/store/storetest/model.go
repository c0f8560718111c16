package storetest

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"registrar/internal/event"
	"registrar/internal/store"
	"registrar/internal/user"
)

// model is a reference implementation of the store as a list, without concurrency, indexes or SQL.
type model []*modelUser

type modelUser struct {
	id       string
	owner    user.Registration
	username string
	active   bool
	blocked  bool // is active, and blocked by an operator
	proven   bool // holds the email
	released bool // has lost the email
}

func (u *modelUser) has(r user.Registration) bool {
	return !u.released && u.owner.Profile.EmailCanonical == r.Profile.EmailCanonical
}

func (m model) of(r user.Registration) *modelUser {
	for _, u := range m {
		if u.owner.ID == r.ID {
			return u
		}
	}
	return nil
}

// rivals returns the other users with the registration's email.
func (m model) rivals(r user.Registration) (rivals model) {
	for _, u := range m {
		if u.owner.ID != r.ID && u.has(r) {
			rivals = append(rivals, u)
		}
	}
	return rivals
}

func (m model) held() bool {
	return slices.ContainsFunc(m, func(u *modelUser) bool { return u.proven })
}

func (m model) named(username string) *modelUser {
	for _, u := range m {
		if username != "" && strings.EqualFold(u.username, username) {
			return u
		}
	}
	return nil
}

// persist returns the result that the store must return; a new user has an empty id.
func (m *model) persist(r user.Registration) (user.Persisted, *modelUser, error) {
	rivals := m.rivals(r)
	p := user.Persisted{Status: user.StatusPending, Contested: len(rivals) > 0, Held: rivals.held()}
	if u := m.of(r); u != nil {
		p.UserID, p.Status, p.Again, p.EmailVerified = u.id, u.status(), true, u.proven
		return p, u, nil
	}
	named := m.named(r.Profile.Username)
	switch {
	case p.Held && !r.Concealed:
		return user.Persisted{}, nil, user.ErrEmailTaken
	case named != nil && (named.active || !named.has(r)):
		return user.Persisted{}, nil, user.ErrUsernameTaken
	case named != nil:
		named.username = ""
	}
	u := &modelUser{owner: r, username: r.Profile.Username}
	*m = append(*m, u)
	return p, u, nil
}

// activate activates a user by a code, which proves the email or not.
func (m *model) activate(r user.Registration, proven bool) error {
	u := m.of(r)
	switch {
	case u == nil:
		return user.ErrSuperseded
	case u.active:
		return nil
	case u.released, m.rivals(r).held():
		return user.ErrSuperseded
	}
	u.active = true
	named := m.named(r.Profile.Username)
	free := named == nil || named.has(r) && !named.active
	if proven {
		m.prove(u)
	}
	if u.username == "" && free {
		if named != nil {
			named.username = ""
		}
		u.username = r.Profile.Username
	}
	return nil
}

func (m *model) confirm(r user.Registration) error {
	u := m.of(r)
	if u == nil || u.released || m.rivals(r).held() {
		return user.ErrSuperseded
	}
	if !u.proven {
		m.prove(u)
	}
	return nil
}

func (m *model) prove(u *modelUser) {
	u.proven = true
	for _, rival := range m.rivals(u.owner) {
		if rival.active {
			rival.released = true
		} else {
			m.expire(rival.owner)
		}
	}
}

func (m *model) disown(r user.Registration) error {
	u := m.of(r)
	switch {
	case u == nil, u.released:
		return user.ErrSuperseded
	case u.proven:
		return user.ErrEmailProven
	}
	u.released = true
	m.expire(r)
	return nil
}

func (m *model) expire(r user.Registration) {
	*m = slices.DeleteFunc(*m, func(u *modelUser) bool { return u.owner.ID == r.ID && !u.active })
}

// change blocks or unblocks a user.
func (m *model) change(r user.Registration, block bool) user.ChangeOutcome {
	u := m.of(r)
	switch {
	case u == nil:
		return user.ChangeNotFound
	case block && !u.active:
		return user.ChangeConflict
	}
	u.blocked = block
	return user.ChangeDone
}

func (u *modelUser) status() user.Status {
	if u.blocked {
		return user.StatusBlocked
	}
	if u.active {
		return user.StatusActive
	}
	return user.StatusPending
}

// testModel runs random sequences of operations on few emails and usernames. Each sequence uses its own emails and
// usernames, so that all sequences can share one database.
func testModel(t *testing.T, s *store.Store) {
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		var m model
		all := registrations(rt, run)
		choice := rapid.SampledFrom(all)
		rt.Repeat(map[string]func(*rapid.T){
			"persist": func(rt *rapid.T) { persistBoth(t, rt, s, &m, choice.Draw(rt, "registration")) },
			"activate": func(rt *rapid.T) {
				r, proven := choice.Draw(rt, "registration"), rapid.Bool().Draw(rt, "proven")
				_, err := s.Activate(within(t), user.Activation{Registration: r, At: evening, EmailProven: proven})
				requireSame(rt, m.activate(r, proven), err)
			},
			"confirm": func(rt *rapid.T) {
				r := choice.Draw(rt, "registration")
				_, err := s.ConfirmEmail(within(t), r.ID, r.Profile.EmailCanonical, evening)
				requireSame(rt, m.confirm(r), err)
			},
			"disown": func(rt *rapid.T) {
				r := choice.Draw(rt, "registration")
				_, err := s.DisownEmail(within(t), r.ID, r.Profile.EmailCanonical, evening)
				requireSame(rt, m.disown(r), err)
			},
			"expire": func(rt *rapid.T) {
				r := choice.Draw(rt, "registration")
				_, err := s.Expire(within(t), r.ID, event.ReasonNotVerified)
				require.NoError(rt, err)
				m.expire(r)
			},
			"change": func(rt *rapid.T) {
				r, kind := choice.Draw(rt, "registration"), rapid.SampledFrom([]user.ChangeKind{user.ChangeBlock, user.ChangeUnblock}).Draw(rt, "kind")
				id := ""
				if u := m.of(r); u != nil {
					id = u.id
				}
				out, err := s.ChangeUser(within(t), requestOf(id, kind, user.Change{}))
				require.NoError(rt, err)
				require.Equal(rt, m.change(r, kind == user.ChangeBlock), out.Outcome)
			},
			"": func(rt *rapid.T) {
				require.ElementsMatch(rt, m.table(), table(t, rt, s, all))
				for _, r := range all {
					history(t, s, r.ID)
				}
			},
		})
	})
}

func requireSame(rt *rapid.T, want, got error) {
	if want == nil {
		require.NoError(rt, got)
		return
	}
	require.ErrorIs(rt, got, want)
}

func persistBoth(t *testing.T, rt *rapid.T, s *store.Store, m *model, r user.Registration) {
	want, u, wantErr := m.persist(r)
	got, err := s.Persist(within(t), r)
	require.Equal(rt, wantErr, err)
	if u != nil && u.id == "" {
		u.id, want.UserID = got.UserID, got.UserID
		require.NotEmpty(rt, got.UserID)
	}
	got.Announced = 0 // not in the model
	require.Equal(rt, want, got)
}

func registrations(rt *rapid.T, run int) []user.Registration {
	usernames := []string{"", "ada%d", "ADA%d", "bob%d"}
	list := make([]user.Registration, 6)
	for i := range list {
		list[i] = registration(
			fmt.Sprintf("%s@run%d.org", rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "email"), run),
		)
		if name := rapid.SampledFrom(usernames).Draw(rt, "username"); name != "" {
			list[i].Profile.Username = fmt.Sprintf(name, run)
		}
		list[i].Concealed = rapid.Bool().Draw(rt, "concealed")
	}
	return list
}

// modelRow has the columns of a row that the model predicts.
type modelRow struct {
	id, registration, email, username string
	status                            user.Status
	proven                            bool
}

func (m model) table() []modelRow {
	list := []modelRow{}
	for _, u := range m {
		r := modelRow{u.id, u.owner.ID, u.owner.Profile.EmailCanonical, u.username, u.status(), u.proven}
		if u.released {
			r.email = ""
		}
		list = append(list, r)
	}
	return list
}

func table(t *testing.T, rt *rapid.T, s *store.Store, all []user.Registration) []modelRow {
	list := []modelRow{}
	for _, r := range all {
		found := modelRow{registration: r.ID}
		err := s.Pool().QueryRowContext(within(t), `SELECT id, COALESCE(email_canonical, ''), COALESCE(username, ''), status,
			email_verified_at IS NOT NULL FROM users WHERE registration_id = ?`, r.ID).
			Scan(&found.id, &found.email, &found.username, &found.status, &found.proven)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		require.NoError(rt, err)
		list = append(list, found)
	}
	return list
}
