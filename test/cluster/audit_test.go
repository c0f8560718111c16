package cluster

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/test/load/loop"
	"registrar/test/parts"
)

// record returns a record whose registration and code were answered with these statuses; 0 means no answer.
func record(id string, register, verify int) loop.Record {
	request := func(status int) loop.Request {
		if status == 0 {
			return loop.Request{}
		}
		return loop.Request{Answers: []loop.Answer{{Status: status}}}
	}
	return loop.Record{Handle: parts.Handle{ID: id}, Register: request(register), Verify: request(verify)}
}

func TestAuditOfUsers(t *testing.T) {
	t.Parallel()
	const created, ok = http.StatusCreated, http.StatusOK
	for name, c := range map[string]struct {
		person loop.Record
		users  []userRow
		want   Audit
	}{
		"as it should be":                 {record("1", created, ok), []userRow{{"1", "active"}}, Audit{Acknowledged: 1, Verified: 1}},
		"not verified":                    {record("1", created, 0), []userRow{{"1", "pending_verification"}}, Audit{Acknowledged: 1}},
		"refused":                         {record("", http.StatusConflict, 0), nil, Audit{}},
		"lost":                            {record("1", http.StatusAccepted, 0), nil, Audit{Acknowledged: 1, Lost: 1}},
		"another's user":                  {record("1", created, 0), []userRow{{"2", "active"}}, Audit{Acknowledged: 1, Lost: 1}},
		"verified, but not active":        {record("1", created, ok), []userRow{{"1", "pending_verification"}}, Audit{Acknowledged: 1, Verified: 1, Lost: 1}},
		"never answered, and registered":  {record("", 0, 0), []userRow{{"1", "pending_verification"}}, Audit{Unacknowledged: 1}},
		"never answered, not registered":  {record("", http.StatusServiceUnavailable, 0), nil, Audit{}},
		"two users, one of them is right": {record("1", created, ok), []userRow{{"2", "active"}, {"1", "active"}}, Audit{Acknowledged: 1, Verified: 1, DuplicateUsers: 1}},
	} {
		var got Audit
		got.user(c.person, c.users)
		require.Equal(t, c.want, got, name)
	}
}

func TestAuditOfMessages(t *testing.T) {
	t.Parallel()
	all := map[string]bool{otp: true, welcome: true, completion: true}
	verified, pending := record("1", http.StatusCreated, http.StatusOK), record("1", http.StatusCreated, 0)
	for name, c := range map[string]struct {
		person   loop.Record
		ledger   map[string]bool
		accepted map[string]int
		want     Audit
	}{
		"as it should be":           {verified, all, map[string]int{otp: 1, welcome: 1, completion: 1}, Audit{}},
		"doubled":                   {verified, all, map[string]int{otp: 3, welcome: 1, completion: 2}, Audit{DuplicateMessages: 3}},
		"one missing":               {verified, map[string]bool{otp: true, welcome: true}, map[string]int{otp: 1, welcome: 1}, Audit{MissingMessages: 1, MissingLedger: 1}},
		"sent and not recorded":     {verified, map[string]bool{otp: true, welcome: true}, map[string]int{otp: 1, welcome: 1, completion: 1}, Audit{MissingLedger: 1}},
		"recorded and not sent":     {verified, all, map[string]int{otp: 1, welcome: 1}, Audit{MissingMessages: 1, Unsent: 1}},
		"nothing yet, not verified": {pending, nil, nil, Audit{}},
		"a false record of it":      {pending, map[string]bool{otp: true}, nil, Audit{Unsent: 1}},
	} {
		var got Audit
		got.messages(c.person, c.ledger, c.accepted)
		require.Equal(t, c.want, got, name)
	}
}

func TestAuditErr(t *testing.T) {
	t.Parallel()
	require.NoError(t, Audit{Acknowledged: 7, Verified: 5, Unacknowledged: 1, DuplicateMessages: 2}.Err())
	for what, a := range map[string]Audit{
		"lost: 1": {Lost: 1}, "duplicate users: 1": {DuplicateUsers: 1}, "not on all nodes: 1": {Split: 1}, "messages missing: 1": {MissingMessages: 1},
		"missing in the ledger: 1": {MissingLedger: 1}, "in the ledger but not sent: 1": {Unsent: 1},
	} {
		require.EqualError(t, a.Err(), what)
	}
}
