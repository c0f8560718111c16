package campaign_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/campaign"
	"registrar/internal/message"
)

const goodHTML = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>News</title>
<style>@media (max-width:500px){.a{color:red}}</style></head>
<body><!-- a comment -->
<p>Dear {{first_name}},</p>
<p><a href="https://example.com/?a=1&amp;b=2">Read on</a> or <a href='mailto:hello@example.com'>write</a>.</p>
<img src="https://example.com/a.png" alt="">
<p><a href="{{unsubscribe}}">Unsubscribe</a> {{ unsubscribe }}</p>
</body></html>`

func content(change ...func(*campaign.Content)) campaign.Content {
	c := campaign.Content{
		Name: "Spring", Subject: "News for {{first_name}}", Text: "Dear {{first_name}},\n\nBye: <{{unsubscribe}}>\n",
		HTML: goodHTML, Locale: "de-AT",
	}
	for _, each := range change {
		each(&c)
	}
	return c
}

func TestCompile(t *testing.T) {
	t.Parallel()
	p, err := content().Compile()
	require.NoError(t, err)
	require.Equal(t, message.Pattern{{Text: "News for "}, {Field: message.FieldFirstName}}, p.Subject)
	require.Equal(t, message.Pattern{
		{Text: "Dear "},
		{Field: message.FieldFirstName},
		{Text: ",\n\nBye: <"},
		{Field: message.FieldUnsubscribe},
		{Text: ">\n"},
	}, p.Text)
	require.Len(t, p.HTML, 7)
	back := p.HTML.Fill(func(f message.Field) string { return "{{" + string(f) + "}}" })
	require.Equal(t, strings.ReplaceAll(goodHTML, "{{ unsubscribe }}", "{{unsubscribe}}"), back)

	p, err = content(func(c *campaign.Content) { c.HTML, c.Locale = "", "" }).Compile()
	require.NoError(t, err)
	require.Empty(t, p.HTML)
}

func TestViolations(t *testing.T) {
	t.Parallel()
	subject := func(s string) func(*campaign.Content) {
		return func(c *campaign.Content) { c.Subject = s }
	}
	text := func(s string) func(*campaign.Content) {
		return func(c *campaign.Content) { c.Text = s + "{{unsubscribe}}" }
	}
	html := func(s string) func(*campaign.Content) {
		return func(c *campaign.Content) { c.HTML = "<p>{{unsubscribe}}</p>\n" + s }
	}
	for name, tt := range map[string]struct {
		change func(*campaign.Content)
		part   string
		line   int
		code   campaign.Code
	}{
		"no name":             {func(c *campaign.Content) { c.Name = " " }, "name", 0, campaign.CodeRequired},
		"long name":           {func(c *campaign.Content) { c.Name = strings.Repeat("é", 101) }, "name", 0, campaign.CodeTooLong},
		"name with a control": {func(c *campaign.Content) { c.Name = "a\x1b" }, "name", 0, campaign.CodeInvalidCharacters},
		"no locale":           {func(c *campaign.Content) { c.Locale = "german" }, "locale", 0, campaign.CodeInvalid},
		"too long a locale":   {func(c *campaign.Content) { c.Locale = "de-x-abcdefgh-abcdefgh-abcdefgh-1234" }, "locale", 0, campaign.CodeInvalid},
		"und":                 {func(c *campaign.Content) { c.Locale = "und" }, "locale", 0, campaign.CodeInvalid},

		"no subject":            {subject(""), "subject", 0, campaign.CodeRequired},
		"long subject":          {subject(strings.Repeat("é", 201)), "subject", 0, campaign.CodeTooLong},
		"two lines":             {subject("a\r\nBcc: x"), "subject", 1, campaign.CodeInvalidCharacters},
		"line separator":        {subject("a\u2028b"), "subject", 0, campaign.CodeInvalidCharacters},
		"no UTF-8":              {subject("a\xff"), "subject", 0, campaign.CodeInvalidCharacters},
		"subject unsubscribes":  {subject("{{unsubscribe}}"), "subject", 1, campaign.CodeMisplacedField},
		"unknown in subject":    {subject("{{last_name}}"), "subject", 1, campaign.CodeUnknownField},
		"unclosed in subject":   {subject("{{first_name}"), "subject", 1, campaign.CodeUnclosedField},
		"provider's variable":   {subject("Hi %recipient.name%"), "subject", 1, campaign.CodeNotAllowed},
		"variable by an empty":  {subject("%{{first_name}}recipient.name%"), "subject", 0, campaign.CodeNotAllowed},
		"no text":               {func(c *campaign.Content) { c.Text = "\n" }, "text", 0, campaign.CodeRequired},
		"long text":             {text(strings.Repeat("a", campaign.MaxText)), "text", 0, campaign.CodeTooLong},
		"NUL":                   {text("\na\x00"), "text", 2, campaign.CodeInvalidCharacters},
		"no way out of text":    {func(c *campaign.Content) { c.Text = "Hi" }, "text", 0, campaign.CodeNoUnsubscribe},
		"Mailgun's unsubscribe": {text("%unsubscribe_url%"), "text", 1, campaign.CodeNotAllowed},
		"empty field":           {text("\n\n{{}}"), "text", 3, campaign.CodeUnknownField},
		"no way out of HTML":    {func(c *campaign.Content) { c.HTML = "<p>Hi</p>" }, "html", 0, campaign.CodeNoUnsubscribe},
		"long HTML":             {html(strings.Repeat("a", campaign.MaxHTML)), "html", 0, campaign.CodeTooLong},

		"script":              {html("<SCRIPT>alert(1)</SCRIPT>"), "html", 2, campaign.CodeNotAllowed},
		"form":                {html("<form></form>"), "html", 2, campaign.CodeNotAllowed},
		"iframe":              {html("<iframe></iframe>"), "html", 2, campaign.CodeNotAllowed},
		"svg":                 {html("<svg></svg>"), "html", 2, campaign.CodeNotAllowed},
		"refresh":             {html(`<meta http-equiv=" Refresh" content="0">`), "html", 2, campaign.CodeNotAllowed},
		"handler":             {html(`<p onClick="x()">`), "html", 2, campaign.CodeNotAllowed},
		"handler after slash": {html(`<p/onclick=x()>`), "html", 2, campaign.CodeNotAllowed},
		"srcset":              {html(`<img alt="" src="https://a.example/b" srcset="b.png 2x">`), "html", 2, campaign.CodeNotAllowed},
		"style that runs":     {html(`<p style="width: Expression (1)">`), "html", 2, campaign.CodeNotAllowed},
		"style with escapes":  {html(`<p style="background:url(java\73 cript:x)">`), "html", 2, campaign.CodeNotAllowed},
		"sheet that imports":  {html(`<style>@import "a"</style>`), "html", 2, campaign.CodeNotAllowed},

		"javascript":          {html(`<a href=" javascript:alert(1)">x</a>`), "html", 2, campaign.CodeBadLink},
		"javascript escaped":  {html(`<a href="java&#115;cript&colon;alert(1)">x</a>`), "html", 2, campaign.CodeBadLink},
		"javascript in parts": {html("<a href=\"java\nscript:alert(1)\">x</a>"), "html", 2, campaign.CodeBadLink},
		"behind braces":       {html(`<a href="javascript:&#123;{x">x</a>`), "html", 2, campaign.CodeBadLink},
		"relative":            {html(`<a href="/news">x</a>`), "html", 2, campaign.CodeBadLink},
		"without a scheme":    {html(`<a href="//example.com">x</a>`), "html", 2, campaign.CodeBadLink},
		"without a host":      {html(`<a href="https:///x">x</a>`), "html", 2, campaign.CodeBadLink},
		"data link":           {html(`<a href="data:text/html,x">x</a>`), "html", 2, campaign.CodeBadLink},
		"empty link":          {html(`<a href="">x</a>`), "html", 2, campaign.CodeBadLink},
		"mailto nobody":       {html(`<a href="mailto:">x</a>`), "html", 2, campaign.CodeBadLink},
		"no alt":              {html(`<img src="https://a.example/b">`), "html", 2, campaign.CodeBadImage},
		"no source":           {html(`<img alt="x">`), "html", 2, campaign.CodeBadImage},
		"image in the clear":  {html(`<img alt="x" src="http://a.example/b">`), "html", 2, campaign.CodeBadImage},
		"image as data":       {html(`<img alt="x" src="data:image/png;base64,AA">`), "html", 2, campaign.CodeBadImage},
		"background":          {html(`<td background="a.png">`), "html", 2, campaign.CodeBadImage},

		"name in an attribute":    {html(`<p title="{{first_name}}">`), "html", 2, campaign.CodeMisplacedField},
		"name in a URL":           {html(`<a href="https://a.example/{{first_name}}">x</a>`), "html", 2, campaign.CodeMisplacedField},
		"name as a tag":           {html(`<{{first_name}}>`), "html", 2, campaign.CodeMisplacedField},
		"name as an end":          {html(`</p {{first_name}}>`), "html", 2, campaign.CodeMisplacedField},
		"name in a comment":       {html(`<!-- {{first_name}} -->`), "html", 2, campaign.CodeMisplacedField},
		"name in a style":         {html(`<style>{{first_name}}</style>`), "html", 2, campaign.CodeMisplacedField},
		"name in the title":       {html(`<title>{{first_name}}</title>`), "html", 2, campaign.CodeMisplacedField},
		"name in an empty style":  {html(`<style/>{{first_name}}</style>`), "html", 2, campaign.CodeMisplacedField},
		"link in an attribute":    {html(`<p title="{{unsubscribe}}">`), "html", 2, campaign.CodeMisplacedField},
		"link without quotes":     {html(`<a href={{unsubscribe}}>x</a>`), "html", 2, campaign.CodeMisplacedField},
		"link and more":           {html(`<a href="{{unsubscribe}}&x">x</a>`), "html", 2, campaign.CodeMisplacedField},
		"link in a link's text":   {html(`<a title=' href="{{unsubscribe}}"'>x</a>`), "html", 2, campaign.CodeMisplacedField},
		"unclosed tag":            {html(`<a href="https://a.example`), "html", 2, campaign.CodeInvalid},
		"unclosed comment":        {html(`<!-- x`), "html", 2, campaign.CodeInvalid},
		"unclosed style":          {html(`<style>p{}`), "html", 0, campaign.CodeInvalid},
		"instruction":             {html(`<?xml version="1.0"?>`), "html", 2, campaign.CodeInvalid},
		"provider's in the links": {html(`<a href="https://a.example/%recipient.id%">x</a>`), "html", 2, campaign.CodeNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			violations := content(tt.change).Check()
			require.NotEmpty(t, violations)
			found := false
			for _, v := range violations {
				require.Equal(t, tt.part, v.Part)
				require.NotEmpty(t, v.Message)
				found = found || v.Line == tt.line && v.Code == tt.code
			}
			require.True(t, found, violations)
			_, err := content(tt.change).Compile()
			require.ErrorContains(t, err, violations[0].String())
		})
	}
}

func TestAllViolationsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := campaign.Content{HTML: "<p>\n<script>", Locale: "?"}.Preview(message.Recipient{})
	require.EqualError(t, err, `name: is missing
subject: is missing
text: is missing: not every mail client shows HTML
html: must contain {{unsubscribe}}
html: line 2: <script> is not allowed in an email
locale: must be a language tag (BCP 47) such as de or de-AT`)

	garbage := content(func(c *campaign.Content) { c.HTML = strings.Repeat("<script></script>", 1000) })
	require.Len(t, garbage.Check(), 50)
}

func TestPreview(t *testing.T) {
	t.Parallel()
	p, err := content().Preview(campaign.Example("https://a.example/", "<b>&"))
	require.NoError(t, err)
	require.Equal(t, "News for <b>&", p.Subject)
	require.Contains(t, p.Text, "<https://a.example/unsubscribe?token=example>")
	require.Contains(t, p.HTML, "Dear &lt;b&gt;&amp;,")
	require.Contains(t, p.HTML, `<a href="https://a.example/unsubscribe?token=example">`)
}

func TestComposer(t *testing.T) {
	t.Parallel()
	c := campaign.Composer{PublicURL: "https://a.example", Token: func(campaignID, userID string) string { return campaignID + "-" + userID }}
	require.Equal(t, "https://a.example/unsubscribe?token=c-u", c.UnsubscribeURL("c", "u"))
	_, err := c.Compile(content())
	require.NoError(t, err)
	_, err = c.Compile(campaign.Content{})
	require.Error(t, err)
}
