package render

import (
	"fmt"
	"strings"
	"unicode/utf16"
)

// Encoding is the character encoding of an SMS.
type Encoding string

// The encodings.
const (
	EncodingGSM7 Encoding = "GSM-7" // 7 bits a character; the alphabet of 3GPP TS 23.038, section 6.2.1
	EncodingUCS2 Encoding = "UCS-2" // UTF-16
)

// SMSInfo is the size of a text as an SMS.
type SMSInfo struct {
	Encoding Encoding
	Units    int // length of the text: septets in GSM-7, UTF-16 code units in UCS-2
	Segments int // number of messages that are sent and charged; at least 1
	Left     int // free units in the last segment
}

// Units per segment. In an SMS of several segments, each has a header of 6 bytes (3GPP TS 23.040, section 9.2.3.24.1).
const (
	gsmSingle, gsmJoined   = 160, 153
	ucs2Single, ucs2Joined = 70, 67
)

// A basic character needs one septet, an extension character two. Any other character makes the whole message UCS-2.
const (
	gsmBasic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtension = "\f^{}\\[~]|€"
)

// Segments returns the size of text as an SMS. A character of two units is never divided between two segments.
func Segments(text string) SMSInfo {
	info := SMSInfo{Encoding: EncodingGSM7}
	sizes := make([]int, 0, len(text)) // sizes of the characters in units
	for _, r := range text {
		switch {
		case strings.ContainsRune(gsmBasic, r):
			sizes = append(sizes, 1)
		case strings.ContainsRune(gsmExtension, r):
			sizes = append(sizes, 2)
		default:
			return ucs2Segments(text)
		}
	}
	return info.fill(sizes, gsmSingle, gsmJoined)
}

func ucs2Segments(text string) SMSInfo {
	info := SMSInfo{Encoding: EncodingUCS2}
	sizes := make([]int, 0, len(text))
	for _, r := range text {
		sizes = append(sizes, utf16.RuneLen(r))
	}
	return info.fill(sizes, ucs2Single, ucs2Joined)
}

func (i SMSInfo) fill(sizes []int, single, joined int) SMSInfo {
	for _, size := range sizes {
		i.Units += size
	}
	if i.Units <= single {
		i.Segments, i.Left = 1, single-i.Units
		return i
	}
	i.Segments, i.Left = 1, joined
	for _, size := range sizes {
		if size > i.Left {
			i.Segments++
			i.Left = joined
		}
		i.Left -= size
	}
	return i
}

// Capacity returns the total capacity of the segments in units.
func (i SMSInfo) Capacity() int {
	joined := gsmJoined
	if i.Encoding == EncodingUCS2 {
		joined = ucs2Joined
	}
	if i.Segments <= 1 {
		return i.singleCapacity()
	}
	return i.Segments * joined
}

// singleCapacity returns the capacity in units of a message with one segment.
func (i SMSInfo) singleCapacity() int {
	if i.Encoding == EncodingUCS2 {
		return ucs2Single
	}
	return gsmSingle
}

// String returns a summary such as "GSM-7, 47 of 160, 1 segment".
func (i SMSInfo) String() string {
	plural := "s"
	if i.Segments == 1 {
		plural = ""
	}
	return fmt.Sprintf("%s, %d of %d, %d segment%s", i.Encoding, i.Units, i.Capacity(), i.Segments, plural)
}
