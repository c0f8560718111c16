// Package payload encrypts the data that the service stores in Temporal. A codec encrypts every payload and the text of
// every failure; an HTTP endpoint decrypts them for authorized operators in Temporal's Web UI and CLIs.
package payload

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"net/url"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"
)

// Encoding is the metadata value that marks an encrypted payload.
const Encoding = "binary/encrypted"

// bindingKey is the metadata key of a payload's binding: the namespace and the id of its workflow.
const bindingKey = "binding"

// These are the associated data of ciphertexts. If they change, every stored payload becomes unreadable.
const (
	unboundData = "registrar/payload/v1"
	boundData   = "registrar/payload/v2/" // the binding follows
)

const (
	tinkPrefix       = 1 // the first byte of a ciphertext with Tink's TINK output prefix; the key id follows
	tinkPrefixLength = 5
)

// Errors of Decode.
var (
	ErrUnknownKey = errors.New("encrypted with a key that is not in the keyset")
	ErrTampered   = errors.New("the ciphertext was changed, truncated or made by another system")
	ErrPlain      = errors.New("the payload is not encrypted")
	ErrBinding    = errors.New("the payload was not encrypted for this workflow")
)

// Legacy is how a codec treats the payloads of releases that did not bind ciphertexts to workflows, and unencrypted payloads.
type Legacy string

// The values of Legacy. An upgrade without downtime goes from LegacyWrite through LegacyRead to LegacyRefuse.
const (
	LegacyRefuse Legacy = "refuse" // they are errors; the default
	LegacyRead   Legacy = "read"   // they are accepted
	LegacyWrite  Legacy = "write"  // they are accepted, and ciphertexts are not bound, so that the earlier release reads them
)

// Codec encrypts payloads with the primary key of an AEAD keyset and decrypts them with any enabled key. The SDK tells it the
// workflow that a payload belongs to; then it binds the ciphertext to the workflow's namespace and id, and refuses any other.
// It is safe for concurrent use.
type Codec struct {
	aead    tink.AEAD
	keys    map[uint32]bool
	legacy  Legacy
	binding string // empty if the workflow is not known
}

var (
	_ converter.PayloadCodec                         = (*Codec)(nil)
	_ converter.PayloadCodecWithSerializationContext = (*Codec)(nil)
)

// NewCodec returns a codec that uses the enabled keys of handle: AES-256-GCM keys with Tink's TINK output prefix. An empty
// legacy is LegacyRefuse.
func NewCodec(handle *keyset.Handle, legacy Legacy) (*Codec, error) {
	if handle == nil {
		return nil, errors.New("open the AEAD keyset: it is missing")
	}
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, fmt.Errorf("open the AEAD keyset: %w", err)
	}
	c := &Codec{aead: primitive, keys: make(map[uint32]bool, handle.Len()), legacy: legacy}
	for i := range handle.Len() {
		entry, err := handle.Entry(i)
		if err != nil {
			return nil, fmt.Errorf("read the AEAD keyset: %w", err)
		}
		c.keys[entry.KeyID()] = entry.KeyStatus() == keyset.Enabled
	}
	return c, nil
}

// WithSerializationContext returns the codec of one workflow's payloads, those of its activities included.
func (c *Codec) WithSerializationContext(sc converter.SerializationContext) converter.PayloadCodec {
	switch sc := sc.(type) {
	case converter.WorkflowSerializationContext:
		return c.bind(sc.Namespace, sc.WorkflowID)
	case converter.ActivitySerializationContext:
		return c.bind(sc.Namespace, sc.WorkflowID)
	default:
		return c
	}
}

// bind escapes the namespace, so that no two workflows have the same binding.
func (c *Codec) bind(namespace, workflowID string) *Codec {
	bound := *c
	bound.binding = url.PathEscape(namespace) + "/" + workflowID
	return &bound
}

// Lenient returns a codec that decrypts the payloads of every workflow and passes unencrypted payloads through. It is for
// tools that show payloads to operators. The result must never decide anything.
func (c *Codec) Lenient() *Codec {
	lenient := *c
	lenient.legacy, lenient.binding = LegacyRead, ""
	return &lenient
}

// AcceptsLegacy reports whether the codec accepts unencrypted payloads and ciphertexts that are not bound to a workflow.
func (c *Codec) AcceptsLegacy() bool { return c.legacy == LegacyRead || c.legacy == LegacyWrite }

// Encode encrypts each payload with its metadata. Only its length, its workflow and the fact that it is encrypted stay
// visible.
func (c *Codec) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	metadata, associated := map[string][]byte{converter.MetadataEncoding: []byte(Encoding)}, unboundData
	if c.binding != "" && c.legacy != LegacyWrite {
		metadata[bindingKey], associated = []byte(c.binding), boundData+c.binding
	}
	encoded := make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		plain, err := proto.Marshal(p)
		if err != nil {
			return nil, fmt.Errorf("encrypt payload: %w", err)
		}
		ciphertext, err := c.aead.Encrypt(plain, []byte(associated))
		if err != nil {
			return nil, fmt.Errorf("encrypt payload: %w", err)
		}
		encoded[i] = &commonpb.Payload{Metadata: maps.Clone(metadata), Data: ciphertext}
	}
	return encoded, nil
}

// Decode decrypts payloads. The error is ErrPlain, ErrBinding, ErrUnknownKey or ErrTampered.
func (c *Codec) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	decoded := make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		var err error
		if decoded[i], err = c.decode(p); err != nil {
			return nil, fmt.Errorf("decrypt payload: %w", err)
		}
	}
	return decoded, nil
}

func (c *Codec) decode(p *commonpb.Payload) (*commonpb.Payload, error) {
	if string(p.GetMetadata()[converter.MetadataEncoding]) != Encoding {
		if c.AcceptsLegacy() {
			return p, nil
		}
		return nil, ErrPlain
	}
	binding, associated := string(p.GetMetadata()[bindingKey]), unboundData
	if binding != "" {
		associated = boundData + binding
	}
	if c.binding != "" && binding != c.binding && (binding != "" || !c.AcceptsLegacy()) {
		return nil, ErrBinding
	}
	plain, err := c.decrypt(p.GetData(), associated)
	if err != nil {
		return nil, err
	}
	decoded := &commonpb.Payload{}
	if err := proto.Unmarshal(plain, decoded); err != nil {
		return nil, fmt.Errorf("read the decrypted payload: %w", err)
	}
	return decoded, nil
}

func (c *Codec) decrypt(ciphertext []byte, associated string) ([]byte, error) {
	plain, err := c.aead.Decrypt(ciphertext, []byte(associated))
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
