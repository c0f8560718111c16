package browser

import "time"

// briefTTL is the lifetime of the codes of the service brief.
const briefTTL = 2 * time.Second

// adminToken lets the tests start campaigns.
const adminToken = "a token for the browser tests"

// The services of the tests.
var (
	standard = define("standard", "DEFAULT_REGION=DE", "RETURN_URL="+host.URL()+"/welcome", "EMBED_ORIGINS="+host.URL(), "ADMIN_TOKEN="+adminToken)
	// custom asks for more, and accepts only some countries.
	custom = define("custom", "DEFAULT_REGION=DE", "VERIFY=both", "TERMS_VERSION=2026-11", "SIGNUP_USERNAME=true", "SMS_COUNTRIES=DE,AT,CH",
		"PROFILE_SCHEMA=testdata/profile.schema.json", "SIGNUP_CSS=testdata/theme.css", "SIGNUP_LOGO=testdata/logo.svg",
		"SIGNUP_CATALOGUES="+fourthLanguage(), "BRAND_NAME=Acme", "LOGIN_URL=https://example.com/login",
		"TERMS_URL=https://example.com/terms", "PRIVACY_URL=https://example.com/privacy", "SUPPORT_URL=https://example.com/help")
	// quick sends another code after a second, but only twice, and allows only two wrong codes.
	quick = define("quick", "DEFAULT_REGION=DE", "OTP_RESEND_COOLDOWN=1s", "OTP_RESENDS=2", "OTP_TRIES=2")
	// brief sends codes that expire at once.
	brief = define("brief", "OTP_TTL="+briefTTL.String(), "OTP_RESEND_COOLDOWN=1s", "OTP_TRIES=20", "OTP_RESENDS=0")
	// hasty keeps registrations without a code only for a moment.
	hasty = define("hasty", "OTP_TTL=4s", "VERIFICATION_WINDOW=5s")
	// undelivered cannot send codes, because no worker serves their queue.
	undelivered = define("undelivered", "DEFAULT_REGION=DE", "WORKER_QUEUES=registration", "BUDGET_OTP=5s", "OTP_RESEND_COOLDOWN=1s")
	// slow waits only a moment for the database.
	slow = define("slow", "API_WAIT_BUDGET=500ms")
	// limited refuses a third request in 6 s, and a second code to the same destination without a challenge.
	limited = define("limited", "API_TRUSTED_PROXIES=127.0.0.0/8", "LIMIT_REGISTRATIONS=2/6s", "LIMIT_DESTINATIONS=1/1h", "CHALLENGE_WORK=20000")
	// shown is in the pictures of the docs, so it has only their people.
	shown = define("shown", "DEFAULT_REGION=DE")
	// secretive does not tell who has an account.
	secretive = define("secretive", "CONCEAL_ACCOUNTS=true")
	// gated asks a gate before it registers a user.
	gated = define("gated", "DEFAULT_REGION=DE", "GATE_URL="+policy.URL, "GATE_SECRET=whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz")
)
