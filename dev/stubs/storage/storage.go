// Package storage cannot create a client; see ../README.md.
package storage

import (
	"context"
	"errors"

	"google.golang.org/api/iterator"
	"google.golang.org/api/option"
)

// ScopeFullControl is a placeholder.
const ScopeFullControl = "none"

var errNone = errors.New("this program cannot use Google Cloud Storage")

// Types that the server uses. NewClient always fails, so no values of them exist.
type (
	Client         struct{}
	BucketHandle   struct{}
	ObjectHandle   struct{}
	Reader         struct{}
	Writer         struct{}
	ObjectIterator struct{}
	Query          struct{ Prefix string }
	BucketAttrs    struct{}
	ObjectAttrs    struct{ Name string }
)

func NewClient(context.Context, ...option.ClientOption) (*Client, error) { return nil, errNone }

func (*Client) Bucket(string) *BucketHandle { return nil }

func (*BucketHandle) Object(string) *ObjectHandle                     { return nil }
func (*BucketHandle) Objects(context.Context, *Query) *ObjectIterator { return nil }
func (*BucketHandle) Attrs(context.Context) (*BucketAttrs, error)     { return nil, errNone }

func (*ObjectIterator) Next() (*ObjectAttrs, error) { return nil, iterator.Done }

func (*ObjectHandle) NewReader(context.Context) (*Reader, error)  { return nil, errNone }
func (*ObjectHandle) NewWriter(context.Context) *Writer           { return nil }
func (*ObjectHandle) Attrs(context.Context) (*ObjectAttrs, error) { return nil, errNone }

func (*Reader) Read([]byte) (int, error) { return 0, errNone }
func (*Reader) Close() error             { return nil }

func (*Writer) Write([]byte) (int, error)  { return 0, errNone }
func (*Writer) Close() error               { return errNone }
func (*Writer) CloseWithError(error) error { return nil }
