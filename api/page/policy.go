package page

import "strings"

// captchaSources are the hosts that a widget needs.
var captchaSources = map[Captcha]string{
	CaptchaTurnstile: "https://challenges.cloudflare.com",
	CaptchaHCaptcha:  "https://hcaptcha.com https://*.hcaptcha.com",
}

// Policy returns the Content-Security-Policy of all pages. Only the widget of a captcha allows requests to other hosts.
func (p *Pages) Policy() string {
	hosts := captchaSources[p.options.Captcha]
	directives := []string{
		"default-src 'none'", source("script-src 'self'", hosts), source("style-src 'self'", hosts), "img-src 'self' data:",
		source("connect-src 'self'", hosts), "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
	}
	if hosts != "" {
		directives = append(directives, "frame-src "+hosts)
	}
	return strings.Join(directives, "; ")
}

func source(directive, hosts string) string { return strings.TrimSpace(directive + " " + hosts) }
