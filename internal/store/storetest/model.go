package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"registrar/internal/store"
	"registrar/internal/user"
)

// model is a reference implementation of the store as a list, without concurrency, indexes or SQL.
type model []*modelUser

type modelUser struct {
	id     string
	owner  user.Registration
	active bool
}

func (m model) find(is func(*modelUser) bool) *modelUser {
	for _, u := range m {
		if is(u) {
			return u
		}
	}
	return nil
}

func (m model) of(r user.Registration) *modelUser {
	return m.find(func(u *modelUser) bool { return u.owner.ID == r.ID })
}

// persist returns the result that the store must return; a new user has an empty id.
func (m *model) persist(r user.Registration) (user.Persisted, *modelUser, error) {
	if u := m.of(r); u != nil {
		return user.Persisted{UserID: u.id, Status: u.status(), Again: true}, u, nil
	}
	rival := m.find(func(u *modelUser) bool { return u.owner.Profile.EmailCanonical == r.Profile.EmailCanonical })
	named := m.find(func(u *modelUser) bool {
		return u != rival && r.Profile.Username != "" && strings.EqualFold(u.owner.Profile.Username, r.Profile.Username)
	})
	switch {
	case rival != nil && rival.active:
		return user.Persisted{}, nil, user.ErrEmailTaken
	case rival != nil && !later(r, rival.owner):
		return user.Persisted{}, nil, user.ErrSuperseded
	case named != nil:
		return user.Persisted{}, nil, user.ErrUsernameTaken
	case rival != nil:
		p := user.Persisted{UserID: rival.id, Status: user.StatusPending, Superseded: rival.owner.ID}
		rival.owner = r
		return p, rival, nil
	default:
		u := &modelUser{owner: r}
		*m = append(*m, u)
		return user.Persisted{Status: user.StatusPending}, u, nil
	}
}

func (m *model) expire(r user.Registration) {
	kept := model{}
	for _, u := range *m {
		if u.owner.ID != r.ID || u.active {
			kept = append(kept, u)
		}
	}
	*m = kept
}

func (u *modelUser) status() user.Status {
	if u.active {
		return user.StatusActive
	}
	return user.StatusPending
}

func later(r, than user.Registration) bool {
	if r.RequestedAt.Equal(than.RequestedAt) {
		return r.ID > than.ID
	}
	return r.RequestedAt.After(than.RequestedAt)
}

// testModel runs random sequences of operations on few emails and usernames. Each sequence uses its own emails and
// usernames, so that all sequences can share one database.
func testModel(t *testing.T, s *store.Store) {
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		var m model
		choice := rapid.SampledFrom(registrations(rt, run))
		rt.Repeat(map[string]func(*rapid.T){
			"persist": func(rt *rapid.T) { persistBoth(t, rt, s, &m, choice.Draw(rt, "registration")) },
			"activate": func(rt *rapid.T) {
				r := choice.Draw(rt, "registration")
				err := verified(s, within(t), user.Activation{Registration: r, At: evening})
				if u := m.of(r); u != nil {
					require.NoError(rt, err)
					u.active = true
				} else {
					require.ErrorIs(rt, err, user.ErrSuperseded)
				}
			},
			"expire": func(rt *rapid.T) {
				r := choice.Draw(rt, "registration")
				require.NoError(rt, s.Expire(within(t), r.ID))
				m.expire(r)
			},
			"": func(rt *rapid.T) { require.ElementsMatch(rt, m.table(), table(t, rt, s, run)) },
		})
	})
}

func persistBoth(t *testing.T, rt *rapid.T, s *store.Store, m *model, r user.Registration) {
	want, u, wantErr := m.persist(r)
	got, err := s.Persist(within(t), r)
	require.Equal(rt, wantErr, err)
	if u != nil && u.id == "" {
		u.id, want.UserID = got.UserID, got.UserID
		require.NotEmpty(rt, got.UserID)
	}
	require.Equal(rt, want, got)
}

func registrations(rt *rapid.T, run int) []user.Registration {
	usernames := []string{"", "ada%d", "ADA%d", "bob%d"}
	list := make([]user.Registration, 6)
	for i := range list {
		list[i] = registration(
			fmt.Sprintf("%s@run%d.org", rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "email"), run),
			after(rapid.IntRange(0, 3).Draw(rt, "second")),
		)
		if name := rapid.SampledFrom(usernames).Draw(rt, "username"); name != "" {
			list[i].Profile.Username = fmt.Sprintf(name, run)
		}
	}
	return list
}

// modelRow has the columns of a row that the model predicts.
type modelRow struct {
	id, registration string
	status           user.Status
	requestedAt      time.Time
}

func (m model) table() []modelRow {
	list := []modelRow{}
	for _, u := range m {
		list = append(list, modelRow{u.id, u.owner.ID, u.status(), micro(u.owner.RequestedAt)})
	}
	return list
}

func table(t *testing.T, rt *rapid.T, s *store.Store, run int) []modelRow {
	found, err := s.Pool().QueryContext(within(t),
		"SELECT id, registration_id, status, requested_at FROM users WHERE email_canonical IN (?, ?, ?)",
		fmt.Sprintf("a@run%d.org", run), fmt.Sprintf("b@run%d.org", run), fmt.Sprintf("c@run%d.org", run))
	require.NoError(rt, err)
	defer found.Close()
	list := []modelRow{}
	for found.Next() {
		var r modelRow
		require.NoError(rt, found.Scan(&r.id, &r.registration, &r.status, &r.requestedAt))
		r.requestedAt = r.requestedAt.UTC()
		list = append(list, r)
	}
	require.NoError(rt, found.Err())
	return list
}
