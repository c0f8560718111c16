package main

import (
	"context"
	"errors"
	"expvar"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"registrar/dev/userdb"
	"registrar/internal/secret"
	"registrar/internal/store"
	"registrar/internal/user"
)

// The variables of the benchmark (test/bench). No production process knows them.
const (
	benchHashing = "BENCH_HASHING" // off: passwords are hashed at almost no cost, to measure everything else
	benchEvents  = "BENCH_EVENTS"  // off: there is no endpoint for events, unless one is configured
	benchPort    = "BENCH_PORT"    // loopback port of pprof and expvar
	benchUsers   = "BENCH_USERS"   // number of users to store before the start
)

// measurement has the settings of the benchmark.
type measurement struct {
	port  string // empty: no profiles
	users int
}

// setMeasurement applies the variables of the benchmark to the options.
func (o *options) setMeasurement(environ []string) (err error) {
	for _, variable := range environ {
		switch name, value, _ := strings.Cut(variable, "="); {
		case name == benchHashing && value == "off":
			params := secret.CheapParams()
			o.hasher = secret.NewHasher(secret.HasherOptions{Params: &params})
		case name == benchEvents && value == "off":
			o.receiver = false
		case name == benchPort:
			o.measurement.port = value
		case name == benchUsers:
			if o.measurement.users, err = strconv.Atoi(value); err != nil {
				return fmt.Errorf("%s: %w", benchUsers, err)
			}
		}
	}
	return nil
}

// serveProfiles serves profiles and memory statistics on BENCH_PORT, if it is set.
func (s *stack) serveProfiles(ctx context.Context) error {
	if s.measurement.port == "" {
		return nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", s.measurement.port))
	if err != nil {
		return fmt.Errorf("%s: %w", benchPort, err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.Handle("/debug/vars", expvar.Handler())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Second}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.fail(err)
		}
	}()
	s.onStop(server.Close)
	return nil
}

// addBenchUsers stores so many active users: it imports one, and copies its rows in the database. To import a million would take
// minutes.
func addBenchUsers(ctx context.Context, users *store.Store, path string, count int) error {
	if count == 0 {
		return nil
	}
	template := benchUser()
	if _, err := users.NewImporter(store.ImportOptions{}).Import(ctx, []user.Transfer{template}); err != nil {
		return fmt.Errorf("import a user: %w", err)
	}
	db, err := gorm.Open(userdb.Open(path), &gorm.Config{Logger: logger.Discard})
	if err != nil {
		return fmt.Errorf("add users: %w", err)
	}
	err = db.WithContext(ctx).Connection(func(db *gorm.DB) error { return copyUser(db, template.ID, count-1) })
	if err != nil {
		return fmt.Errorf("add users: %w", err)
	}
	connections, err := db.DB()
	return errors.Join(err, connections.Close())
}

const randomID = "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-8' || " +
	"substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))"

// copyUser copies the rows of a user. The columns that are unique get values of their own.
func copyUser(db *gorm.DB, id string, copies int) error {
	rows, err := copiedColumns(db, "users", map[string]string{
		"id": randomID, "registration_id": randomID, "username": "'imported.' || n", "mobile_e164": "printf('+49160%08d', n)",
		"email": "'imported.' || n || '@example.com'", "email_canonical": "'imported.' || n || '@example.com'",
	})
	if err != nil {
		return err
	}
	profiles, err := copiedColumns(db, "profiles", map[string]string{"user_id": "users.id"})
	if err != nil {
		return err
	}
	for _, statement := range []struct {
		text   string
		values []any
	}{
		{"PRAGMA cache_size = -200000", nil}, // kB: the indexes fit
		{"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?) INSERT INTO users SELECT " + rows +
			" FROM numbers, users AS template WHERE n <= ? AND template.id = ?", []any{copies, copies, id}},
		{"INSERT INTO profiles SELECT " + profiles + " FROM users, profiles AS template WHERE template.user_id = ? AND users.id <> ?", []any{id, id}},
	} {
		if err := db.Exec(statement.text, statement.values...).Error; err != nil {
			return err
		}
	}
	return nil
}

// copiedColumns returns the values of all columns of a copied row: those in own, and for the others the value of the template.
func copiedColumns(db *gorm.DB, table string, own map[string]string) (string, error) {
	var columns []string
	err := db.Raw("SELECT name FROM pragma_table_info(?)", table).Scan(&columns).Error
	for i, name := range columns {
		if columns[i] = own[name]; columns[i] == "" {
			columns[i] = "template." + name
		}
	}
	return strings.Join(columns, ", "), err
}

// benchUser returns the user that is copied.
func benchUser() user.Transfer {
	const email = "imported@example.com"
	return user.Transfer{
		Record: user.Record{
			ID: uuid.NewString(), RegistrationID: uuid.NewString(), Status: user.StatusActive, Email: email,
			Username: "imported", Mobile: "+491600000000", FirstName: "Zoë", LastName: "Nguyễn", Locale: "en",
		},
		EmailCanonical: email, EmailVerified: true,
		PasswordHash: "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$rk2Mi3E4dgRMg0fHaYaptWVZRKqs//6b6k3/nntqGJk",
	}
}
