package limit

import (
	"context"
	"fmt"

	"registrar/internal/user"
)

// EmailKey is the keyed hash under which a canonical email is counted, together with the other addresses of its mailbox; "" for
// no email. key is Options.Key.
func EmailKey(key func(parts ...string) string, canonical string) string {
	if canonical == "" {
		return ""
	}
	return key("destination", user.Mailbox(canonical))
}

// MobileKey is the keyed hash under which a mobile number (E.164) is counted; "" for no number.
func MobileKey(key func(parts ...string) string, e164 string) string {
	if e164 == "" {
		return ""
	}
	return key("destination", e164)
}

// Forget deletes the counts of messages to a canonical email and a mobile number. Either may be empty. The counts of a
// destination and a client together stay until their period ends: nobody can list them without the client. Unlike the other
// methods, Forget fails if the shared store does not answer.
func (l *Limits) Forget(ctx context.Context, canonical, e164 string) error {
	var slots []slot
	for _, destination := range []string{EmailKey(l.Key, canonical), MobileKey(l.Key, e164)} {
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
