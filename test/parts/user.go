package parts

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
)

// User is an account of the operating system.
type User struct{ UID, GID uint32 }

// unprivileged returns the account with the name if this process runs as root, for servers that refuse to run as root;
// otherwise nil.
func unprivileged(name string) (*User, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	owner, err := user.Lookup(name)
	if err != nil {
		return nil, fmt.Errorf("find an account for a server that refuses to run as root: %w", err)
	}
	uid, errUID := strconv.ParseUint(owner.Uid, 10, 32)
	gid, errGID := strconv.ParseUint(owner.Gid, 10, 32)
	return &User{UID: uint32(uid), GID: uint32(gid)}, errors.Join(errUID, errGID)
}

// own makes the account the owner of a folder or file. It does nothing if u is nil.
func (u *User) own(path string) error {
	if u == nil {
		return nil
	}
	return os.Chown(path, int(u.UID), int(u.GID))
}
