package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"registrar/internal/config"
)

func TestBadValues(t *testing.T) {
	t.Parallel()
	const (
		noDuration = "is not a duration (a number with ms, s, m or h); an example: "
		noNumber   = "is not a number; an example: "
	)
	noOrigin := func(origin string) string {
		return `"` + origin + `" is not an origin as browsers send it: scheme://host or scheme://host:port, in lower case, ` +
			"without a path, a *, or the scheme's default port; an example: https://app.example.com,http://localhost:3000"
	}
	for setting, want := range map[string]string{
		"LOG_LEVEL=loud":                                        `"loud" is not a log level (debug, info, warn, error); an example: info`,
		"LOG_FORMAT=xml":                                        `"xml" is not a log format (auto, text, json); an example: json`,
		"PAYLOAD_LEGACY=true":                                   `"true" is not refuse, read or write; an example: read`,
		"API_ADDR=8080":                                         `"8080" is not an address (host:port); an example: :8080`,
		"API_WAIT_BUDGET=3":                                     `"3" ` + noDuration + "3s",
		"API_WAIT_BUDGET=0s":                                    "0s must be longer than 0; an example: 3s",
		"API_WAIT_BUDGET=21s":                                   "21s must be at most 20s, or the server would cut off the answer; an example: 3s",
		"API_DRAIN_DELAY=-1s":                                   "-1s must not be below 0; an example: 5s",
		"API_SHUTDOWN_TIMEOUT=0s":                               "0s must be longer than 0; an example: 20s",
		"HASH_CONCURRENCY=-1":                                   "-1 must not be below 0; an example: 2",
		"ADMIN_TOKEN=fifteen-letters":                           "has fewer than 16 characters",
		"HASH_QUEUE=0":                                          "0 must be above 0; an example: 64",
		"HASH_QUEUE=many":                                       `"many" ` + noNumber + "64",
		"RETURN_URL=app.example.com":                            `"app.example.com" is not an http or https URL; an example: https://app.example.com/welcome`,
		"LOGIN_URL=javascript:alert(1)":                         `"javascript:alert(1)" is not an http or https URL; an example: https://app.example.com/login`,
		"TERMS_URL=/terms":                                      `"/terms" is not an http or https URL; an example: https://example.com/terms`,
		"PRIVACY_URL=https://":                                  `"https://" is not an http or https URL; an example: https://example.com/privacy`,
		"EMBED_ORIGINS=https://www.example.com/":                strings.Replace(noOrigin("https://www.example.com/"), "https://app.example.com,http://localhost:3000", "https://www.example.com", 1),
		"API_TRUSTED_PROXIES=10.0.0.1":                          `"10.0.0.1" is not a list of networks in CIDR notation; an example: 10.0.0.0/8,2001:db8::/32`,
		"API_TRUSTED_PROXIES=10.0.0.0/8,":                       `has an empty entry; an example: 10.0.0.0/8,2001:db8::/32`,
		"API_TRUSTED_PROXIES=10.0.0.0/8,x":                      `"10.0.0.0/8,x" is not a list of networks in CIDR notation; an example: 10.0.0.0/8,2001:db8::/32`,
		"API_CORS_ORIGINS=*":                                    noOrigin("*"),
		"API_CORS_ORIGINS=https://*.example.com":                noOrigin("https://*.example.com"),
		"API_CORS_ORIGINS=https://app.example.com/":             noOrigin("https://app.example.com/"),
		"API_CORS_ORIGINS=https://app.example.com/a":            noOrigin("https://app.example.com/a"),
		"API_CORS_ORIGINS=https://app.example.com?a":            noOrigin("https://app.example.com?a"),
		"API_CORS_ORIGINS=https://app.example.com#a":            noOrigin("https://app.example.com#a"),
		"API_CORS_ORIGINS=https://a@app.example.com":            noOrigin("https://a@app.example.com"),
		"API_CORS_ORIGINS=app.example.com":                      noOrigin("app.example.com"),
		"API_CORS_ORIGINS=//app.example.com":                    noOrigin("//app.example.com"),
		"API_CORS_ORIGINS=null":                                 noOrigin("null"),
		"API_CORS_ORIGINS=https://":                             noOrigin("https://"),
		"API_CORS_ORIGINS=https://:8443":                        noOrigin("https://:8443"),
		"API_CORS_ORIGINS=https://app.example.com:":             noOrigin("https://app.example.com:"),
		"API_CORS_ORIGINS=https://app.example.com:443":          noOrigin("https://app.example.com:443"),
		"API_CORS_ORIGINS=http://app.example.com:80":            noOrigin("http://app.example.com:80"),
		"API_CORS_ORIGINS=https://app.example.com:https":        noOrigin("https://app.example.com:https"),
		"API_CORS_ORIGINS=https://App.example.com":              noOrigin("https://App.example.com"),
		"API_CORS_ORIGINS=https://bücher.example":               noOrigin("https://bücher.example"),
		"API_CORS_ORIGINS=https://a.example, https://b.example": noOrigin(" https://b.example"),
		"TERMS_VERSION=version 2":                               `"version 2" is not 1 to 64 visible ASCII characters; an example: 2026-01`,
		"LIMIT_REGISTRATIONS=60":                                `"60" is not a rate (a number up to 10000, / and a period of a second or more), several rates separated by commas, or 0; an example: 60/1m`,
		"LIMIT_REGISTRATIONS=60/minute":                         `"60/minute" is not a rate (a number up to 10000, / and a period of a second or more), several rates separated by commas, or 0; an example: 60/1m`,
		"LIMIT_CODES=10001/1m":                                  `"10001/1m" is not a rate (a number up to 10000, / and a period of a second or more), several rates separated by commas, or 0; an example: 120/1m`,
		"LIMIT_CODES=0/1m":                                      `"0/1m" is not a rate (a number up to 10000, / and a period of a second or more), several rates separated by commas, or 0; an example: 120/1m`,
		"LIMIT_CODES=-1/1m":                                     `"-1/1m" is not a rate (a number up to 10000, / and a period of a second or more), several rates separated by commas, or 0; an example: 120/1m`,
		"LIMIT_DESTINATIONS=5/10ms":                             `"5/10ms" is not a rate (a number up to 10000, / and a period of a second or more), several rates separated by commas, or 0; an example: 10/1h,30/24h`,
		"LIMIT_SMS=5/1h,0":                                      `"5/1h,0" is not a rate (a number up to 10000, / and a period of a second or more), several rates separated by commas, or 0; an example: 2000/1h,10000/24h`,
		"LIMIT_NETWORK_FACTOR=-1":                               "-1 must be from 0 to 100; an example: 4",
		"LIMIT_SMS_CONVERSION=101":                              "101 must be from 0 to 100; an example: 10",
		"LIMIT_SMS_CONVERSION_SENT=0":                           "0 must be from 1 to 10000; an example: 300",
		"CHALLENGE=recaptcha":                                   `"recaptcha" is not altcha, turnstile, hcaptcha or none; an example: altcha`,
		"CHALLENGE_WORK=0":                                      "0 must be from 1 to 10000000; an example: 200000",
		"CHALLENGE_FAIL=maybe":                                  `"maybe" is not open or closed; an example: open`,
		"CHALLENGE_URL=http://example.com":                      `"http://example.com" is not an https URL; an example: https://challenges.cloudflare.com/turnstile/v0/siteverify`,
		"GATE_TIMEOUT=0s":                                       "0s must be longer than 0; an example: 1s",
		"GATE_TIMEOUT=11s":                                      "11s must be at most 10s; an example: 1s",
		"GATE_FAIL=maybe":                                       `"maybe" is not open or closed; an example: open`,
		"RETENTION_EVENTS=48h":                                  "48h0m0s must be at least half of EVENTS_BUDGET plus PARKING_TIME (240h0m0s), or events are deleted before they are delivered; an example: 2160h",
		"METRICS_ADDR=9464":                                     `"9464" is not an address (host:port); an example: 127.0.0.1:9464`,
		"OTEL_TRACES_SAMPLER_ARG=1.5":                           "1.5 must be from 0 to 1; an example: 0.1",
		"OTEL_TRACES_SAMPLER_ARG=NaN":                           "NaN must be from 0 to 1; an example: 0.1",
		"OTEL_TRACES_SAMPLER_ARG=always_on":                     `"always_on" is not a number; an example: 0.1`,
		"OTEL_EXPORTER_OTLP_HEADERS=s3cret":                     "is not a list of name=value, separated by commas, with values encoded as in a URL",
		"OTEL_EXPORTER_OTLP_HEADERS=api key=s3cret":             "is not a list of name=value, separated by commas, with values encoded as in a URL",
		"OTEL_EXPORTER_OTLP_HEADERS=key=%0a":                    "is not a list of name=value, separated by commas, with values encoded as in a URL",
		"OTEL_EXPORTER_OTLP_ENDPOINT=https://me:hush@collector": "must have no credentials, query or fragment: credentials belong to OTEL_EXPORTER_OTLP_HEADERS; an example: https://collector.example.com:4318",
		"OTEL_EXPORTER_OTLP_ENDPOINT=collector:4318":            "is not an http or https URL; an example: https://collector.example.com:4318",
		"SMS_COUNTRIES=DE,de":                                   `"de" is not a country with phone numbers (in capital letters); an example: DE,AT,CH`,
		"EMAIL_DOMAINS_ALLOWED=localhost":                       `"localhost" is not a domain; an example: example.com,example.org`,
		"EMAIL_DOMAINS_DENIED=*.example.com":                    `"*.example.com" is not a domain; an example: mailinator.com`,
		"LIMIT_REDIS_URL=valkey:6379":                           "is not a redis:// or rediss:// URL",
		"LIMIT_REDIS_URL=redis://:hush@[":                       "is not a redis:// or rediss:// URL",
		"LIMIT_REDIS_URL=https://valkey":                        "is not a redis:// or rediss:// URL",
		"DEFAULT_REGION=XX":                                     `"XX" is not a region with phone numbers; an example: DE`,
		"PASSWORD_MIN_SCORE=5":                                  "5 must be from 1 to 4; an example: 2",
		"PASSWORD_MIN_SCORE=0":                                  "0 must be from 1 to 4; an example: 2",
		"PASSWORD_MIN_LENGTH=7":                                 "7 must be from 8 to 64; an example: 15",
		"PASSWORD_MIN_LENGTH=65":                                "65 must be from 8 to 64; an example: 15",
		"PASSWORD_BREACH_FAIL=safe":                             `"safe" is not open or closed; an example: closed`,
		"HASH_MEMORY=-1":                                        `"-1" ` + noNumber + "47104",
		"HASH_MEMORY=19455":                                     "19455 KiB with 2 iterations (HASH_ITERATIONS) is below OWASP's minimum: 47104 KiB with 1 iteration, 19456 with 2, 12288 with 3, 9216 with 4, or 7168 with 5; an example: 47104",
		"HASH_MEMORY=1048577":                                   "1048577 must be at most 1048576; an example: 47104",
		"HASH_ITERATIONS=21":                                    "21 must be from 1 to 20; an example: 2",
		"HASH_PARALLELISM=0":                                    "0 must be from 1 to 16; an example: 1",
		"HASH_PARALLELISM=17":                                   "17 must be from 1 to 16; an example: 1",
		"PASSWORD_BREACH_CHECK=maybe":                           `"maybe" is not true or false; an example: true`,
		"OTP_TRIES=0":                                           "0 must be from 1 to 20; an example: 5",
		"OTP_RESENDS=21":                                        "21 must be from 0 to 20; an example: 3",
		"OTP_RESEND_COOLDOWN=-30s":                              "-30s must be longer than 0; an example: 30s",
		"OTP_TTL=0s":                                            "0s must be longer than 0; an example: 10m",
		"VERIFICATION_WINDOW=1m":                                "1m0s must not be shorter than a code's lifetime (OTP_TTL is 10m0s); an example: 24h",
		"PARKING_TIME=0s":                                       "0s must be longer than 0; an example: 168h",
		"PARKING_TIME=23h":                                      "23h0m0s must not be shorter than the time to verify (VERIFICATION_WINDOW is 24h0m0s); an example: 168h",
		"BUDGET_STORE=0s":                                       "0s must be longer than 0; an example: 24h",
		"BUDGET_OTP=4s":                                         "4s must be at least 5s, the time to send a message and record it; an example: 10m",
		"BUDGET_WELCOME_EMAIL=1 day":                            `"1 day" ` + noDuration + "24h",
		"BUDGET_COMPLETION_SMS=0s":                              "0s must be at least 5s, the time to send a message and record it; an example: 24h",
		"DATABASE_MAX_OPEN=0":                                   "0 must be above 0; an example: 20",
		"DATABASE_MAX_IDLE=-1":                                  "-1 must not be below 0; an example: 20",
		"DATABASE_CONN_MAX_LIFETIME=0":                          "0s must be longer than 0; an example: 5m",
		"WORKER_QUEUES=emails": `"emails" is not a task queue (known: ["registration" "notifications-high" "notifications-low" "events"]);` +
			" an example: notifications-high",
		"WORKER_CONCURRENCY=0":                "0 must be above 0; an example: 50",
		"WORKER_HEALTH_ADDR=8081":             `"8081" is not an address (host:port); an example: 127.0.0.1:8081`,
		"WORKER_ENGINE_GRACE=-1s":             "-1s must not be below 0; an example: 10s",
		"WORKER_STOP_TIMEOUT=0s":              "0s must be longer than 0; an example: 15s",
		"OTP_PER_SECOND=-1":                   "-1 must not be below 0; an example: 50",
		"NOTICES_PER_SECOND=ten":              `"ten" ` + noNumber + "50",
		"PROVIDER_TIMEOUT=0s":                 "0s must be longer than 0; an example: 4s",
		"EMAIL_PROVIDERS=mailgun,sendgrid":    `"sendgrid" is not a provider (known: ["mailgun" "smtp"]); an example: mailgun,smtp`,
		"EMAIL_PROVIDERS=smtp,smtp":           `"smtp" is named twice; an example: mailgun,smtp`,
		"SMS_PROVIDERS=smtp":                  `"smtp" is not a provider (known: ["twilio" "webhook"]); an example: twilio,webhook`,
		"SMS_PROVIDERS=twilio,webhook,twilio": `"twilio" is named twice; an example: twilio,webhook`,
		"EVENTS_TYPES=user.activated,user.renamed": `"user.renamed" is not a type of event (known: ["user.registered" "user.activated" "user.email_confirmed" ` +
			`"user.email_released" "user.expired" "user.updated" "user.blocked" "user.unblocked" "user.erased" "registration.failed" "consent.changed"]);` +
			" an example: user.activated,user.erased",
		"EVENTS_DATA=all":                 `"all" is not whole or ids; an example: ids`,
		"EVENTS_PASSWORD_HASH=yes please": `"yes please" is not true or false; an example: true`,
		"EVENTS_BUDGET=4s":                "4s must be at least 5s, the time to send a message and record it; an example: 72h",
		"EVENTS_BUDGET=721h":              "721h0m0s must be at most 720h0m0s; an example: 72h",
		"EVENTS_TIMEOUT=0s":               "0s must be longer than 0; an example: 15s",
		"EVENTS_TIMEOUT=31s":              "31s must be at most 30s; an example: 15s",
		"SMTP_PORT=0":                     "0 is not a port (1 to 65535); an example: 465",
		"SMTP_PORT=70000":                 "70000 is not a port (1 to 65535); an example: 465",
		"SMTP_TLS=ssl":                    `"ssl" is not starttls, tls or none; an example: tls`,
		"PUBLIC_URL=https://example.com/": `"https://example.com/" is not an http or https URL without a path; an example: https://register.example.com`,
		"PUBLIC_URL=example.com":          `"example.com" is not an http or https URL without a path; an example: https://register.example.com`,
	} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			name, _, _ := strings.Cut(setting, "=")
			_, err := config.Load([]string{setting})
			requireProblems(t, err, name+": "+want)
		})
	}
}

func TestSeveralBadValues(t *testing.T) {
	t.Parallel()
	_, err := config.Load([]string{"HASH_QUEUE=many", "OTP_TTL=soon", "PERSIST_LOCALLY=perhaps"})
	requireProblems(t, err,
		`OTP_TTL: "soon" is not a duration (a number with ms, s, m or h); an example: 10m`,
		`PERSIST_LOCALLY: "perhaps" is not true or false; an example: true`,
		`HASH_QUEUE: "many" is not a number; an example: 64`,
	)
	_, err = config.Load([]string{"LOG_LEVEL=loud", "API_ADDR=8080", "WORKER_CONCURRENCY=0"})
	requireProblems(t, err,
		`LOG_LEVEL: "loud" is not a log level (debug, info, warn, error); an example: info`,
		`API_ADDR: "8080" is not an address (host:port); an example: :8080`,
		"WORKER_CONCURRENCY: 0 must be above 0; an example: 50",
	)
}

// TestEveryProblemAtOnce mixes values of a wrong type with values out of range.
func TestEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "absent")
	_, err := config.Load([]string{"HASH_QUEUE=many", "LOG_LEVEL=loud", "DATABASE_DSN_FILE=" + missing})
	require.ErrorContains(t, err, "HASH_QUEUE: ")
	require.ErrorContains(t, err, "LOG_LEVEL: ")
	require.ErrorContains(t, err, "DATABASE_DSN_FILE: ")
	require.Equal(t, 2, strings.Count(err.Error(), "\n"))
}

func secrets() []config.Variable {
	var all []config.Variable
	for _, v := range config.Variables() {
		if v.Secret {
			all = append(all, v)
		}
	}
	return all
}

func TestWidgetsNeedTheirKeys(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"turnstile", "hcaptcha"} {
		c := load(t, "CHALLENGE="+kind)
		require.EqualError(t, c.Challenge.Check(), "CHALLENGE_SITE_KEY: is not set, but CHALLENGE is "+kind+"; an example: 0x4AAAAAAA…\n"+
			"CHALLENGE_SECRET: is not set, but CHALLENGE is "+kind)
		require.NoError(t, load(t, "CHALLENGE="+kind, "CHALLENGE_SITE_KEY=a", "CHALLENGE_SECRET=b").Challenge.Check())
	}
	require.NoError(t, load(t).Challenge.Check())
}

func TestSecretsAreMarked(t *testing.T) {
	t.Parallel()
	var names []string
	for _, v := range secrets() {
		names = append(names, v.Name)
	}
	require.Equal(t, []string{
		"ADMIN_TOKEN", "ADMIN_TOKENS", "LIMIT_REDIS_URL", "LIMIT_REDIS_PASSWORD", "CHALLENGE_SECRET", "GATE_SECRET", "PRF_KEYSET", "PAYLOAD_KEYSET", "DATABASE_DSN", "DATABASE_PASSWORD",
		"MAILGUN_API_KEY", "MAILGUN_WEBHOOK_SIGNING_KEY", "SMTP_PASSWORD",
		"TWILIO_AUTH_TOKEN", "TWILIO_API_KEY_SECRET", "TWILIO_WEBHOOK_AUTH_TOKEN", "SMS_WEBHOOK_SECRET", "EVENTS_SECRET", "CODEC_TOKEN", "OTEL_EXPORTER_OTLP_HEADERS",
	}, names)
}

func TestSecretsAreNotPrinted(t *testing.T) {
	t.Parallel()
	const secretValue = "s3cr3t-v4lue"
	file := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(file, []byte(secretValue), 0o600))
	environ := []string{"HASH_QUEUE=many", "LOG_LEVEL=loud"}
	for _, v := range secrets() {
		_, err := config.Load(append(environ, v.Name+"="+secretValue, v.Name+"_FILE="+file))
		require.ErrorContains(t, err, v.Name)
		require.NotContains(t, err.Error(), secretValue)
		_, err = config.Load(append(environ, v.Name+"="+secretValue))
		require.Error(t, err)
		require.NotContains(t, err.Error(), secretValue)
	}
}

func TestSecretFiles(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte("  a-token-of-operators\n"), 0o600))
	missing := filepath.Join(t.TempDir(), "absent")

	require.Equal(t, "a-token-of-operators", load(t, "CODEC_TOKEN_FILE="+file).Codec.Token)
	require.Equal(t, "a-token-of-operators", load(t, "CODEC_TOKEN=", "CODEC_TOKEN_FILE="+file).Codec.Token)
	require.Equal(t, ":8080", load(t, "API_ADDR_FILE="+file).API.Addr, "only a secret is read from a file")

	_, err := config.Load([]string{
		"CODEC_TOKEN=another-token-of-operators", "CODEC_TOKEN_FILE=" + file, "DATABASE_DSN_FILE=" + missing, "PRF_KEYSET=a", "PRF_KEYSET_FILE=" + missing,
	})
	requireProblems(t, err,
		"PRF_KEYSET: set it or PRF_KEYSET_FILE, not both",
		"DATABASE_DSN_FILE: open "+missing+": no such file or directory",
		"CODEC_TOKEN: set it or CODEC_TOKEN_FILE, not both",
	)
}
