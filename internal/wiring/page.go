package wiring

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"registrar/api/page"
	"registrar/internal/attribute"
	"registrar/internal/config"
	"registrar/workflows"
)

// maxPageFile is the maximum size of a logo and of a style sheet in bytes. Browsers load them before the first input works.
const maxPageFile = 256 << 10

// OpenPages returns the pages for the configuration. schema is nil if there are no attributes. links are further links below
// the sign-up form. The error has one line for each mistake.
func OpenPages(c config.Config, schema *attribute.Schema, links ...page.Link) (*page.Pages, error) {
	o := page.Options{
		Brand: c.Brand.Name, BrandURL: c.Brand.URL, SupportURL: c.Brand.SupportURL,
		ReturnURL: c.Signup.ReturnURL, LoginURL: c.Signup.LoginURL, TermsURL: c.Signup.TermsURL, PrivacyURL: c.Signup.PrivacyURL,
		Links: links, AsksUsername: c.Signup.AsksUsername,
		DefaultRegion: c.Registration.DefaultRegion, Countries: c.Registration.SMSCountries,
		MinPasswordLength: c.Password.MinPasswordLength, Codes: page.Codes(c.Registration.Verify),
		TermsVersion: c.Registration.TermsVersion, Fields: pageFields(schema),
	}
	if c.Registration.Conceal && c.Registration.Verify == string(workflows.VerifySMS) {
		o.Codes = page.CodesEmail
	}
	if kind := page.Captcha(c.Challenge.ChallengeKind); kind == page.CaptchaTurnstile || kind == page.CaptchaHCaptcha {
		o.Captcha = kind
	}
	if err := readPageFiles(c.Signup, &o); err != nil {
		return nil, err
	}
	pages, err := page.New(o)
	if err != nil {
		const name = "SIGNUP_CATALOGUES: "
		return nil, errors.New(name + strings.ReplaceAll(err.Error(), "\n", "\n"+name))
	}
	return pages, nil
}

// pageFields returns the attributes that the sign-up page asks for.
func pageFields(schema *attribute.Schema) []page.Field {
	if schema == nil {
		return nil
	}
	var fields []page.Field
	for _, f := range schema.Fields() {
		field := page.Field{
			Name: f.Name, Type: page.FieldType(f.Type), Required: f.Required, Titles: f.Titles, Hints: f.Hints,
		}
		if f.Type == attribute.TypeInteger {
			field.Type = page.FieldNumber
		}
		for _, c := range f.Choices {
			field.Choices = append(field.Choices, page.Choice(c))
		}
		fields = append(fields, field)
	}
	return fields
}

// readPageFiles sets the options that are files. Its error has one line for each mistake.
func readPageFiles(c config.Signup, o *page.Options) error {
	logo, wrongLogo := readPageFile("SIGNUP_LOGO", c.LogoFile)
	if logo != nil {
		o.Logo = &page.File{Name: filepath.Base(c.LogoFile), Body: logo}
	}
	if logo != nil && !page.IsPicture(c.LogoFile) {
		wrongLogo = fmt.Errorf("SIGNUP_LOGO: %s: is not a .svg, .png, .jpg, .webp or .gif file", c.LogoFile)
	}
	var wrongStyle, wrongCatalogues error
	o.Style, wrongStyle = readPageFile("SIGNUP_CSS", c.StyleFile)
	o.Catalogues, wrongCatalogues = openFolder("SIGNUP_CATALOGUES", c.CataloguesDir)
	return errors.Join(wrongLogo, wrongStyle, wrongCatalogues)
}

// readPageFile returns the file that a setting names, nil if it is empty.
func readPageFile(name, path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	body, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(body) == 0 || len(body) > maxPageFile {
		return nil, fmt.Errorf("%s: %s: has %d bytes; it must have 1 to %d", name, path, len(body), maxPageFile)
	}
	return body, nil
}
