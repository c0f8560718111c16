package config_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"registrar/internal/config"
	"registrar/internal/secret"
	"registrar/internal/user"
	"registrar/workflows"
)

func load(t *testing.T, environ ...string) config.Config {
	t.Helper()
	c, err := config.Load(environ)
	require.NoError(t, err)
	return c
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	c := load(t)
	require.NoError(t, c.Codec.Check())
	require.Equal(t, workflows.DefaultPolicy(), c.Policy())
	require.Equal(t, user.Rules{MinPasswordLength: 8, MinPasswordScore: 2, ServiceNames: []string{"Registrar"},
		AllowedDomains: user.Domains{}, DeniedDomains: user.Domains{}}, c.Rules())
	require.Equal(t, secret.DefaultParams(), c.Password.HashParams())
	require.Equal(t, workflows.Queues, c.Worker.Queues)
	require.True(t, c.Worker.SendsMessages())
	require.True(t, c.Worker.DeliversEvents())
	require.False(t, c.Events.Configured())
	require.Equal(t, workflows.DefaultEventsBudget, c.Events.EventsBudget)
	require.Equal(t, 3*time.Second, c.API.WaitBudget)
	hourAndDay := func(hour, day int) config.Rates { return config.Rates{{hour, time.Hour}, {day, 24 * time.Hour}} }
	require.Equal(t, config.Limit{
		RegistrationRate: config.Rates{{60, time.Minute}}, CodeRate: config.Rates{{120, time.Minute}}, ReadRate: config.Rates{{300, time.Minute}},
		PasswordRate: config.Rates{{120, time.Minute}},
		RefusalRate:  hourAndDay(30, 100), WrongTokenRate: config.Rates{{20, 10 * time.Minute}}, NetworkFactor: 4,
		DestinationRate: hourAndDay(10, 30), DestinationClientRate: hourAndDay(5, 15),
		SMSRate: hourAndDay(2000, 10000), SMSCountryRate: hourAndDay(1000, 5000), SMSPrefixRate: hourAndDay(100, 500),
		SMSClientRate: hourAndDay(30, 200), SMSMinPercent: 10, SMSMinSent: 300,
	}, c.Limit)
	require.Empty(t, c.API.TrustedProxies)
	require.Empty(t, c.API.CORSOrigins)
}

func TestVariables(t *testing.T) {
	t.Parallel()
	fields, names := map[string]bool{}, map[string]bool{}
	for _, v := range config.Variables() {
		require.NotEmpty(t, v.Name, v.Field)
		require.NotEmpty(t, v.Doc, v.Name)
		require.True(t, strings.HasSuffix(v.Doc, "."), v.Name)
		require.NotEmpty(t, v.Example, v.Name)
		require.False(t, fields[v.Field], "two fields are named %s", v.Field)
		require.False(t, names[v.Name], "two variables are named %s", v.Name)
		require.False(t, v.Secret && v.Default != "", "%s has a default", v.Name)
		fields[v.Field], names[v.Name] = true, true
	}
}

func TestExamplesAreGoodValues(t *testing.T) {
	t.Parallel()
	var all []string
	for _, v := range config.Variables() {
		load(t, v.Name+"="+v.Example)
		if v.Default != "" {
			load(t, v.Name+"="+v.Default)
		}
		all = append(all, v.Name+"="+v.Example)
	}
	c := load(t, all...)
	require.NoError(t, c.Codec.Check())
	require.NoError(t, c.Require(needed...))
}

func TestValuesAreRead(t *testing.T) {
	t.Parallel()
	c := load(t, "API_ADDR=127.0.0.1:1", "OTP_PER_SECOND=2.5", "WORKER_QUEUES=notifications-low,registration",
		"PERSIST_LOCALLY=false", "BUDGET_OTP=1m", "EMAIL_FROM=A <a@example.com>", "LIMIT_CODES=0",
		"LIMIT_DESTINATIONS=3/24h", "API_TRUSTED_PROXIES=10.0.0.0/8,::1/128", "PATH=/bin", "UNRELATED=")
	require.Equal(t, "127.0.0.1:1", c.API.Addr)
	require.InDelta(t, 2.5, c.Worker.OTPsPerSecond, 0)
	require.Equal(t, []string{"notifications-low", "registration"}, c.Worker.Queues)
	require.False(t, c.Registration.PersistLocally)
	require.Equal(t, time.Minute, c.Policy().Budgets.OTP)
	require.Equal(t, "A <a@example.com>", c.Email.From)
	require.Zero(t, c.Limit.CodeRate)
	require.Equal(t, config.Rates{{3, 24 * time.Hour}}, c.Limit.DestinationRate)
	require.Equal(t, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}, c.API.TrustedProxies)
}

func TestRulesNameTheService(t *testing.T) {
	t.Parallel()
	c := load(t, "BRAND_NAME=Acme", "BRAND_URL=https://www.acme.example/shop", "PUBLIC_URL=https://login.acme.example:8443",
		"RESERVED_USERNAMES=ceo,press-office", "PASSWORD_MIN_LENGTH=15", "TERMS_VERSION=2026-01")
	require.Equal(t, user.Rules{
		MinPasswordLength: 15, MinPasswordScore: 2, ServiceNames: []string{"Acme", "www.acme.example", "login.acme.example"},
		ReservedUsernames: []string{"ceo", "press-office"}, AllowedDomains: user.Domains{}, DeniedDomains: user.Domains{},
		TermsVersion: "2026-01",
	}, c.Rules())
}

func TestListsAreRead(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "denied")
	require.NoError(t, os.WriteFile(file, []byte("# throw-away addresses\nMailinator.com\r\n\n bücher.example # and its subdomains\n"), 0o600))
	rules := load(t, "SMS_COUNTRIES=DE,AT", "EMAIL_DOMAINS_ALLOWED=example.com", "EMAIL_DOMAINS_DENIED_FILE="+file).Rules()
	require.Equal(t, []string{"DE", "AT"}, rules.SMSCountries)
	require.Equal(t, user.Domains{"example.com": true}, rules.AllowedDomains)
	require.Equal(t, user.Domains{"mailinator.com": true, "xn--bcher-kva.example": true}, rules.DeniedDomains)
}

func TestOriginsAreRead(t *testing.T) {
	t.Parallel()
	origins := []string{
		"https://app.example.com", "https://app.example.com:8443", "http://localhost:3000", "http://127.0.0.1:5173",
		"http://[::1]:3000", "https://xn--bcher-kva.example", "capacitor://localhost",
	}
	require.Equal(t, origins, load(t, "API_CORS_ORIGINS="+strings.Join(origins, ",")).API.CORSOrigins)
}

func TestEmptyMeansDefault(t *testing.T) {
	t.Parallel()
	for _, v := range config.Variables() {
		require.Equal(t, load(t), load(t, v.Name+"="), v.Name)
	}
}

func TestMarkdownIsUpToDate(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "configuration.md"))
	require.NoError(t, err)
	require.Equal(t, string(page), config.Markdown(), "run task generate")
	for _, v := range config.Variables() {
		require.Contains(t, config.Markdown(), "| `"+v.Name+"` |")
	}
}

// needed are the variables that Require supports.
var needed = []string{
	"PRF_KEYSET", "PAYLOAD_KEYSET", "DATABASE_DSN", "EMAIL_FROM", "MAILGUN_DOMAIN", "MAILGUN_API_KEY", "TWILIO_ACCOUNT_SID",
	"SMTP_HOST", "SMS_WEBHOOK_URL", "SMS_WEBHOOK_SECRET",
}

func TestRequire(t *testing.T) {
	t.Parallel()
	c := load(t, "EMAIL_FROM=a@example.com")
	require.NoError(t, c.Require())
	require.NoError(t, c.Require("EMAIL_FROM"))
	requireProblems(t, c.Require(needed...),
		"PRF_KEYSET: is not set",
		"PAYLOAD_KEYSET: is not set",
		"DATABASE_DSN: is not set",
		"MAILGUN_DOMAIN: is not set; an example: mg.example.com",
		"MAILGUN_API_KEY: is not set",
		"TWILIO_ACCOUNT_SID: is not set; an example: AC…",
		"SMTP_HOST: is not set; an example: smtp.example.com",
		"SMS_WEBHOOK_URL: is not set; an example: https://sms.example.com/send",
		"SMS_WEBHOOK_SECRET: is not set",
	)
	require.PanicsWithValue(t, "config: unknown variable API_ADDR", func() { _ = c.Require("API_ADDR") })
}

func TestRequireProviders(t *testing.T) {
	t.Parallel()
	requireProblems(t, load(t, "EMAIL_FROM=a@example.com").RequireProviders(),
		"MAILGUN_DOMAIN: is not set; an example: mg.example.com",
		"MAILGUN_API_KEY: is not set",
		"TWILIO_ACCOUNT_SID: is not set; an example: AC…",
	)
	others := load(t, "EMAIL_PROVIDERS=smtp", "SMS_PROVIDERS=webhook")
	require.Equal(t, []string{"smtp"}, others.Email.EmailProviders)
	requireProblems(t, others.RequireProviders(),
		"EMAIL_FROM: is not set; an example: Registrar <hello@example.com>",
		"SMTP_HOST: is not set; an example: smtp.example.com",
		"SMS_WEBHOOK_URL: is not set; an example: https://sms.example.com/send",
		"SMS_WEBHOOK_SECRET: is not set",
	)
}

func TestCodecCheck(t *testing.T) {
	t.Parallel()
	for addr, ok := range map[string]bool{
		"127.0.0.1:8089": true, "[::1]:8089": true, "localhost:8089": true, "127.1.2.3:1": true,
		":8089": false, "0.0.0.0:8089": false, "[::]:8089": false, "192.0.2.1:8089": false, "codec.example.com:8089": false,
	} {
		err := load(t, "CODEC_ADDR="+addr).Codec.Check()
		if ok {
			require.NoError(t, err, addr)
		} else {
			requireProblems(t, err, "CODEC_TOKEN: is not set, but CODEC_ADDR is not a loopback address")
		}
		require.NoError(t, load(t, "CODEC_ADDR="+addr, "CODEC_TOKEN=a-token-of-operators").Codec.Check(), addr)
	}
	require.ErrorContains(t, load(t, "CODEC_ORIGINS=https://temporal.example.com/").Codec.Check(), "CODEC_ORIGINS: ")
	requireProblems(t, load(t, "CODEC_ADDR=8089", "CODEC_TOKEN=a-token-of-operators").Codec.Check(),
		`CODEC_ADDR: "8089" is not an address (host:port); an example: 127.0.0.1:8089`)
}

// requireProblems compares an error's lines.
func requireProblems(t *testing.T, err error, lines ...string) {
	t.Helper()
	require.EqualError(t, err, strings.Join(lines, "\n"))
}

// TestOneClientBlocksNoPrefix checks the defaults: LIMIT_SMS_CONVERSION needs more codes than one client can request in a day.
func TestOneClientBlocksNoPrefix(t *testing.T) {
	t.Parallel()
	limits := load(t).Limit
	longest := limits.SMSClientRate[len(limits.SMSClientRate)-1]
	require.Equal(t, 24*time.Hour, longest.Period)
	require.Greater(t, limits.SMSMinSent, longest.Max)
}
