//go:build ops

package ops_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"registrar/test/parts"
)

const adminToken = "a token for operators in tests"

// site is the whole service on one machine.
type site struct {
	parts.Surroundings
	owner     parts.Test // stops everything
	program   parts.Registrar
	more      []string // settings of startSite
	settings  parts.Settings
	database  *parts.MariaDB
	api       *parts.Replica
	codec     *parts.Replica
	registrar *parts.Replica // the worker of the queue registration
	notifier  *parts.Replica // the worker of both other queues
	home      string         // of the operator
	temporal  client.Client
}

const notificationQueues = "--queues=notifications-high,notifications-low"

// startSite starts a site with additional settings.
func startSite(t parts.Test, settings ...string) *site {
	t.Helper()
	s := &site{owner: t, more: settings, program: parts.BuildRegistrar(t), database: parts.StartMariaDB(t), home: parts.Dir(t, "operator")}
	if err := s.database.Exec(t.Context(), "CREATE DATABASE registrar"); err != nil {
		t.Fatalf("%v", err)
	}
	s.startBeside(t, s.database.DSN("registrar"))
	return s
}

// startBeside starts everything except the user database.
func (s *site) startBeside(t parts.Test, dsn string) {
	t.Helper()
	codec := parts.Loopback(parts.FreePort())
	s.Surroundings = parts.Surroundings{
		DSN: dsn, Temporal: parts.StartTemporal(t, "http://"+codec),
		Mailgun: parts.StartMailgun(t), Twilio: parts.StartTwilio(t), Codec: codec,
	}
	s.settings = s.program.Settings(t, s.Surroundings).With("ADMIN_TOKEN", adminToken).With(s.more...)
	s.program.MigrateUp(t, s.settings)
	s.codec = s.program.StartCodec(t, s.settings)
	s.registrar = s.program.StartWorker(t, "registrar", s.settings, "--queues=registration")
	s.notifier = s.program.StartWorker(t, "notifier", s.settings, notificationQueues)
	s.api = s.program.StartAPI(t, "api", s.settings)
	var err error
	if s.temporal, err = client.Dial(client.Options{HostPort: s.Temporal.Address(), Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))}); err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(s.temporal.Close)
}

// operator returns the environment of an operator's shell.
func (s *site) operator() []string {
	tools, err := filepath.Abs(filepath.Join("..", "..", ".bin"))
	if err != nil {
		panic(err)
	}
	environ := []string{
		"PATH=" + strings.Join([]string{filepath.Dir(string(s.program)), tools, os.Getenv("PATH")}, ":"),
		"TEMPORAL_CODEC_ENDPOINT=http://" + s.Codec, "REGISTRAR_URL=" + s.api.URL(),
	}
	for name, value := range s.settings {
		environ = append(environ, name+"="+value)
	}
	return append(environ, "HOME="+s.home)
}

// ownedTest is a test whose parts are stopped with their site, not with the test.
type ownedTest struct {
	*testing.T
	owner parts.Test
}

func (l ownedTest) Context() context.Context { return l.owner.Context() }
func (l ownedTest) Cleanup(undo func())      { l.owner.Cleanup(undo) }
func (l ownedTest) Failed() bool             { return l.owner.Failed() }

// Logf uses the owner, because the test may have ended.
func (l ownedTest) Logf(format string, args ...any) { l.owner.Logf(format, args...) }

func (s *site) ownedBySite(t *testing.T) parts.Test { return ownedTest{t, s.owner} }

// loseCredentials makes both providers refuse the workers' credentials. mend restarts the workers with new credentials, as
// an operator would.
func (s *site) loseCredentials(t *testing.T) (restoreCredentials func()) {
	t.Helper()
	next := strconv.FormatInt(persons.Add(1), 10)
	s.Twilio.SetSecret("token" + next)
	s.Mailgun.SetSecret("key-" + next)
	restored := false
	restoreCredentials = func() {
		restored = true
		s.settings = s.settings.With("TWILIO_AUTH_TOKEN", s.Twilio.Secret(), "MAILGUN_API_KEY", s.Mailgun.Secret())
		require.NoError(t, s.notifier.Stop())
		s.notifier = s.program.StartWorker(s.ownedBySite(t), "notifier", s.settings, notificationQueues)
	}
	t.Cleanup(func() {
		if !restored {
			restoreCredentials()
		}
	})
	return restoreCredentials
}

// persons counts the users of all tests.
var persons atomic.Int64

// person is a registering user.
type person struct {
	parts.Form
	parts.Handle
	key string // Idempotency-Key
}

// register registers new users, who are pending or failed afterwards.
func (s *site) register(t *testing.T, n int) []person {
	t.Helper()
	people, err := s.tryRegister(t.Context(), n)
	require.NoError(t, err)
	return people
}

func (s *site) tryRegister(ctx context.Context, n int) ([]person, error) {
	people := make([]person, n)
	client := parts.NewClient(s.api.URL())
	first := int(persons.Add(int64(n))) - n
	return people, parts.Each(n, 10, func(i int) (err error) {
		people[i].Form, people[i].key = parts.UserForm(first+i), fmt.Sprintf("person-%d", first+i)
		people[i].Handle, err = client.Register(ctx, people[i].Form, people[i].key)
		return err
	})
}

// verify enters the code of every user.
func (s *site) verify(t *testing.T, people []person) {
	t.Helper()
	client := parts.NewClient(s.api.URL())
	require.NoError(t, parts.Each(len(people), 10, func(i int) error {
		code, err := s.Twilio.Code(t.Context(), people[i].MobileNumber)
		if err != nil {
			return err
		}
		status, err := client.Verify(t.Context(), people[i].Handle, code)
		if err == nil && status != parts.StatusActive {
			err = fmt.Errorf("%s is %s", people[i].ID, status)
		}
		return err
	}))
}

// awaitCount polls until a query finds so many workflows, because visibility is updated with a delay.
func (s *site) awaitCount(t *testing.T, query string, want int) {
	t.Helper()
	require.NoError(t, parts.Await(t.Context(), 5*time.Minute, nil, func(ctx context.Context) error {
		found, err := s.temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Query: query})
		if err == nil && found.GetCount() != int64(want) {
			err = fmt.Errorf("%q finds %d, not %d", query, found.GetCount(), want)
		}
		return err
	}))
}

// lookUp returns the number that a query on the user database yields.
func (s *site) lookUp(t *testing.T, query string, args ...any) int {
	t.Helper()
	db, err := sql.Open("mysql", s.DSN)
	require.NoError(t, err)
	defer func() { _ = db.Close() }()
	var n int
	require.NoError(t, db.QueryRowContext(t.Context(), query, args...).Scan(&n))
	return n
}

// awaitMessages waits until every user has the messages of a finished registration, and requires that there are no more.
func (s *site) awaitMessages(t *testing.T, people []person) {
	t.Helper()
	require.NoError(t, parts.Each(len(people), 10, func(i int) error {
		return parts.Await(t.Context(), time.Minute, nil, func(context.Context) error {
			if len(s.Twilio.Messages(people[i].MobileNumber)) < 2 || s.Mailgun.Count(people[i].Email, "welcome") < 1 {
				return errors.New("a message is missing")
			}
			return nil
		})
	}))
	for _, p := range people {
		require.Len(t, s.Twilio.Messages(p.MobileNumber), 2, "a code and the completion")
		require.Len(t, s.Mailgun.Messages(p.Email), 1, "the welcome email")
	}
}

// countNow returns the number of workflows that a query finds.
func (s *site) countNow(t *testing.T, query string) int {
	t.Helper()
	found, err := s.temporal.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{Query: query})
	require.NoError(t, err)
	return int(found.GetCount())
}

// hasAttempted reports whether a registration's current activity has had so many attempts.
func (s *site) hasAttempted(p person, activity string, times int32) func(context.Context) error {
	return func(ctx context.Context) error {
		now, err := s.temporal.DescribeWorkflowExecution(ctx, "registration-"+p.ID, "")
		if err != nil {
			return err
		}
		for _, pending := range now.GetPendingActivities() {
			if pending.GetActivityType().GetName() == activity && pending.GetAttempt() >= times {
				return nil
			}
		}
		return errors.New("there were fewer attempts")
	}
}

// hasBegun reports whether a registration has scheduled an activity so often, each time with a new retry budget.
func (s *site) hasBegun(p person, activity string, times int) func(context.Context) error {
	return func(ctx context.Context) error {
		n := 0
		events := s.temporal.GetWorkflowHistory(ctx, "registration-"+p.ID, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for events.HasNext() {
			event, err := events.Next()
			if err != nil {
				return err
			}
			if event.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName() == activity {
				n++
			}
		}
		if n < times {
			return fmt.Errorf("it was scheduled %d times", n)
		}
		return nil
	}
}
