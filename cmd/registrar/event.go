package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"registrar/api"
	"registrar/api/openapi"
	"registrar/internal/audit"
	"registrar/internal/config"
	"registrar/internal/event"
	"registrar/internal/store"
)

func eventsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "events",
		Short: "List the events for other systems, and deliver them again",
		Args:  cobra.NoArgs,
		RunE:  help,
	}
	cmd.AddCommand(eventListCommand(), eventShowCommand(), eventReplayCommand(), eventWatchCommand())
	return cmd
}

// eventFlags select events.
type eventFlags struct {
	since, until, userID string
	types                []string
	undelivered          bool
	endpoints            []string
}

func (f *eventFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.since, "since", "", "only events from this time on, such as 2026-12-01T09:00:00Z, or of the last 24h")
	cmd.Flags().StringVar(&f.until, "until", "", "only events before this time, or before the last 24h")
	cmd.Flags().StringSliceVar(&f.types, "type", nil, "only events of this type, such as user.activated; may be repeated")
	cmd.Flags().StringVar(&f.userID, "user", "", "only events of this user, by its id")
	cmd.Flags().BoolVar(&f.undelivered, "undelivered", false, "only events that an endpoint has not received")
	cmd.Flags().StringSliceVar(&f.endpoints, "endpoint", nil, "only this endpoint; may be repeated; default: all")
}

// read checks the flags. The endpoints are those that the flags name, or all.
func (f *eventFlags) read(configured []event.Endpoint, now time.Time) (filter event.Filter, endpoints []event.Endpoint, err error) {
	if f.userID != "" && uuid.Validate(f.userID) != nil {
		return filter, nil, errors.New("--user: the value is not an id (a UUID)")
	}
	filter.UserID = f.userID
	if filter.Since, err = parseTime("since", f.since, now); err != nil {
		return filter, nil, err
	}
	if filter.Until, err = parseTime("until", f.until, now); err != nil {
		return filter, nil, err
	}
	for _, t := range f.types {
		filter.Types = append(filter.Types, event.Type(t))
	}
	r, err := event.Replay{Filter: filter, Undelivered: true, Endpoints: f.endpoints}.For(configured, now)
	if err != nil {
		return filter, nil, flagError(err)
	}
	for _, e := range configured {
		for _, name := range r.Endpoints {
			if e.Name == name {
				endpoints = append(endpoints, e)
			}
		}
	}
	return filter, endpoints, nil
}

// flagError names the flag instead of the field.
func flagError(err error) error {
	if mistake, ok := errors.AsType[*event.ReplayError](err); ok {
		return fmt.Errorf("--%s: %s", strings.TrimSuffix(mistake.Field, "s"), mistake.Message)
	}
	return err
}

func eventListCommand() *cobra.Command {
	var (
		flags  eventFlags
		limit  int
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "list [--undelivered] [--since TIME] [--type TYPE] [--user ID]",
		Short: "List events with their deliveries, the oldest first",
		Long:  "List events with their deliveries, the oldest first. The output has ids and no personal data.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 {
				return fmt.Errorf("--limit: %d must be above 0", limit)
			}
			return withEvents(cmd.Context(), func(ctx context.Context, s *store.Store, configured []event.Endpoint) error {
				filter, endpoints, err := flags.read(configured, time.Now())
				if err != nil {
					return err
				}
				if flags.undelivered {
					filter.Undelivered = endpoints
				}
				found, err := api.ListEvents(ctx, s, endpoints, filter, "", limit)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), append([]openapi.Event{}, found...))
				}
				return printEvents(cmd.OutOrStdout(), found)
			})
		},
	}
	flags.add(cmd)
	cmd.Flags().IntVar(&limit, "limit", 100, "maximum number of events")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// withEvents calls use with the store and the configured endpoints.
func withEvents(ctx context.Context, use func(context.Context, *store.Store, []event.Endpoint) error) error {
	c, err := config.Load(os.Environ())
	if err != nil {
		return err
	}
	endpoints, err := c.Receivers()
	if err != nil {
		return err
	}
	return withStore(ctx, func(ctx context.Context, s *store.Store) error { return use(ctx, s, endpoints) })
}

func printEvents(w io.Writer, found []openapi.Event) error {
	if len(found) == 0 {
		_, err := fmt.Fprintln(w, "no event")
		return err
	}
	table := newTable(w, "EVENT", "TIME (UTC)", "TYPE", "NUMBER", "USER", "DELIVERIES")
	for _, e := range found {
		table.row(e.EventID, formatTime(e.At), e.Type, strconv.Itoa(e.Sequence), e.UserID, deliveriesOf(e))
	}
	return table.flush()
}

func deliveriesOf(e openapi.Event) string {
	texts := make([]string, len(e.Deliveries))
	for i, d := range e.Deliveries {
		texts[i] = d.Endpoint + " " + string(d.Status)
	}
	return strings.Join(texts, ", ")
}

func eventShowCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show an event with its body",
		Long: "Show an event with its deliveries, and with its body for an endpoint that gets the user's data. The output has personal data,\n" +
			"so the command is recorded in the audit trail (registrar audit list).",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withEvents(cmd.Context(), func(ctx context.Context, s *store.Store, endpoints []event.Endpoint) error {
				e, err := readEvent(ctx, s, endpoints, args[0])
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), e)
				}
				return printEvent(cmd.OutOrStdout(), e)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// eventStore is the part of the store that the commands need.
type eventStore interface {
	api.Events
	RecordAudit(context.Context, audit.Entry) error
}

// readEvent reads an event, and records it.
func readEvent(ctx context.Context, s eventStore, endpoints []event.Endpoint, id string) (openapi.Event, error) {
	if uuid.Validate(id) != nil {
		return openapi.Event{}, errors.New("the argument is not an id (a UUID); registrar events list has the ids")
	}
	e, found, err := api.ReadEvent(ctx, s, endpoints, id)
	if err != nil {
		return e, err
	}
	if !found {
		return e, fmt.Errorf("there is no event %s", id)
	}
	return e, s.RecordAudit(ctx, audit.Entry{At: time.Now(), Actor: commandActor(), Action: audit.EventRead, UserID: e.UserID})
}

func printEvent(w io.Writer, e openapi.Event) error {
	table := newTable(w, "event", e.EventID)
	for _, each := range [][2]string{
		{"type", e.Type}, {"time", formatTime(e.At) + " UTC"}, {"number", strconv.Itoa(e.Sequence)}, {"user", e.UserID},
		{"registration", e.RegistrationID}, {"reason", e.Reason},
	} {
		if each[1] != "" {
			table.row(each[0], each[1])
		}
	}
	for _, d := range e.Deliveries {
		table.row(d.Endpoint, strings.TrimSpace(string(d.Status)+" "+timeOrNothing(d.At)))
	}
	if err := table.flush(); err != nil {
		return err
	}
	return printJSON(w, e.Body)
}
