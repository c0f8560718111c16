package preflight

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// LockData creates the data folder if it is missing and locks it for this process. The lock ends when the returned file is
// closed or the process ends.
func LockData(folder string) (*os.File, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, dataError(folder, "cannot be created: "+cause(err))
	}
	lock, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, dataError(folder, "cannot be written: "+cause(err))
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = lock.Close()
		return nil, dataError(folder, "is in use by another process")
	}
	return lock, nil
}

func dataError(folder, problem string) error {
	return errors.New("data folder " + folder + " " + problem + "; choose another with --data")
}

// cause returns the cause of a file error, without the path.
func cause(err error) string {
	if path, ok := errors.AsType[*os.PathError](err); ok {
		return path.Err.Error()
	}
	return err.Error()
}
