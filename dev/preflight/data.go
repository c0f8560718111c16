package preflight

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// LockData makes the data folder and takes it for this process, until the returned file is closed or the process ends,
// however it ends.
func LockData(folder string) (*os.File, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, dataError(folder, "cannot be made: "+reason(err))
	}
	lock, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, dataError(folder, "cannot be written: "+reason(err))
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = lock.Close()
		return nil, dataError(folder, "is in use by another process")
	}
	return lock, nil
}

func dataError(folder, what string) error {
	return errors.New("data folder " + folder + " " + what + "; choose another with --data")
}

// reason is the part of a file error that says why.
func reason(err error) string {
	if path, ok := errors.AsType[*os.PathError](err); ok {
		return path.Err.Error()
	}
	return err.Error()
}
