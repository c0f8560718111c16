package payload

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

const private = "ada@example.com"

func newManager(t testing.TB) (*keyset.Manager, uint32) {
	t.Helper()
	manager := keyset.NewManager()
	id, err := manager.Add(aead.AES256GCMKeyTemplate())
	require.NoError(t, err)
	require.NoError(t, manager.SetPrimary(id))
	return manager, id
}

func codecOf(t testing.TB, manager *keyset.Manager) *Codec {
	t.Helper()
	handle, err := manager.Handle()
	require.NoError(t, err)
	codec, err := NewCodec(handle, LegacyRefuse)
	require.NoError(t, err)
	return codec
}

func setup(t testing.TB) *Codec {
	t.Helper()
	manager, _ := newManager(t)
	return codecOf(t, manager)
}

func plain(t testing.TB) *commonpb.Payload {
	t.Helper()
	p, err := converter.GetDefaultDataConverter().ToPayload(private)
	require.NoError(t, err)
	return p
}

func encode(t testing.TB, codec *Codec, p *commonpb.Payload) *commonpb.Payload {
	t.Helper()
	encoded, err := codec.Encode([]*commonpb.Payload{p})
	require.NoError(t, err)
	require.Len(t, encoded, 1)
	return encoded[0]
}

func requireDecodes(t *testing.T, codec *Codec, encoded, want *commonpb.Payload) {
	t.Helper()
	decoded, err := codec.Decode([]*commonpb.Payload{encoded})
	require.NoError(t, err)
	require.Len(t, decoded, 1)
	require.True(t, proto.Equal(want, decoded[0]))
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	codec := setup(t)
	rapid.Check(t, func(t *rapid.T) {
		metadata := rapid.MapOf(rapid.String(), rapid.SliceOf(rapid.Byte())).Draw(t, "metadata")
		want := &commonpb.Payload{Metadata: metadata, Data: rapid.SliceOf(rapid.Byte()).Draw(t, "data")}
		encoded, err := codec.Encode([]*commonpb.Payload{want})
		require.NoError(t, err)
		decoded, err := codec.Decode(encoded)
		require.NoError(t, err)
		require.True(t, proto.Equal(want, decoded[0]))
	})
}

func TestEncodeEncryptsWithoutChangingItsInput(t *testing.T) {
	t.Parallel()
	codec, p := setup(t), plain(t)
	before := proto.Clone(p)

	encoded := encode(t, codec, p)

	require.True(t, proto.Equal(before, p))
	require.NotContains(t, encoded.String(), private)
	require.Equal(t, map[string][]byte{"encoding": []byte("binary/encrypted")}, encoded.Metadata)
	require.NotEqual(t, encoded.Data, encode(t, codec, p).Data)
}

func TestRotation(t *testing.T) {
	t.Parallel()
	manager, first := newManager(t)
	before := codecOf(t, manager)
	second, err := manager.Add(aead.AES256GCMKeyTemplate())
	require.NoError(t, err)
	added := codecOf(t, manager)
	require.NoError(t, manager.SetPrimary(second))
	promoted := codecOf(t, manager)
	p := plain(t)
	old, current := encode(t, before, p), encode(t, promoted, p)

	requireDecodes(t, added, old, p)
	requireDecodes(t, promoted, old, p)
	requireDecodes(t, added, current, p)
	_, err = before.Decode([]*commonpb.Payload{current})
	require.ErrorIs(t, err, ErrUnknownKey)

	require.NoError(t, manager.Disable(first))
	_, err = codecOf(t, manager).Decode([]*commonpb.Payload{old})
	require.ErrorIs(t, err, ErrUnknownKey)
}

func TestTampered(t *testing.T) {
	t.Parallel()
	codec := setup(t)
	for name, change := range map[string]func([]byte) []byte{
		"last bit":  func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
		"nonce":     func(b []byte) []byte { b[tinkPrefixLength] ^= 1; return b },
		"cut off":   func(b []byte) []byte { return b[:len(b)-1] },
		"a stub":    func(b []byte) []byte { return b[:3] },
		"empty":     func([]byte) []byte { return nil },
		"no prefix": func(b []byte) []byte { return b[tinkPrefixLength:] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			encoded := encode(t, codec, plain(t))
			encoded.Data = change(encoded.Data)
			_, err := codec.Decode([]*commonpb.Payload{encoded})
			require.Error(t, err)
			if name != "no prefix" { // without the prefix, the random bytes may look like a key id
				require.ErrorIs(t, err, ErrTampered)
			}
		})
	}
}

func TestWrongKeyset(t *testing.T) {
	t.Parallel()
	_, err := setup(t).Decode([]*commonpb.Payload{encode(t, setup(t), plain(t))})
	require.ErrorIs(t, err, ErrUnknownKey)
	_, err = NewCodec(nil, LegacyRefuse)
	require.Error(t, err)
}
