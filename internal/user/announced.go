package user

import "slices"

// Announced says that the user of a registration has events up to a sequence.
type Announced struct {
	RegistrationID string
	Through        int
}

// Announce adds news to all. A registration has one element, with its last sequence.
func Announce(all []Announced, news ...Announced) []Announced {
	for _, n := range news {
		i := slices.IndexFunc(all, func(a Announced) bool { return a.RegistrationID == n.RegistrationID })
		switch {
		case n.Through == 0:
		case i < 0:
			all = append(all, n)
		default:
			all[i].Through = max(all[i].Through, n.Through)
		}
	}
	return all
}
