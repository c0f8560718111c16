//go:build ops

package monitoring_test

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/draw"
	"image/png"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"registrar/test/parts"
)

// picture is what page/board.js draws.
type picture struct {
	Times []int64
	Rows  []pictureRow
}

type pictureRow struct {
	Title  string
	Panels []picturePanel
}

type picturePanel struct {
	Title, Unit   string
	Width         int
	Number, Names bool
	Limits        []limit
	Series        []pictureSeries
}

type pictureSeries struct {
	Name   string
	Values []*float64 // nil where there is none
}

// TestPicture draws the board with the results of its queries, in Chromium. With -update, it writes the picture for the docs.
func TestPicture(t *testing.T) {
	text, err := json.Marshal(drawn(t))
	require.NoError(t, err)
	page := http.NewServeMux()
	page.Handle("/", http.FileServer(http.Dir("page")))
	page.Handle("/uplot/", http.StripPrefix("/uplot/", http.FileServer(http.Dir(filepath.Join("node_modules", "uplot", "dist")))))
	page.HandleFunc("/data.json", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(text) })
	server := httptest.NewServer(page)
	defer server.Close()

	shot := cropped(t, screenshot(t, server.URL))
	require.Greater(t, shot.Bounds().Dy(), 1500, "the page has drawn the panels")
	if *update {
		var file bytes.Buffer
		require.NoError(t, (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&file, shot))
		require.NoError(t, os.WriteFile(filepath.Join("..", "..", "docs", "images", "board.png"), file.Bytes(), 0o644))
	}
}

// drawn returns the board with its data of the run. Panels and rows without data are left out.
func drawn(t *testing.T) (p picture) {
	t.Helper()
	for at := shared.began.Unix(); at <= shared.ended.Unix(); at++ {
		p.Times = append(p.Times, at)
	}
	for _, from := range board(t) {
		if from.Type == "row" {
			p.Rows = append(p.Rows, pictureRow{Title: from.Title})
			continue
		}
		row := &p.Rows[len(p.Rows)-1]
		to := picturePanel{
			Title: from.Title, Unit: from.FieldConfig.Defaults.Unit, Width: from.GridPos.W, Limits: from.FieldConfig.Defaults.Thresholds.Steps,
			Number: from.Type == "stat", Names: from.Options.TextMode == "name",
		}
		for _, target := range from.Targets {
			result, err := shared.over(t.Context(), selected(target.Expr))
			require.NoError(t, err)
			for _, series := range result {
				to.Series = append(to.Series, pictureSeries{named(target.LegendFormat, series.Metric), p.values(series)})
			}
		}
		if len(to.Series) > 0 {
			row.Panels = append(row.Panels, to)
		}
	}
	p.Rows = slices.DeleteFunc(p.Rows, func(r pictureRow) bool { return len(r.Panels) == 0 })
	return p
}

// values returns the values of a series at the times of the picture.
func (p picture) values(series *model.SampleStream) []*float64 {
	values := make([]*float64, len(p.Times))
	for _, pair := range series.Values {
		v := float64(pair.Value)
		if i := pair.Timestamp.Unix() - p.Times[0]; i >= 0 && int(i) < len(values) && !math.IsNaN(v) && !math.IsInf(v, 0) {
			values[i] = &v
		}
	}
	return values
}

var label = regexp.MustCompile(`\{\{(\w+)\}\}`)

// named fills the labels into the format of a legend.
func named(format string, labels model.Metric) string {
	name := label.ReplaceAllStringFunc(format, func(field string) string {
		return string(labels[model.LabelName(strings.Trim(field, "{}"))])
	})
	return strings.TrimSpace(name)
}

// screenshot returns a picture of a page that is higher than the board.
func screenshot(t *testing.T, url string) image.Image {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dir := parts.Dir(t, "chromium")
	path := filepath.Join(dir, "board.png")
	output, err := exec.CommandContext(ctx, "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
		"--user-data-dir="+dir, "--window-size=1400,8000", "--virtual-time-budget=10000", "--screenshot="+path, url).CombinedOutput()
	require.NoError(t, err, "%s", output)
	text, err := os.ReadFile(path)
	require.NoError(t, err, "%s", output)
	shot, err := png.Decode(bytes.NewReader(text))
	require.NoError(t, err)
	return shot
}

// cropped returns a picture without the empty space at its end.
func cropped(t *testing.T, shot image.Image) image.Image {
	t.Helper()
	const margin = 12
	bounds := shot.Bounds()
	background := shot.At(bounds.Min.X, bounds.Min.Y)
	bottom := bounds.Max.Y - 1
	for ; bottom > bounds.Min.Y; bottom-- {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			if shot.At(x, bottom) != background {
				bounds.Max.Y = min(bounds.Max.Y, bottom+margin)
				to := image.NewRGBA(bounds)
				draw.Draw(to, bounds, shot, bounds.Min, draw.Src)
				return to
			}
		}
	}
	require.Fail(t, "the picture is empty")
	return nil
}
