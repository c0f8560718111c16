package store

import (
	"errors"

	"gorm.io/gorm"
)

// importLock is the name of the lock that an import holds while it stores a batch. A server has one for each database.
const importLock = "CONCAT('registrar.', SHA1(DATABASE()))"

// importLockWait is how long an import waits for the batch of another one, in seconds.
const importLockWait = 60

var errOtherImport = errors.New("another import is running")

// whileLocked runs f on a connection while no other import of the server does. Two imports of one file would otherwise both find that a
// user is missing, and both store it: several users may have the same unproven email. The server ends the lock with the connection.
// SQLite has one process, and no lock.
func whileLocked(db *gorm.DB, f func(*gorm.DB) error) error {
	if db.Name() != "mysql" {
		return f(db)
	}
	return db.Connection(func(locked *gorm.DB) error {
		var got *int
		if err := locked.Raw("SELECT GET_LOCK("+importLock+", ?)", importLockWait).Scan(&got).Error; err != nil {
			return err
		}
		if got == nil || *got != 1 {
			return errOtherImport
		}
		err := f(locked.Session(&gorm.Session{NewDB: true}))
		return errors.Join(err, locked.Exec("DO RELEASE_LOCK("+importLock+")").Error)
	})
}
