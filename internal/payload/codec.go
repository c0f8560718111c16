// Package payload encrypts the data that the service stores in Temporal. A codec encrypts every payload and the text of
// every failure; an HTTP endpoint decrypts them for authorized operators in Temporal's Web UI and CLIs.
package payload

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"
)

// Encoding is the metadata value that marks an encrypted payload.
const Encoding = "binary/encrypted"

// associatedData binds ciphertexts to this use of the keys. If it changes, every stored payload becomes unreadable.
const associatedData = "registrar/payload/v1"

const (
	tinkPrefix       = 1 // the first byte of a ciphertext with Tink's TINK output prefix; the key id follows
	tinkPrefixLength = 5
)

// Errors of Decode.
var (
	ErrUnknownKey = errors.New("encrypted with a key that is not in the keyset")
	ErrTampered   = errors.New("the ciphertext was changed, truncated or made by another system")
)

// Codec encrypts payloads with the primary key of an AEAD keyset and decrypts them with any enabled key. It is safe for
// concurrent use.
type Codec struct {
	aead tink.AEAD
	keys map[uint32]bool
}

var _ converter.PayloadCodec = (*Codec)(nil)

// NewCodec returns a codec that uses the enabled keys of handle: AES-256-GCM keys with Tink's TINK output prefix.
func NewCodec(handle *keyset.Handle) (*Codec, error) {
	if handle == nil {
		return nil, errors.New("open the AEAD keyset: it is missing")
	}
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, fmt.Errorf("open the AEAD keyset: %w", err)
	}
	c := &Codec{aead: primitive, keys: make(map[uint32]bool, handle.Len())}
	for i := range handle.Len() {
		entry, err := handle.Entry(i)
		if err != nil {
			return nil, fmt.Errorf("read the AEAD keyset: %w", err)
		}
		c.keys[entry.KeyID()] = entry.KeyStatus() == keyset.Enabled
	}
	return c, nil
}

// Encode encrypts each payload with its metadata. Only its length and the fact that it is encrypted stay visible.
func (c *Codec) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	encoded := make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		plain, err := proto.Marshal(p)
		if err != nil {
			return nil, fmt.Errorf("encrypt payload: %w", err)
		}
		ciphertext, err := c.aead.Encrypt(plain, []byte(associatedData))
		if err != nil {
			return nil, fmt.Errorf("encrypt payload: %w", err)
		}
		encoded[i] = &commonpb.Payload{
			Metadata: map[string][]byte{converter.MetadataEncoding: []byte(Encoding)},
			Data:     ciphertext,
		}
	}
	return encoded, nil
}

// Decode decrypts the encrypted payloads and passes the others through. The error is ErrUnknownKey or ErrTampered.
func (c *Codec) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	decoded := make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		if string(p.GetMetadata()[converter.MetadataEncoding]) != Encoding {
			decoded[i] = p
			continue
		}
		plain, err := c.decrypt(p.GetData())
		if err != nil {
			return nil, fmt.Errorf("decrypt payload: %w", err)
		}
		decoded[i] = &commonpb.Payload{}
		if err := proto.Unmarshal(plain, decoded[i]); err != nil {
			return nil, fmt.Errorf("read decrypted payload: %w", err)
		}
	}
	return decoded, nil
}

func (c *Codec) decrypt(ciphertext []byte) ([]byte, error) {
	plain, err := c.aead.Decrypt(ciphertext, []byte(associatedData))
	if err == nil {
		return plain, nil
	}
	if len(ciphertext) < tinkPrefixLength || ciphertext[0] != tinkPrefix {
		return nil, ErrTampered
	}
	if id := binary.BigEndian.Uint32(ciphertext[1:]); !c.keys[id] {
		return nil, fmt.Errorf("key %d: %w", id, ErrUnknownKey)
	}
	return nil, ErrTampered
}

// DataConverter returns the SDK's default converter combined with the codec. A workflow whose key is missing waits for
// the key; see missingKeyConverter.
func DataConverter(codec converter.PayloadCodec) converter.DataConverter {
	return missingKeyConverter{converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), codec)}
}

// FailureConverter returns a converter of errors that also encrypts their messages and stack traces with the codec of dc.
// An error's type stays visible, because it is a code.
func FailureConverter(dc converter.DataConverter) converter.FailureConverter {
	return temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{
		DataConverter:          dc,
		EncodeCommonAttributes: true,
	})
}
