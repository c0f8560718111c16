package wiring

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"registrar/api/page"
	"registrar/internal/config"
)

// maxPageFile is the maximum size of a logo and of a style sheet in bytes. Browsers load them before the first input works.
const maxPageFile = 256 << 10

// OpenPages returns the pages for the configuration. links are further links below the sign-up form.
func OpenPages(c config.Config, links ...page.Link) (*page.Pages, error) {
	o := page.Options{
		Brand: c.Brand.Name, BrandURL: c.Brand.URL, SupportURL: c.Brand.SupportURL,
		ReturnURL: c.Signup.ReturnURL, LoginURL: c.Signup.LoginURL, TermsURL: c.Signup.TermsURL, PrivacyURL: c.Signup.PrivacyURL,
		Links: links, AsksUsername: c.Signup.AsksUsername,
		DefaultRegion: c.Registration.DefaultRegion, Countries: c.Registration.SMSCountries,
		MinPasswordLength: c.Password.MinPasswordLength,
	}
	if kind := c.Challenge.ChallengeKind; kind == "turnstile" || kind == "hcaptcha" {
		o.Captcha = &page.Captcha{Type: kind, SiteKey: c.Challenge.ChallengeSiteKey}
	}
	if err := readPageFiles(c.Signup, &o); err != nil {
		return nil, err
	}
	pages, err := page.New(o)
	if err != nil {
		return nil, fmt.Errorf("SIGNUP_LOGO, SIGNUP_CATALOGUES: %w", err)
	}
	return pages, nil
}

func readPageFiles(c config.Signup, o *page.Options) error {
	logo, err := readPageFile("SIGNUP_LOGO", c.LogoFile)
	if err != nil {
		return err
	}
	if logo != nil {
		o.Logo = &page.File{Name: filepath.Base(c.LogoFile), Body: logo}
	}
	if o.Style, err = readPageFile("SIGNUP_CSS", c.StyleFile); err != nil {
		return err
	}
	if c.CataloguesDir == "" {
		return nil
	}
	info, err := os.Stat(c.CataloguesDir)
	if err == nil && !info.IsDir() {
		err = errors.New("is not a folder")
	}
	if err != nil {
		return fmt.Errorf("SIGNUP_CATALOGUES: %s: %w", c.CataloguesDir, err)
	}
	o.Catalogues = os.DirFS(c.CataloguesDir)
	return nil
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
