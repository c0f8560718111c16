package hashprocess

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/alexedwards/argon2id"

	"registrar/internal/secret"
)

// Limits of a request, in bytes. The API limits passwords to 128 characters.
const (
	maxPassword = 4096
	maxSalt     = 255
	maxKey      = 255
)

// request asks for the key of a password.
type request struct {
	password, salt []byte
	params         argon2id.Params // SaltLength is not used
}

// requestHeader precedes salt and password. All numbers on the pipe are big endian.
type requestHeader struct {
	Number             uint32 // of the request to this process; the answer repeats it
	Memory, Iterations uint32
	PasswordLength     uint16
	Parallelism        uint8
	SaltLength         uint8
	KeyLength          uint8
}

// answerHeader precedes the key, whose length the parent knows.
type answerHeader struct {
	Number uint32
	CPU    time.Duration // that the process has used since its last answer
}

// check returns an error if the request is not within the limits. It has no secrets.
func (r request) check() error {
	switch p := r.params; {
	case len(r.password) > maxPassword:
		return fmt.Errorf("hash a password: it has %d bytes, above the maximum of %d", len(r.password), maxPassword)
	case len(r.salt) > maxSalt:
		return fmt.Errorf("hash a password: the salt has %d bytes, above the maximum of %d", len(r.salt), maxSalt)
	case p.KeyLength < 1 || p.KeyLength > maxKey:
		return fmt.Errorf("hash a password: the key length %d is not from 1 to %d", p.KeyLength, maxKey)
	case p.Memory > secret.MaxMemory, p.Iterations < 1, p.Iterations > secret.MaxIterations, p.Parallelism < 1, p.Parallelism > secret.MaxParallelism:
		return fmt.Errorf("hash a password: the parameters %s are out of bounds", secret.FormatParams(p))
	}
	return nil
}

// writeRequest writes a request that check accepts.
func writeRequest(w io.Writer, number uint32, r request) error {
	frame := make([]byte, 0, binary.Size(requestHeader{})+len(r.salt)+len(r.password))
	frame, _ = binary.Append(frame, binary.BigEndian, requestHeader{ // never fails for a value of fixed size
		Number: number, Memory: r.params.Memory, Iterations: r.params.Iterations, Parallelism: r.params.Parallelism,
		KeyLength: uint8(r.params.KeyLength), SaltLength: uint8(len(r.salt)), PasswordLength: uint16(len(r.password)),
	})
	frame = append(append(frame, r.salt...), r.password...)
	defer clear(frame)
	_, err := w.Write(frame)
	return err
}

// readRequest returns io.EOF if there is no further request.
func readRequest(from io.Reader) (number uint32, r request, err error) {
	var h requestHeader
	if err := binary.Read(from, binary.BigEndian, &h); err != nil {
		return 0, request{}, err
	}
	if h.PasswordLength > maxPassword {
		return 0, request{}, fmt.Errorf("the password has %d bytes", h.PasswordLength)
	}
	r.salt, r.password = make([]byte, h.SaltLength), make([]byte, h.PasswordLength)
	for _, part := range [][]byte{r.salt, r.password} {
		if _, err := io.ReadFull(from, part); err != nil {
			return 0, request{}, err
		}
	}
	r.params = argon2id.Params{
		Memory: h.Memory, Iterations: h.Iterations, Parallelism: h.Parallelism,
		SaltLength: uint32(h.SaltLength), KeyLength: uint32(h.KeyLength),
	}
	return h.Number, r, r.check()
}

func writeAnswer(w io.Writer, number uint32, cpu time.Duration, key []byte) error {
	frame, _ := binary.Append(nil, binary.BigEndian, answerHeader{number, cpu}) // never fails for a value of fixed size
	_, err := w.Write(append(frame, key...))
	return err
}

// readAnswer returns the key of the request with the number, and the CPU time that the process has used since its last answer.
func readAnswer(from io.Reader, number, keyLength uint32) (key []byte, cpu time.Duration, err error) {
	var h answerHeader
	if err := binary.Read(from, binary.BigEndian, &h); err != nil {
		return nil, 0, err
	}
	if h.Number != number || h.CPU < 0 {
		return nil, 0, errors.New("the answer is not one to the request")
	}
	key = make([]byte, keyLength)
	_, err = io.ReadFull(from, key)
	return key, h.CPU, err
}
