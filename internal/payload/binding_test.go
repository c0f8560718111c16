package payload

import (
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
)

var (
	ada   = converter.WorkflowSerializationContext{Namespace: "default", WorkflowID: "registration-ada"}
	grace = converter.WorkflowSerializationContext{Namespace: "default", WorkflowID: "registration-grace"}
)

func in(codec *Codec, sc converter.SerializationContext) *Codec {
	return codec.WithSerializationContext(sc).(*Codec)
}

func requireRefused(t *testing.T, codec *Codec, p *commonpb.Payload, want error) {
	t.Helper()
	_, err := codec.Decode([]*commonpb.Payload{p})
	require.ErrorIs(t, err, want)
}

func TestPlainPayloadsAreRefused(t *testing.T) {
	t.Parallel()
	codec := setup(t)
	requireRefused(t, codec, plain(t), ErrPlain)
	requireRefused(t, in(codec, ada), plain(t), ErrPlain)
	requireDecodes(t, codec.Lenient(), plain(t), plain(t))
}

func TestPayloadsAreBoundToTheirWorkflow(t *testing.T) {
	t.Parallel()
	codec := setup(t)
	bound := encode(t, in(codec, ada), plain(t))
	require.Equal(t, "default/registration-ada", string(bound.GetMetadata()["binding"]))

	requireDecodes(t, in(codec, ada), bound, plain(t))
	requireDecodes(t, in(codec, converter.ActivitySerializationContext{Namespace: "default", WorkflowID: "registration-ada"}), bound, plain(t))
	requireDecodes(t, codec, bound, plain(t))
	requireDecodes(t, in(codec, grace).Lenient(), bound, plain(t))
	requireRefused(t, in(codec, grace), bound, ErrBinding)
	requireRefused(t, in(codec, converter.WorkflowSerializationContext{Namespace: "other", WorkflowID: "registration-ada"}), bound, ErrBinding)

	bound.Metadata["binding"] = []byte("default/registration-grace")
	requireRefused(t, in(codec, grace), bound, ErrTampered)
	requireRefused(t, codec.Lenient(), bound, ErrTampered)
	delete(bound.Metadata, "binding")
	requireRefused(t, in(codec, ada), bound, ErrBinding)
	requireRefused(t, codec, bound, ErrTampered)
}

func TestBindingsAreDistinct(t *testing.T) {
	t.Parallel()
	codec := setup(t)
	bound := encode(t, in(codec, converter.WorkflowSerializationContext{Namespace: "a/b", WorkflowID: "c"}), plain(t))
	requireRefused(t, in(codec, converter.WorkflowSerializationContext{Namespace: "a", WorkflowID: "b/c"}), bound, ErrBinding)
}

// The codec endpoint encrypts for whoever reaches it. Workflows must not accept that.
func TestUnboundPayloadsAreRefused(t *testing.T) {
	t.Parallel()
	codec := setup(t)
	requireRefused(t, in(codec, ada), encode(t, codec, plain(t)), ErrBinding)
	requireRefused(t, in(codec, ada), encode(t, codec.Lenient(), plain(t)), ErrBinding)
}

func TestLegacy(t *testing.T) {
	t.Parallel()
	manager, _ := newManager(t)
	handle, err := manager.Handle()
	require.NoError(t, err)
	codecs := map[Legacy]*Codec{}
	for _, legacy := range []Legacy{LegacyRefuse, LegacyRead, LegacyWrite} {
		codec, err := NewCodec(handle, legacy)
		require.NoError(t, err)
		require.Equal(t, legacy != LegacyRefuse, codec.AcceptsLegacy())
		codecs[legacy] = in(codec, ada)
	}
	earlier := encode(t, codecs[LegacyWrite], plain(t))
	require.NotContains(t, earlier.GetMetadata(), "binding", "the earlier release reads it")
	bound := encode(t, codecs[LegacyRead], plain(t))
	for _, legacy := range []Legacy{LegacyRead, LegacyWrite} {
		requireDecodes(t, codecs[legacy], earlier, plain(t))
		requireDecodes(t, codecs[legacy], bound, plain(t))
		requireDecodes(t, codecs[legacy], plain(t), plain(t))
		requireRefused(t, in(codecs[legacy], grace), bound, ErrBinding)
	}
	requireRefused(t, codecs[LegacyRefuse], earlier, ErrBinding)
	requireDecodes(t, codecs[LegacyRefuse], bound, plain(t))
}
