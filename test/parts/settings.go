package parts

import (
	"maps"
	"slices"
	"strings"

	"registrar/internal/config"
)

// Settings are the environment variables of a program.
type Settings map[string]string

// With returns a copy with the given alternating names and values.
func (s Settings) With(pairs ...string) Settings {
	with := maps.Clone(s)
	for i := 0; i+1 < len(pairs); i += 2 {
		with[pairs[i]] = pairs[i+1]
	}
	return with
}

// Environ returns the settings in the format of os.Environ, sorted.
func (s Settings) Environ() []string {
	environ := make([]string, 0, len(s))
	for name, value := range s {
		environ = append(environ, name+"="+value)
	}
	slices.Sort(environ)
	return environ
}

// Surroundings are the servers that the service uses.
type Surroundings struct {
	DSN      string
	Temporal *Temporal        // this or Cluster is set
	Cluster  *TemporalCluster // without a Web UI
	Mailgun  *Mailgun
	Twilio   *Twilio
	Codec    string // the address of the codec endpoint; empty means none
}

func (o Surroundings) temporalAddress() string {
	if o.Cluster != nil {
		return o.Cluster.Address()
	}
	return o.Temporal.Address()
}

// Settings returns valid settings for every command of the program, with new keysets. The API stops without a delay,
// because there is no load balancer, and has no rate limits, because all clients have the same address. All other optional
// settings have their defaults.
func (r Registrar) Settings(t Test, o Surroundings) Settings {
	t.Helper()
	keys, err := r.Run(t.Context(), nil, "keys", "new")
	if err != nil {
		t.Fatalf("%v", err)
	}
	s := Settings{
		"HOME":       Dir(t, "home"), // Temporal's SDK looks for a configuration there
		"LOG_FORMAT": "json",

		"DATABASE_DSN":     o.DSN,
		"TEMPORAL_ADDRESS": o.temporalAddress(),

		"EMAIL_FROM":       "Registrar <hello@" + MailgunDomain + ">",
		"MAILGUN_DOMAIN":   MailgunDomain,
		"MAILGUN_API_BASE": o.Mailgun.URL(),
		"MAILGUN_API_KEY":  o.Mailgun.Secret(),

		"TWILIO_ACCOUNT_SID": TwilioAccount,
		"TWILIO_AUTH_TOKEN":  o.Twilio.Secret(),
		"TWILIO_FROM":        TwilioNumber,
		"TWILIO_BASE_URL":    o.Twilio.URL(),

		"API_DRAIN_DELAY": "0s",
		"API_MAX_WAIT":    "1h", // a slow machine refuses no registration
	}
	for _, setting := range config.Unlimited() {
		name, value, _ := strings.Cut(setting, "=")
		s[name] = value
	}
	if o.Codec != "" {
		s["CODEC_ADDR"] = o.Codec
		if o.Temporal != nil {
			s["CODEC_ORIGINS"] = o.Temporal.UI()
		}
	}
	for line := range strings.Lines(keys) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		s[name] = value
	}
	return s
}
