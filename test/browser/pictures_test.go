package browser

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	// picturesDir is the folder of the pictures that the docs show.
	picturesDir = "../../docs/images"
	// maxPicture is the limit of a picture's file, so that pages with pictures load fast.
	maxPicture = 200 << 10
)

// TestPictures makes the pictures of the docs. With -update it writes them to docs/images.
func TestPictures(t *testing.T) {
	t.Parallel()
	t.Run("the page, and beside it the workflow", func(t *testing.T) {
		t.Parallel()
		p, who := newPage(t, shown), newPerson()
		who.email, who.number = "ada@example.com", "+491701234567"
		p.viewport(520, 860, 1)
		p.media("prefers-color-scheme", "light")
		p.open("/")
		p.fillForm(who)
		p.send(registerButton)
		p.waitStep("code")
		p.blur()
		code := decoded(t, p.picture(false))

		p.service.messages(t, who.email, "welcome", 1)
		p.service.messages(t, who.number, "otp", 1)
		ui := p.newTab()
		ui.viewport(1240, 860, 1)
		ui.media("prefers-color-scheme", "light")
		ui.openWorkflow(p.service.registrations(t, who.email)[0])
		p.keep("signup-beside-workflow.png", beside(code, decoded(t, ui.picture(false))))

		p.finish(who)
		p.service.messages(t, who.number, "completion", 1)
		outbox := p.newTab()
		outbox.viewport(900, 900, 1)
		outbox.media("prefers-color-scheme", "light")
		outbox.navigate(p.service.base + "/outbox")
		outbox.wait(`document.readyState === "complete" && $("h1")`)
		p.keep("outbox.png", decoded(t, outbox.picture(false)))
	})
	t.Run("phone, dark and right to left", func(t *testing.T) {
		t.Parallel()
		p, who := newPage(t, standard), newPerson()
		who.email, who.number = "grace@example.com", "+491707654321"
		p.viewport(390, 900, 1)
		var pictures []image.Image
		for _, v := range []struct{ lang, scheme string }{{"de", "light"}, {"en", "dark"}, {"ar", "light"}, {"ar", "dark"}} {
			p.media("prefers-color-scheme", v.scheme)
			p.open("/?lang=" + v.lang)
			p.fillForm(who)
			p.blur()
			pictures = append(pictures, decoded(t, p.picture(false)))
		}
		p.keep("signup-variants.png", beside(pictures...))
	})
}

// openWorkflow opens the summary of a registration's workflow in Temporal Web UI.
func (p *page) openWorkflow(registrationID string) {
	p.t.Helper()
	p.watched.expect(".*") // another project's page
	p.navigate(p.service.ui + "/namespaces/default/workflows/registration-" + registrationID)
	p.wait(`location.pathname.endsWith("/timeline")`) // the address then has the id of the run
	p.navigate(eval[string](p, `location.href.replace("/timeline", "/user-metadata")`))
	poll(p.t, "the summary of the workflow, which is in a frame", func() bool {
		return slices.ContainsFunc(p.watched.list(http.MethodGet, "^/render$"), func(r request) bool {
			return r.loaded > 0 && strings.Contains(r.url, "pending_verification")
		})
	})
	eval[bool](p, `new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(() => resolve(true))))`)
}

// keep checks that the picture's file is small. It writes the file to the screenshots, or with -update to docs/images.
func (p *page) keep(name string, picture image.Image) {
	p.t.Helper()
	content := encoded(p.t, reduced(picture))
	require.LessOrEqual(p.t, len(content), maxPicture, name)
	dir := screenshotDir
	if *update {
		dir = picturesDir
	}
	require.NoError(p.t, writeFile(filepath.Join(dir, name), content))
}

func decoded(t *testing.T, content []byte) image.Image {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(content))
	require.NoError(t, err)
	return picture
}

func encoded(t *testing.T, picture image.Image) []byte {
	t.Helper()
	var file bytes.Buffer
	require.NoError(t, (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&file, picture))
	return file.Bytes()
}

// beside returns one picture with all pictures in a row, at the height of the first, with a gap between them.
func beside(pictures ...image.Image) image.Image {
	const gap = 16
	width := -gap
	for _, p := range pictures {
		width += p.Bounds().Dx() + gap
	}
	row := image.NewRGBA(image.Rect(0, 0, width, pictures[0].Bounds().Dy()))
	draw.Draw(row, row.Bounds(), image.NewUniform(color.Gray{Y: 0x99}), image.Point{}, draw.Src)
	x := 0
	for _, p := range pictures {
		at := image.Rect(x, 0, x+p.Bounds().Dx(), row.Bounds().Dy())
		draw.Draw(row, at, p, p.Bounds().Min, draw.Src)
		x = at.Max.X + gap
	}
	return row
}

// reduced returns the picture with its 256 most frequent colors, which makes its file much smaller. Screenshots have few
// colors: most pixels keep theirs.
func reduced(picture image.Image) image.Image {
	counts := map[color.RGBA]int{}
	bounds := picture.Bounds()
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			counts[color.RGBAModel.Convert(picture.At(x, y)).(color.RGBA)]++
		}
	}
	colors := make([]color.RGBA, 0, len(counts))
	for c := range counts {
		colors = append(colors, c)
	}
	slices.SortFunc(colors, func(a, b color.RGBA) int {
		if d := counts[b] - counts[a]; d != 0 {
			return d
		}
		return slices.Compare([]byte{a.R, a.G, a.B}, []byte{b.R, b.G, b.B})
	})
	palette := make(color.Palette, 0, 256)
	for _, c := range colors[:min(len(colors), 256)] {
		palette = append(palette, c)
	}
	small := image.NewPaletted(bounds, palette)
	draw.Draw(small, bounds, picture, bounds.Min, draw.Src)
	return small
}

// TestReduced proves that a picture with few colors stays the same.
func TestReduced(t *testing.T) {
	t.Parallel()
	picture := image.NewRGBA(image.Rect(0, 0, 20, 10))
	for x := range 20 {
		for y := range 10 {
			picture.Set(x, y, color.RGBA{R: uint8(x * 12), G: uint8(y * 20), A: 255})
		}
	}
	small := decoded(t, encoded(t, reduced(picture)))
	for x := range 20 {
		for y := range 10 {
			require.Equal(t, picture.At(x, y), color.RGBAModel.Convert(small.At(x, y)), "%d,%d", x, y)
		}
	}
}
