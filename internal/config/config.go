// Package config reads the service's settings from environment variables. Config is the one list of them:
// docs/configuration.md is generated from its tags.
package config

import (
	"net/netip"
	"net/url"
	"slices"
	"time"

	"registrar/internal/user"
	"registrar/workflows"
)

//go:generate go run ./generate ../../docs/configuration.md

// Config has every setting. The tags: env is the variable, envDefault its default, doc its documentation, and example a
// valid value for error messages. A setting with the tag secret is never printed, and NAME_FILE may name a file with its
// value.
type Config struct {
	Log          Log
	API          API
	Limit        Limit
	Challenge    Challenge
	Registration Registration
	Password     Password
	Gate         Gate
	Keys         Keys
	Database     Database
	Retention    Retention
	Worker       Worker
	Email        Email
	SMS          SMS
	Events       Events
	Brand        Brand
	Signup       Signup
	Public       Public
	Codec        Codec
	Metrics      Metrics
	Tracing      Tracing
	Network      Network
}

// Log configures the log on standard error.
type Log struct {
	Level  string `env:"LOG_LEVEL" envDefault:"info" example:"info" doc:"Lowest level that is logged: debug, info, warn or error."`
	Format string `env:"LOG_FORMAT" envDefault:"auto" example:"json" doc:"text, json, or auto: text on a terminal, otherwise JSON."`
}

// API configures the API server.
type API struct {
	Addr            string        `env:"API_ADDR" envDefault:":8080" example:":8080" doc:"Address to listen on."`
	WaitBudget      time.Duration `env:"API_WAIT_BUDGET" envDefault:"3s" example:"3s" doc:"How long a request waits for the database before the API answers 202."`
	MaxWait         time.Duration `env:"API_MAX_WAIT" envDefault:"1s" example:"1s" doc:"How long a registration should take at most while more users register than the service has capacity for. The API measures how long registrations take and admits only as many at once as finish in about this time. It refuses the others at once with 503 (overloaded) and Retry-After. A long time, such as 1h, admits all until the queue of hashes is full."`
	DrainDelay      time.Duration `env:"API_DRAIN_DELAY" envDefault:"5s" example:"5s" doc:"How long the server keeps serving after /readyz reports not ready, so that load balancers notice."`
	ShutdownTimeout time.Duration `env:"API_SHUTDOWN_TIMEOUT" envDefault:"20s" example:"20s" doc:"How long requests in progress may take to finish after API_DRAIN_DELAY."`
	EngineGrace     time.Duration `env:"API_ENGINE_GRACE" envDefault:"10s" example:"10s" doc:"How long Temporal may be unavailable before the server reports not ready. Until then, requests are tried and get 503 with Retry-After."`
	AdminToken      string        `env:"ADMIN_TOKEN" secret:"true" example:"a long random text" doc:"Bearer token of operators with all scopes, at least 16 characters. Its use is recorded under the name admin. If neither this nor ADMIN_TOKENS is set, /v1/admin/ and /v1/campaigns answer 404."`
	AdminTokens     []string      `env:"ADMIN_TOKENS" secret:"true" list:"true" example:"support:read+write:a-long-random-text" doc:"More bearer tokens of operators, separated by commas: name:scope+scope:token. The use of a token is recorded under its name. Scopes: read (users, timelines and the audit trail), write (change, block and erase users) and campaigns. ADMIN_TOKENS_FILE may name a file with one entry a line. Names and tokens must be unique."`

	TrustedProxies []netip.Prefix `env:"API_TRUSTED_PROXIES" example:"10.0.0.0/8,2001:db8::/32" doc:"Networks (CIDR) of trusted proxies, whose X-Forwarded-For header names the client. A network of all addresses (/0) is refused. The header is ignored from any other peer. If empty, the peer address is the client."`

	CORSOrigins []string `env:"API_CORS_ORIGINS" example:"https://app.example.com,http://localhost:3000" doc:"Other origins whose pages may call /v1/registrations and /v1/password-checks from a browser (CORS), separated by commas. If empty, none may. All other endpoints send no CORS headers."`
}

// Limit has the rate limits of clients, destinations and SMS.
type Limit struct {
	RegistrationRate      Rates  `env:"LIMIT_REGISTRATIONS" envDefault:"60/1m" example:"60/1m" doc:"Limit of registration requests per client (an IPv4 address, or a /64 of IPv6): a number, / and a period. Several rates are separated by commas; 0 means no limit. The other rates have the same format."`
	CodeRate              Rates  `env:"LIMIT_CODES" envDefault:"120/1m" example:"120/1m" doc:"Limit of requests per client to check a code or to send another one."`
	ReadRate              Rates  `env:"LIMIT_READS" envDefault:"300/1m" example:"300/1m" doc:"Limit of requests per client for the state of a registration."`
	PasswordRate          Rates  `env:"LIMIT_PASSWORD_CHECKS" envDefault:"120/1m" example:"120/1m" doc:"Limit of requests per client to check a password while it is typed."`
	RefusalRate           Rates  `env:"LIMIT_REFUSALS" envDefault:"30/1h,100/24h" example:"30/1h,100/24h" doc:"Limit of registrations per client that are refused because somebody has the email or the username, or because the gate denies them. After that, the client's registrations are refused with 429, so that it cannot find out who has an account. IPv4 networks are not counted."`
	WrongTokenRate        Rates  `env:"LIMIT_WRONG_TOKENS" envDefault:"20/10m" example:"20/10m" doc:"Limit of requests per client with a wrong bearer token of operators. After that, the client gets 429 even with the right token."`
	NetworkFactor         int    `env:"LIMIT_NETWORK_FACTOR" envDefault:"4" example:"4" doc:"How many times the limit of one client all clients of a /24 of IPv4, or a /56 of IPv6, may use together. A /48 of IPv6 may use the square of it. 0 means no limit of networks."`
	DestinationRate       Rates  `env:"LIMIT_DESTINATIONS" envDefault:"10/1h,30/24h" example:"10/1h,30/24h" doc:"Limit of registrations, and requests for another code, per mailbox or mobile number. Above it, the client must solve a challenge (CHALLENGE)."`
	DestinationClientRate Rates  `env:"LIMIT_DESTINATION_CLIENTS" envDefault:"5/1h,15/24h" example:"5/1h,15/24h" doc:"Limit of the same per mailbox or mobile number and client (an IPv4 address, or a /48 of IPv6). It should be lower than LIMIT_DESTINATIONS, so that one stranger cannot use that up."`
	SMSRate               Rates  `env:"LIMIT_SMS" envDefault:"2000/1h,10000/24h" example:"2000/1h,10000/24h" doc:"Limit of all SMS with codes. A warning is logged when 80 % are used. Above it, mobile numbers are refused, and users register by email."`
	SMSCountryRate        Rates  `env:"LIMIT_SMS_COUNTRY" envDefault:"1000/1h,5000/24h" example:"1000/1h,5000/24h" doc:"Limit of SMS per country, like LIMIT_SMS."`
	SMSPrefixRate         Rates  `env:"LIMIT_SMS_PREFIX" envDefault:"100/1h,500/24h" example:"100/1h,500/24h" doc:"Limit of SMS per prefix (the country code and up to 4 digits), like LIMIT_SMS."`
	SMSClientRate         Rates  `env:"LIMIT_SMS_CLIENTS" envDefault:"30/1h,200/24h" example:"30/1h,200/24h" doc:"Limit of SMS that one client, or its network, asks for. Above it, the client must solve a challenge (CHALLENGE). The rate with the longest period also holds for clients that solved one: above it, requests are refused with 429. That refusal does not count IPv4 networks."`
	SMSMinPercent         int    `env:"LIMIT_SMS_CONVERSION" envDefault:"10" example:"10" doc:"Percentage of the codes sent to a prefix in the last 24 hours that must be entered. Below it, SMS to the prefix are held back, with a warning in the log, and users register by email. 0 means no limit."`
	SMSMinSent            int    `env:"LIMIT_SMS_CONVERSION_SENT" envDefault:"300" example:"300" doc:"Number of codes sent to a prefix in the last 24 hours from which LIMIT_SMS_CONVERSION applies. It should be higher than what LIMIT_SMS_CLIENTS allows one client in 24 hours. Otherwise, one client can block a prefix for all users."`
	RedisURL              string `env:"LIMIT_REDIS_URL" secret:"true" example:"rediss://:secret@valkey.example.com:6379" doc:"Redis or Valkey that holds the counts of all API replicas: redis://, or rediss:// for TLS. If empty or unavailable, each process counts alone."`
	RedisPassword         string `env:"LIMIT_REDIS_PASSWORD" secret:"true" example:"a long random text" doc:"Password for LIMIT_REDIS_URL, if that has none."`
}

// Challenge configures the challenges that limits demand.
type Challenge struct {
	ChallengeKind     string `env:"CHALLENGE" envDefault:"altcha" example:"altcha" doc:"What a client must solve when LIMIT_DESTINATIONS or LIMIT_SMS_CLIENTS is used up: altcha (a proof of work, checked by the API itself), turnstile or hcaptcha (a widget), or none. With none, the request is refused until the limit has room."`
	ChallengeWork     int64  `env:"CHALLENGE_WORK" envDefault:"200000" example:"200000" doc:"Maximum number of hashes that altcha needs; half of it on average. A browser computes about 50,000 a second on one core."`
	ChallengeSiteKey  string `env:"CHALLENGE_SITE_KEY" example:"0x4AAAAAAA…" doc:"Public key of the turnstile or hcaptcha widget."`
	ChallengeSecret   string `env:"CHALLENGE_SECRET" secret:"true" example:"the site's secret" doc:"Secret with which turnstile or hcaptcha checks solutions."`
	ChallengeCheckURL string `env:"CHALLENGE_URL" example:"https://challenges.cloudflare.com/turnstile/v0/siteverify" doc:"Address at which solutions are checked. Default: the public service."`
	ChallengeFail     string `env:"CHALLENGE_FAIL" envDefault:"closed" example:"open" doc:"What happens to a solution that turnstile or hcaptcha cannot check, because the service does not answer: closed refuses the request with 503, open accepts it."`
}

// Registration has the rules for forms and the policy of registrations.
type Registration struct {
	DefaultRegion      string        `env:"DEFAULT_REGION" example:"DE" doc:"Country (ISO 3166-1 alpha-2) of mobile numbers without a country code. If empty, every number needs + or 00 and its country code."`
	ReservedUsernames  []string      `env:"RESERVED_USERNAMES" example:"ceo,press-office" doc:"Usernames that no user may have, separated by commas, besides the built-in list (admin, postmaster and other roles) and the names of the service. Upper and lower case, dots, dashes, underscores and similar characters (0 and o) count as equal."`
	TermsVersion       string        `env:"TERMS_VERSION" example:"2026-01" doc:"Version of the terms, 1 to 64 visible ASCII characters. If set, a registration needs terms_accepted: true, and the version and the time are stored with the user. If empty, terms_accepted has no effect."`
	ProfileSchema      string        `env:"PROFILE_SCHEMA" example:"/etc/registrar/profile.schema.json" doc:"File with a JSON Schema (2020-12) of the service's own fields, the attributes of a registration (docs/attributes.md). The API and the workers read it when they start, and do not start if it is not usable. If empty, attributes are refused."`
	Verify             string        `env:"VERIFY" envDefault:"sms" example:"both" doc:"What makes an account active. sms: a code by SMS if the user gave a mobile number, or else by email. email: a code by email. both: a code by email and then, if the user gave a number, one by SMS. An email address that another user has too is always proven by a code to it."`
	Conceal            bool          `env:"CONCEAL_ACCOUNTS" envDefault:"false" example:"true" doc:"Answer the registration of an email address that has an account like any other. Its owner gets an email, at most one a day. The first code always goes by email."`
	SMSCountries       []string      `env:"SMS_COUNTRIES" example:"DE,AT,CH" doc:"Countries (ISO 3166-1 alpha-2) whose mobile numbers are accepted, separated by commas. If empty, all are. Satellite and other networks that belong to no country are never accepted, nor are personal, premium and shared-cost numbers."`
	AllowedDomains     []string      `env:"EMAIL_DOMAINS_ALLOWED" list:"true" example:"example.com,example.org" doc:"The only email domains that are accepted, with their subdomains, separated by commas. If empty, all are. EMAIL_DOMAINS_ALLOWED_FILE may name a file with one domain a line."`
	DeniedDomains      []string      `env:"EMAIL_DOMAINS_DENIED" list:"true" example:"mailinator.com" doc:"Email domains that are not accepted, with their subdomains, separated by commas. EMAIL_DOMAINS_DENIED_FILE may name a file with one domain a line."`
	CodeAttempts       int           `env:"OTP_TRIES" envDefault:"5" example:"5" doc:"Number of wrong codes allowed per code sent, 1 to 20. OTP_TRIES times the number of codes (OTP_RESENDS and the first) must be at most 100."`
	Resends            int           `env:"OTP_RESENDS" envDefault:"3" example:"3" doc:"Number of codes that a user may request after the first, 0 to 20."`
	ResendCooldown     time.Duration `env:"OTP_RESEND_COOLDOWN" envDefault:"30s" example:"30s" doc:"Minimum time between two codes, at most 1h."`
	CodeTTL            time.Duration `env:"OTP_TTL" envDefault:"10m" example:"10m" doc:"Lifetime of a code, 1s to 1h."`
	VerificationWindow time.Duration `env:"VERIFICATION_WINDOW" envDefault:"24h" example:"24h" doc:"How long an unverified registration is kept, at most 168h. After that, its username is available again."`
	ParkingTime        time.Duration `env:"PARKING_TIME" envDefault:"168h" example:"168h" doc:"How long a failed step waits for an operator before the workflow fails, at most 2160h."`
	StoreBudget        time.Duration `env:"BUDGET_STORE" envDefault:"24h" example:"24h" doc:"How long a step in the user database is retried before it waits for an operator."`
	OTPBudget          time.Duration `env:"BUDGET_OTP" envDefault:"10m" example:"10m" doc:"How long sending a code is retried before it waits for an operator."`
	WelcomeBudget      time.Duration `env:"BUDGET_WELCOME_EMAIL" envDefault:"24h" example:"24h" doc:"How long sending the welcome email is retried before it waits for an operator."`
	CompletionBudget   time.Duration `env:"BUDGET_COMPLETION_SMS" envDefault:"24h" example:"24h" doc:"How long sending the completion SMS is retried before it waits for an operator."`
	PersistLocally     bool          `env:"PERSIST_LOCALLY" envDefault:"true" example:"true" doc:"Try to store the user inside the workflow task first, which is faster (docs/decisions)."`
}

// Keys are the keysets, in the format of the command keys new.
type Keys struct {
	PRF     string `env:"PRF_KEYSET" secret:"true" example:"PRF_KEYSET in the output of registrar keys new" doc:"Tink keyset that derives codes, ids and search hashes. It must be the same in every process."`
	Payload string `env:"PAYLOAD_KEYSET" secret:"true" example:"PAYLOAD_KEYSET in the output of registrar keys new" doc:"Tink keyset that encrypts the data stored in Temporal. It must be the same in every process."`
	Legacy  string `env:"PAYLOAD_LEGACY" envDefault:"refuse" example:"read" doc:"For the upgrade from a release that did not bind payloads to workflows (docs/production.md). refuse: every payload must be encrypted for its workflow. read: also accept unbound and unencrypted payloads. write: also write unbound ones."`
}

// Database configures the user database.
type Database struct {
	DSN         string        `env:"DATABASE_DSN" secret:"true" example:"registrar@tcp(127.0.0.1:3306)/registrar" doc:"MySQL or MariaDB data source name in the format of go-sql-driver/mysql."`
	Password    string        `env:"DATABASE_PASSWORD" secret:"true" example:"a long random text" doc:"Password of the account in DATABASE_DSN, if that has none."`
	TLSCA       string        `env:"DATABASE_TLS_CA" example:"/etc/registrar/database-ca.pem" doc:"File with the CA certificates (PEM) that may sign the database's certificate. If set, connections are encrypted and the certificate is verified."`
	MaxOpen     int           `env:"DATABASE_MAX_OPEN" envDefault:"20" example:"20" doc:"Maximum number of connections per process."`
	MaxIdle     int           `env:"DATABASE_MAX_IDLE" envDefault:"20" example:"20" doc:"Maximum number of idle connections per process."`
	MaxLifetime time.Duration `env:"DATABASE_CONN_MAX_LIFETIME" envDefault:"5m" example:"5m" doc:"Age at which a connection is replaced."`
}

// Retention has the ages after which workers delete rows of the user database.
type Retention struct {
	RetentionExpired time.Duration `env:"RETENTION_EXPIRED" envDefault:"720h" example:"720h" doc:"Age after which messages and failed attempts of registrations without a user are deleted (docs/users.md). 0 keeps them, as in the other settings of the retention."`
	RetentionLedger  time.Duration `env:"RETENTION_LEDGER" envDefault:"8760h" example:"8760h" doc:"Age after which messages and failed attempts of all registrations are deleted."`
	RetentionEvents  time.Duration `env:"RETENTION_EVENTS" envDefault:"2160h" example:"2160h" doc:"Age after which events are deleted that every endpoint has. Events that an endpoint lacks are deleted after twice the time, which must be at least EVENTS_BUDGET plus PARKING_TIME."`
	RetentionAudit   time.Duration `env:"RETENTION_AUDIT" envDefault:"17520h" example:"17520h" doc:"Age after which entries of the audit trail are deleted."`
}

// Worker configures the workers.
type Worker struct {
	Queues           []string      `env:"WORKER_QUEUES" envDefault:"registration,notifications-high,notifications-low,events" example:"notifications-high" doc:"Task queues that the process serves."`
	Concurrency      int           `env:"WORKER_CONCURRENCY" envDefault:"50" example:"50" doc:"Maximum number of parallel activities per queue."`
	CachedWorkflows  int           `env:"WORKER_CACHED_WORKFLOWS" envDefault:"1000" example:"1000" doc:"Maximum number of waiting registrations that a worker keeps in memory. When something happens to another one, the worker replays its history (docs/operations.md)."`
	HealthAddr       string        `env:"WORKER_HEALTH_ADDR" example:"127.0.0.1:8081" doc:"Address at which the worker answers /healthz and /readyz. If empty, the worker answers no probes, and registrar healthcheck worker cannot check it."`
	PollingGrace     time.Duration `env:"WORKER_ENGINE_GRACE" envDefault:"10s" example:"10s" doc:"How long a worker stays ready after it stops polling Temporal."`
	StopTimeout      time.Duration `env:"WORKER_STOP_TIMEOUT" envDefault:"15s" example:"15s" doc:"How long running activities may take to finish on shutdown."`
	OTPsPerSecond    float64       `env:"OTP_PER_SECOND" envDefault:"0" example:"50" doc:"Limit of attempts per second to send codes, across all workers; 0 means no limit."`
	NoticesPerSecond float64       `env:"NOTICES_PER_SECOND" envDefault:"0" example:"50" doc:"Limit of attempts per second to send other messages, across all workers; 0 means no limit."`
	ProviderTimeout  time.Duration `env:"PROVIDER_TIMEOUT" envDefault:"4s" example:"4s" doc:"How long an attempt waits for one provider if its channel has several."`
	Deployment       string        `env:"WORKER_DEPLOYMENT" example:"registrar" doc:"Name of the worker deployment. If set, Worker Versioning is enabled (docs/operations.md)."`
	BuildID          string        `env:"WORKER_BUILD_ID" example:"2026-12-01.1" doc:"Version of these workers in the deployment. Default: the revision that the binary was built from."`
	Versioning       string        `env:"WORKER_VERSIONING" envDefault:"auto-upgrade" example:"pinned" doc:"auto-upgrade: a running registration moves to the current version. pinned: it finishes on the version that it started on; keep that version's workers until then."`
}

// SendsMessages reports whether one of the queues sends messages.
func (w Worker) SendsMessages() bool {
	return slices.Contains(w.Queues, workflows.QueueNotificationsHigh) || slices.Contains(w.Queues, workflows.QueueNotificationsLow)
}

// DeliversEvents reports whether one of the queues is the one of events.
func (w Worker) DeliversEvents() bool { return slices.Contains(w.Queues, workflows.QueueEvents) }

// Email configures the email providers.
type Email struct {
	EmailProviders    []string `env:"EMAIL_PROVIDERS" envDefault:"mailgun" example:"mailgun,smtp" doc:"Email providers in order of preference: mailgun, smtp (docs/notifications.md). Only the listed providers need their settings."`
	From              string   `env:"EMAIL_FROM" example:"Registrar <hello@example.com>" doc:"Sender of every email."`
	MailgunDomain     string   `env:"MAILGUN_DOMAIN" example:"mg.example.com" doc:"Sending domain at Mailgun."`
	MailgunAPIKey     string   `env:"MAILGUN_API_KEY" secret:"true" example:"key-…" doc:"Sending key of that domain."`
	MailgunSigningKey string   `env:"MAILGUN_WEBHOOK_SIGNING_KEY" secret:"true" example:"the account's HTTP webhook signing key" doc:"Verifies the signature of Mailgun's delivery reports. If empty, /v1/webhooks/mailgun answers 404."`
	MailgunBaseURL    string   `env:"MAILGUN_API_BASE" envDefault:"https://api.mailgun.net/v3" example:"https://api.eu.mailgun.net/v3" doc:"Base URL of Mailgun's API in the domain's region."`
	SMTPHost          string   `env:"SMTP_HOST" example:"smtp.example.com" doc:"Mail server that sends the emails."`
	SMTPPort          int      `env:"SMTP_PORT" envDefault:"587" example:"465" doc:"Port of the mail server."`
	SMTPUsername      string   `env:"SMTP_USERNAME" example:"registrar" doc:"Account at the mail server. If empty, there is no login."`
	SMTPPassword      string   `env:"SMTP_PASSWORD" secret:"true" example:"the account's password" doc:"Password of the account."`
	SMTPTLS           string   `env:"SMTP_TLS" envDefault:"starttls" example:"tls" doc:"starttls: require STARTTLS. tls: encrypt from the start (port 465). none: do not encrypt."`
}

// SMS configures the SMS providers.
type SMS struct {
	SMSProviders       []string `env:"SMS_PROVIDERS" envDefault:"twilio" example:"twilio,webhook" doc:"SMS providers in order of preference: twilio, webhook (docs/notifications.md). Only the listed providers need their settings."`
	TwilioAccountSID   string   `env:"TWILIO_ACCOUNT_SID" example:"AC…" doc:"Account at Twilio."`
	TwilioAuthToken    string   `env:"TWILIO_AUTH_TOKEN" secret:"true" example:"the account's token" doc:"Auth token of the account. Use it or an API key."`
	TwilioAPIKeySID    string   `env:"TWILIO_API_KEY_SID" example:"SK…" doc:"API key, used instead of the auth token."`
	TwilioAPIKeySecret string   `env:"TWILIO_API_KEY_SECRET" secret:"true" example:"the key's secret" doc:"Secret of the API key."`
	TwilioReportToken  string   `env:"TWILIO_WEBHOOK_AUTH_TOKEN" secret:"true" example:"the account's primary auth token" doc:"Verifies the signature of Twilio's delivery reports. Twilio signs them with the account's auth token, even for messages sent with an API key. Default: TWILIO_AUTH_TOKEN. If neither is set, or PUBLIC_URL is empty, /v1/webhooks/twilio answers 404."`
	TwilioFrom         string   `env:"TWILIO_FROM" example:"+15550100000" doc:"Sender number. Use it or a messaging service."`
	TwilioService      string   `env:"TWILIO_MESSAGING_SERVICE_SID" example:"MG…" doc:"Messaging service, used instead of a sender number."`
	TwilioBaseURL      string   `env:"TWILIO_BASE_URL" envDefault:"https://api.twilio.com" example:"https://api.ie1.twilio.com" doc:"Base URL of another Twilio region or of a compatible gateway."`
	WebhookURL         string   `env:"SMS_WEBHOOK_URL" example:"https://sms.example.com/send" doc:"Address of the SMS gateway, which receives signed HTTP requests (docs/notifications.md)."`
	WebhookSecret      string   `env:"SMS_WEBHOOK_SECRET" secret:"true" example:"whsec_ and 32 random bytes in base64" doc:"Key that signs the requests, in the Standard Webhooks format."`
	WebhookBody        string   `env:"SMS_WEBHOOK_BODY" example:"{\"to\":{{json .To}},\"message\":{{json .Text}}}" doc:"Template (Go text/template) of the JSON body, with .ID, .To, .Text and .Kind. Default: an object with id, to, text and kind."`
}

// Brand configures the service's name and links in messages.
type Brand struct {
	Name         string `env:"BRAND_NAME" envDefault:"Registrar" example:"Acme" doc:"Name of the service in messages."`
	URL          string `env:"BRAND_URL" example:"https://example.com" doc:"The service's web page. If set, phones fill in a code only on this page's host."`
	SupportURL   string `env:"SUPPORT_URL" example:"https://example.com/help" doc:"Support address in messages."`
	TemplatesDir string `env:"TEMPLATES_DIR" example:"/etc/registrar/templates" doc:"Folder with message templates that override the built-in ones (docs/notifications.md). A worker does not start if they contain a mistake."`
}

// Signup configures the sign-up page.
type Signup struct {
	Page          bool     `env:"SIGNUP_PAGE" envDefault:"true" example:"false" doc:"Serve the sign-up page at / (docs/signup-page.md). If false, / is a page that links to the documentation."`
	ReturnURL     string   `env:"RETURN_URL" example:"https://app.example.com/welcome" doc:"Where users continue after the registration. If empty, the last step has no link."`
	LoginURL      string   `env:"LOGIN_URL" example:"https://app.example.com/login" doc:"Where users sign in. It is linked on the form, and where an email address already has an account."`
	TermsURL      string   `env:"TERMS_URL" example:"https://example.com/terms" doc:"The terms of use, linked on the sign-up page."`
	PrivacyURL    string   `env:"PRIVACY_URL" example:"https://example.com/privacy" doc:"The privacy notice, linked on the sign-up page."`
	AsksUsername  bool     `env:"SIGNUP_USERNAME" envDefault:"false" example:"true" doc:"Ask for a username on the sign-up page. It is optional for users."`
	LogoFile      string   `env:"SIGNUP_LOGO" example:"/etc/registrar/logo.svg" doc:"File with the logo that pages show instead of BRAND_NAME: SVG, PNG, JPEG, WebP or GIF, at most 256 KiB."`
	StyleFile     string   `env:"SIGNUP_CSS" example:"/etc/registrar/theme.css" doc:"Style sheet that pages load after their own, for example to set the CSS variables of docs/signup-page.md. At most 256 KiB."`
	CataloguesDir string   `env:"SIGNUP_CATALOGUES" example:"/etc/registrar/catalogues" doc:"Folder with catalogue files (de.json) that replace texts of the pages or add a language. The API does not start if they contain a mistake."`
	EmbedOrigins  []string `env:"EMBED_ORIGINS" example:"https://www.example.com" doc:"Other origins whose pages may embed the sign-up form, separated by commas. They may also call what the form calls, as if they were in API_CORS_ORIGINS."`
}

// Public has the API's public address.
type Public struct {
	PublicURL string `env:"PUBLIC_URL" example:"https://register.example.com" doc:"Public base URL of the API, without a path. Links in emails and the providers' delivery reports need it."`
}

// Codec configures the endpoint with which operators' tools decode payloads.
type Codec struct {
	Listen  string   `env:"CODEC_ADDR" envDefault:"127.0.0.1:8089" example:"127.0.0.1:8089" doc:"Address of the codec endpoint. Every client that can reach it can read personal data."`
	Origins []string `env:"CODEC_ORIGINS" example:"https://temporal.example.com" doc:"Origins of the Web UIs that may call the endpoint."`
	Token   string   `env:"CODEC_TOKEN" secret:"true" example:"another long random text" doc:"Bearer token that clients must send, at least 16 characters. Required unless the endpoint listens on loopback."`
}

// Metrics configures the endpoint for Prometheus.
type Metrics struct {
	MetricsAddr string `env:"METRICS_ADDR" example:"127.0.0.1:9464" doc:"Address at which the API or a worker serves metrics to Prometheus, at /metrics. Everyone who can reach it can read them. If empty, there is none."`
}

// Network has settings for connections to other machines.
type Network struct {
	PlaintextHosts []string `env:"PLAINTEXT_HOSTS" example:"mailpit,catcher" doc:"Hosts to which connections may be unencrypted, separated by commas, because they are in a network of their own with the service. Connections to this machine always may. Without an entry here, SMS_WEBHOOK_URL, EVENTS_URL, GATE_URL, OTEL_EXPORTER_OTLP_ENDPOINT, MAILGUN_API_BASE, TWILIO_BASE_URL and PASSWORD_BREACH_URL must be https, and SMTP_TLS=none with SMTP_USERNAME is refused."`
}

// Rules returns the settings for checking forms.
func (c Config) Rules() user.Rules {
	r := user.Rules{
		DefaultRegion: c.Registration.DefaultRegion, ReservedUsernames: c.Registration.ReservedUsernames,
		SMSCountries:      c.Registration.SMSCountries,
		TermsVersion:      c.Registration.TermsVersion,
		MinPasswordLength: c.Password.MinPasswordLength, MinPasswordScore: c.Password.MinPasswordScore,
		ServiceNames: []string{c.Brand.Name},
	}
	r.AllowedDomains, _ = user.NewDomains(c.Registration.AllowedDomains) // check has refused invalid ones
	r.DeniedDomains, _ = user.NewDomains(c.Registration.DeniedDomains)
	for _, site := range []string{c.Brand.URL, c.Public.PublicURL} {
		if u, err := url.Parse(site); err == nil && u.Hostname() != "" {
			r.ServiceNames = append(r.ServiceNames, u.Hostname())
		}
	}
	return r
}

// Policy returns the policy of new registrations.
func (c Config) Policy() workflows.Policy {
	r := c.Registration
	policy := workflows.Policy{
		Verify: workflows.Verify(r.Verify), Conceal: r.Conceal,
		CodeAttempts: r.CodeAttempts, Resends: r.Resends, ResendCooldown: r.ResendCooldown, CodeTTL: r.CodeTTL,
		VerificationWindow: r.VerificationWindow, ParkingTime: r.ParkingTime,
		Budgets: workflows.Budgets{
			Store: r.StoreBudget, OTP: r.OTPBudget, WelcomeEmail: r.WelcomeBudget, Completion: r.CompletionBudget,
		},
		PersistLocally: r.PersistLocally,
	}
	if c.Events.Configured() {
		policy.Budgets.Events = c.Events.EventsBudget
	}
	return policy
}
