package limit

import (
	"context"
	"crypto/rand"
	"net/netip"
	"time"
)

// Clients are the limits of one client: an IPv4 address, or a /64 of IPv6.
type Clients struct {
	Registrations []Rate // requests to register
	Codes         []Rate // requests to check a code or to send another one
	Reads         []Rate // requests for the state of a registration
	Passwords     []Rate // requests to check a password
	Refusals      []Rate // registrations that were refused because somebody has the email or the username, or by the gate
	WrongTokens   []Rate // requests with a wrong operator's token
	// NetworkFactor is how many times a client's limit its network may use: a /24 of IPv4 or a /56 of IPv6. A /48 of IPv6 may
	// use the factor's square. 0: networks are not limited. Refusals and the longest rate of SMS.Clients ignore IPv4 networks.
	NetworkFactor int
}

// Registration counts a client's request to register. If the client is throttled, or had too many refusals, it counts nothing
// and returns how long to wait.
func (l *Limits) Registration(ctx context.Context, client netip.Addr) (wait time.Duration) {
	slots := l.requestSlots("registration", client, l.Clients.Registrations)
	slots = append(slots, readOnly(l.customerSlots("refusal", client, l.Clients.Refusals))...)
	return longestWait(l.take(ctx, rand.Text(), slots))
}

// Refused counts a registration that was refused because somebody has the email or the username, or by the gate. Otherwise, a
// client could find out which addresses and names are taken, or whom the gate denies. action is the registration's id; a
// repeated request counts once.
func (l *Limits) Refused(ctx context.Context, client netip.Addr, action string) {
	l.take(ctx, action, l.customerSlots("refusal", client, l.Clients.Refusals))
}

// Code counts a client's request to check a code or to send another one, as Registration does.
func (l *Limits) Code(ctx context.Context, client netip.Addr) (wait time.Duration) {
	return longestWait(l.take(ctx, rand.Text(), l.requestSlots("code", client, l.Clients.Codes)))
}

// Read counts a client's request for the state of a registration.
func (l *Limits) Read(ctx context.Context, client netip.Addr) (wait time.Duration) {
	return longestWait(l.take(ctx, rand.Text(), l.requestSlots("read", client, l.Clients.Reads)))
}

// Password counts a client's request to check a password.
func (l *Limits) Password(ctx context.Context, client netip.Addr) (wait time.Duration) {
	return longestWait(l.take(ctx, rand.Text(), l.requestSlots("password", client, l.Clients.Passwords)))
}

// Operator returns how long a client must wait after too many wrong operator's tokens. It counts nothing.
func (l *Limits) Operator(ctx context.Context, client netip.Addr) (wait time.Duration) {
	return longestWait(l.take(ctx, rand.Text(), readOnly(l.requestSlots("token", client, l.Clients.WrongTokens))))
}

// WrongToken counts a request with a wrong operator's token.
func (l *Limits) WrongToken(ctx context.Context, client netip.Addr) {
	l.take(ctx, rand.Text(), l.requestSlots("token", client, l.Clients.WrongTokens))
}

// clientSlots returns the slots of a client and its networks. There are none for a client without a valid address.
func (l *Limits) clientSlots(kind string, client netip.Addr, rates []Rate) []slot {
	var slots []slot
	for _, n := range networks(client, l.Clients.NetworkFactor) {
		wider := make([]Rate, len(rates))
		for i, r := range rates {
			wider[i] = Rate{r.Max * n.factor, r.Period}
		}
		slots = append(slots, l.slots(kind, n.name, wider)...)
	}
	return slots
}

// requestSlots returns the slots in which each request of a client counts.
func (l *Limits) requestSlots(kind string, client netip.Addr, rates []Rate) []slot {
	slots := l.clientSlots(kind, client, rates)
	for i := range slots {
		slots[i].anyRequest = true
	}
	return slots
}

// customerSlots returns the slots of a client and its IPv6 networks. The addresses of an IPv4 network often belong to several
// customers. One of them, with a few addresses, must not be able to lock the others out.
func (l *Limits) customerSlots(kind string, client netip.Addr, rates []Rate) []slot {
	if client = client.Unmap(); client.Is4() {
		return l.slots(kind, client.String(), rates)
	}
	return l.clientSlots(kind, client, rates)
}

// network is a network that is counted, and how many times the limit of one client it may use.
type network struct {
	name   string
	factor int
}

// networks returns the client and the networks that it is in. An IPv6 client is a /64: a customer has at least that many
// addresses. Many providers assign a /56 or a /48 to one customer (RFC 6177), who can use each /64 in it.
func networks(client netip.Addr, factor int) []network {
	if !client.IsValid() {
		return nil
	}
	client = client.Unmap().WithZone("")
	if client.Is4() {
		return []network{{client.String(), 1}, {prefix(client, 24), factor}}
	}
	return []network{{prefix(client, 64), 1}, {prefix(client, 56), factor}, {prefix(client, 48), factor * factor}}
}

// site returns the network that counts as one asker for a message: an IPv4 address, or the largest IPv6 network that a
// customer usually has.
func site(client netip.Addr) string {
	if !client.IsValid() {
		return ""
	}
	client = client.Unmap().WithZone("")
	if client.Is4() {
		return client.String()
	}
	return prefix(client, 48)
}

func prefix(client netip.Addr, bits int) string {
	return netip.PrefixFrom(client, bits).Masked().String()
}
