package page

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// AssetPath is the path of all assets.
const AssetPath = "/signup/assets/"

// The folder dist has what the scripts in src are bundled to, and the licenses of the bundled libraries.
//
//go:embed page.css all:dist
var assetFiles embed.FS

// mediaTypes are the files that an asset may be.
var mediaTypes = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png",
	".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp", ".gif": "image/gif", ".txt": "text/plain; charset=utf-8",
}

// entries are the assets that get a hash in their names here. Scripts that other scripts import have one already. licenses.txt has
// none: comments in the scripts name it.
var entries = []string{"page.css", "signup.js", "embed.js"}

// File is a file of the operator.
type File struct {
	Name string // its extension decides its media type
	Body []byte
}

// Asset is a file that pages load. Its name changes with its content, except for licenses.txt.
type Asset struct {
	MediaType string
	Body      []byte
	Gzip      []byte // nil if it would not be smaller
}

// Asset returns the asset with a name below AssetPath.
func (p *Pages) Asset(name string) (*Asset, bool) {
	a, ok := p.assets[name]
	return a, ok
}

// AssetURL returns the path of an asset by its name without the hash. Empty: there is no such asset.
func (p *Pages) AssetURL(name string) string {
	if full := p.names[name]; full != "" {
		return AssetPath + full
	}
	return ""
}

// IsPicture reports whether a file with a name can be a logo.
func IsPicture(name string) bool {
	return strings.HasPrefix(mediaTypes[strings.ToLower(path.Ext(name))], "image/")
}

func (p *Pages) loadAssets() error {
	p.assets, p.names = map[string]*Asset{}, map[string]string{}
	err := fs.WalkDir(assetFiles, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
			return err
		}
		body, err := assetFiles.ReadFile(file)
		if err != nil {
			return err
		}
		return p.addAsset(entry.Name(), entry.Name(), body, slices.Contains(entries, entry.Name()))
	})
	if err != nil {
		return err
	}
	p.styles = []string{string(p.assets[p.names["page.css"]].Body)}
	if len(p.options.Style) > 0 {
		p.styles = append(p.styles, string(p.options.Style))
		if err := p.addAsset("theme.css", "theme.css", p.options.Style, true); err != nil {
			return err
		}
	}
	if logo := p.options.Logo; logo != nil {
		return p.addAsset("logo", "logo"+path.Ext(logo.Name), logo.Body, true)
	}
	return nil
}

// addAsset adds a file. Templates call it name.
func (p *Pages) addAsset(name, file string, body []byte, hashed bool) error {
	mediaType := mediaTypes[strings.ToLower(path.Ext(file))]
	if mediaType == "" {
		return fmt.Errorf("%s: the extension is none of %v", file, slices.Sorted(maps.Keys(mediaTypes)))
	}
	if hashed {
		sum := sha256.Sum256(body)
		base, extension, _ := strings.Cut(file, ".")
		file = base + "-" + hex.EncodeToString(sum[:6]) + "." + extension
	}
	p.assets[file] = &Asset{MediaType: mediaType, Body: body, Gzip: Compress(body)}
	p.names[name] = file
	return nil
}

// Compress returns body in gzip, nil if that is not smaller.
func Compress(body []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, written := w.Write(body)
	if err := errors.Join(written, w.Close()); err != nil || out.Len() >= len(body) {
		return nil
	}
	return out.Bytes()
}
