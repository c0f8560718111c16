package limit

import (
	"context"
	"fmt"
)

// DestinationKey is the keyed hash under which a mailbox (user.Mailbox) or a mobile number (E.164) is counted; "" for none. key is
// Options.Key.
func DestinationKey(key func(parts ...string) string, destination string) string {
	if destination == "" {
		return ""
	}
	return key("destination", destination)
}

// Forget deletes the counts of messages to a mailbox and a mobile number. Either may be empty. The counts of a
// destination and a client together stay until their period ends: nobody can list them without the client. Unlike the other
// methods, Forget fails if the shared store does not answer.
func (l *Limits) Forget(ctx context.Context, mailbox, e164 string) error {
	var slots []slot
	for _, destination := range []string{DestinationKey(l.Key, mailbox), DestinationKey(l.Key, e164)} {
		slots = append(slots, l.slots("destination", destination, l.Messages.Destinations)...)
	}
	if len(slots) == 0 {
		return nil
	}
	if err := l.store.forget(ctx, slots); err != nil {
		return fmt.Errorf("forget the counts of a destination: %w", err)
	}
	return nil
}
