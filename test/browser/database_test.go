package browser

import (
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// databaseMutex: a process has only one lock on a file, and loses it when it closes the file anywhere.
var databaseMutex sync.Mutex

// holdDatabase lets nobody write to the user database of the service until release is called. It takes SQLite's write lock
// of the mode WAL, which is the byte at offset 120 of the file with the suffix -shm.
func (s *service) holdDatabase(t *testing.T) (release func()) {
	t.Helper()
	const writeLock = 120
	s.start(t)
	databaseMutex.Lock()
	file, err := os.OpenFile(filepath.Join(tempDir, s.name, "registrar.db-shm"), os.O_RDWR, 0)
	require.NoError(t, err)
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart, Start: writeLock, Len: 1}
	require.NoError(t, syscall.FcntlFlock(file.Fd(), syscall.F_SETLKW, &lock))
	release = sync.OnceFunc(func() {
		_ = file.Close()
		databaseMutex.Unlock()
	})
	t.Cleanup(release)
	return release
}
