package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"registrar/api"
	"registrar/internal/audit"
	"registrar/internal/config"
	"registrar/internal/engine"
	"registrar/internal/event"
	"registrar/internal/store"
	"registrar/internal/wiring"
	"registrar/workflows"
)

func eventReplayCommand() *cobra.Command {
	var (
		flags        eventFlags
		yes, started bool
	)
	cmd := &cobra.Command{
		Use:   "replay --undelivered | --since TIME | --user ID",
		Short: "Deliver events again, under their original ids",
		Long: "Deliver events again, under their original ids, and show the progress. An endpoint gets the events of a user in order: earlier\n" +
			"ones that it lacks are delivered first. The replay goes on if the command is interrupted.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withReplays(cmd.Context(), func(ctx context.Context, c config.Config, s *store.Store, replays *engine.Replays) error {
				r, err := flags.replay(c, time.Now())
				if err != nil {
					return err
				}
				if !yes {
					if err := confirmReplay(cmd, r); err != nil {
						return err
					}
				}
				return startReplay(ctx, cmd, s, replays, r, !started)
			})
		},
	}
	flags.add(cmd)
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask for confirmation")
	cmd.Flags().BoolVar(&started, "no-watch", false, "return when the replay has started")
	return cmd
}

// replay returns the replay that the flags describe.
func (f *eventFlags) replay(c config.Config, now time.Time) (event.Replay, error) {
	configured, err := c.Receivers()
	if err != nil {
		return event.Replay{}, err
	}
	filter, _, err := f.read(configured, now)
	if err != nil {
		return event.Replay{}, err
	}
	r, err := event.Replay{Filter: filter, Undelivered: f.undelivered, Endpoints: f.endpoints}.For(configured, now)
	return r, flagError(err)
}

func withReplays(ctx context.Context, use func(context.Context, config.Config, *store.Store, *engine.Replays) error) error {
	c, err := config.Load(os.Environ())
	if err != nil {
		return err
	}
	return wiring.WithReplays(ctx, c, wiring.Logger(c.Log, os.Stderr), func(ctx context.Context, s *store.Store, replays *engine.Replays) error {
		return use(ctx, c, s, replays)
	})
}

func confirmReplay(cmd *cobra.Command, r event.Replay) error {
	what := "all events"
	if r.Undelivered {
		what = "the undelivered events"
	}
	if len(r.Filter.Types) > 0 {
		what = fmt.Sprintf("%s of %v", what, r.Filter.Types)
	}
	if r.Filter.UserID != "" {
		what += " of user " + r.Filter.UserID
	}
	if !r.Filter.Since.IsZero() {
		what += " since " + formatTime(r.Filter.Since) + " UTC"
	}
	return confirmed(cmd, fmt.Sprintf("Deliver %s to %s?", what, strings.Join(r.Endpoints, ", ")))
}

// confirmed asks a question, and returns an error unless the answer is yes.
func confirmed(cmd *cobra.Command, question string) error {
	fmt.Fprintf(cmd.ErrOrStderr(), "%s Type yes to confirm: ", question)
	answer, err := bufio.NewReader(io.LimitReader(cmd.InOrStdin(), 100)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if !strings.EqualFold(strings.TrimSpace(answer), "yes") {
		return errors.New("not confirmed, so nothing was started (--yes skips the question)")
	}
	return nil
}

// replayer is the part of engine.Replays that the commands need.
type replayer = api.Replays

// startReplay starts a replay, records it, and shows its progress if it is to be watched.
func startReplay(ctx context.Context, cmd *cobra.Command, s eventStore, replays replayer, r event.Replay, watching bool) error {
	id := uuid.Must(uuid.NewV7()).String()
	if err := s.RecordAudit(ctx, api.ReplayEntry(r, audit.Entry{At: time.Now(), Actor: commandActor()})); err != nil {
		return err
	}
	if err := replays.Start(ctx, id, r); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s is running; to watch it, run: registrar events watch %[1]s\n", id)
	if !watching {
		return nil
	}
	return watchReplay(ctx, cmd.OutOrStdout(), replays, id, watchInterval)
}

func eventWatchCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "watch ID",
		Short: "Show the progress of a replay until it has ended",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if uuid.Validate(args[0]) != nil {
				return fmt.Errorf("%q is not the id of a replay (a UUID)", args[0])
			}
			return withReplays(cmd.Context(), func(ctx context.Context, _ config.Config, _ *store.Store, replays *engine.Replays) error {
				return watchReplay(ctx, cmd.OutOrStdout(), replays, args[0], watchInterval)
			})
		},
	}
}

// watchReplay shows a replay until it has ended or ctx ends. It returns an error if the replay has not delivered all events.
func watchReplay(ctx context.Context, w io.Writer, from replayer, id string, interval time.Duration) error {
	var last engine.ReplayState
	get := func(ctx context.Context) (p watched, err error) {
		last, err = from.Get(ctx, id)
		p = watched{text: describeReplay(last), ended: last.Ended()}
		for _, e := range last.Endpoints {
			p.done, p.total = p.done+e.Delivered, p.total+e.Events
		}
		return p, err
	}
	if err := watch(ctx, get, newWatcher(w, "events"), interval); err != nil {
		return err
	}
	switch {
	case !last.Ended():
		fmt.Fprintf(w, "the replay goes on; to watch it again, run: registrar events watch %s\n", id)
	case last.Status != workflows.ReplayCompleted:
		return fmt.Errorf("the replay is %s before all events were delivered", last.Status)
	}
	return nil
}

func describeReplay(s engine.ReplayState) string {
	text := string(s.Status)
	if s.Reason != "" {
		text += " (" + string(s.Reason) + ")"
	}
	endpoints := make([]string, len(s.Endpoints))
	for i, e := range s.Endpoints {
		of := "of ?"
		if e.Counted {
			of = fmt.Sprintf("of %d", e.Events)
		}
		endpoints[i] = fmt.Sprintf("%d %s to %s", e.Delivered, of, e.Endpoint)
	}
	return strings.TrimSuffix(cmp.Or(text, "starting")+": "+strings.Join(endpoints, ", "), ": ")
}
