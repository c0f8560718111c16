package main

// now shows in one line whether an operator must act.
var now = row{"Now", []panel{
	{
		title: "Alerts that fire", number: true, unit: "none", limit: limits{orange: 1, red: 2}, alert: "alerts",
		about:   "Alerts of deploy/prometheus/rules.yml that fire now. Prometheus lists them at /alerts.",
		queries: one("", `count(ALERTS{alertstate="firing"}) or vector(0)`),
	},
	{
		title: "API replicas", number: true, unit: "none", limit: limits{orange: 2, red: 1, below: true}, alert: "processmissing",
		about:   "API processes that Prometheus reaches. One is enough for the load of most systems, but then a failure is an outage.",
		queries: one("", `sum(up{job="api"}) or vector(0)`),
	},
	{
		title: "Workers", number: true, unit: "none", limit: limits{orange: 4, red: 1, below: true}, alert: "processmissing",
		about:   "Worker processes that Prometheus reaches. Every queue needs at least one.",
		queries: one("", `sum(up{job=~"worker-.+"}) or vector(0)`),
	},
	{
		title: "Started, last hour", number: true, unit: "short",
		about:   "Registrations that the service accepted in the last hour.",
		queries: one("", `sum(increase(registrar_registrations_started_total[1h]))`),
	},
	{
		title: "Active, last hour", number: true, unit: "short",
		about:   "Accounts that became active in the last hour.",
		queries: one("", `sum(increase(registrar_registrations_total{outcome="active"}[1h]))`),
	},
	{
		title: "Conversion, last hour", number: true, unit: "percentunit", limit: limits{orange: 0.5, red: 0.25, below: true}, alert: "conversiondrop",
		about:   "Codes entered of codes sent. A resend counts as another code. Codes sent before the hour began can be entered in it; the graph ends at 100 %.",
		queries: one("", `clamp_max(sum(increase(registrar_codes_verified_total[1h])) / sum(increase(registrar_codes_sent_total[1h])), 1)`),
	},
	{
		title: "POST → 201, p95", number: true, unit: "s", limit: limits{orange: 1, red: 2}, alert: "registeringslow",
		about:   "95 % of the users who registered in the last 5 minutes got the answer 201 within this time.",
		queries: one("", `histogram_quantile(0.95, sum by (le) (rate(registrar_http_request_duration_seconds_bucket{operation="createRegistration",code="201"}[5m])))`),
	},
	{
		title: "Code handed over, p95", number: true, unit: "s", limit: limits{orange: 2, red: 10}, alert: "codeslate",
		about:   "95 % of the codes of the last 5 minutes were accepted by a provider within this time after the registration started.",
		queries: one("", `histogram_quantile(0.95, sum by (le) (rate(registrar_code_handover_seconds_bucket[5m])))`),
	},
}}

// working shows whether users get through.
var working = row{"Is it working?", []panel{
	{
		title: "Registrations a minute", unit: "short", alert: "registrationsfailed",
		about: "Started, and ended by outcome. A registration that nobody verifies expires later, so that started and ended differ.",
		queries: []query{
			{legend: "started", expr: `sum(rate(registrar_registrations_started_total[$__rate_interval])) * 60`},
			{legend: "{{outcome}}", expr: `sum by (outcome) (rate(registrar_registrations_total[$__rate_interval])) * 60`},
		},
	},
	{
		title: "POST → 201", unit: "s", limit: limits{orange: 1, red: 2}, alert: "registeringslow",
		about:   "Time to answer a registration that is stored. The points are single requests; with a trace, they link to it.",
		queries: quantiles(`registrar_http_request_duration_seconds_bucket{operation="createRegistration",code="201"}`),
	},
	{
		title: "Code handed over", unit: "s", limit: limits{orange: 2, red: 10}, alert: "codeslate",
		about:   "Time from the start of the registration until a provider accepted its first code. A code that no provider has accepted yet is not in this graph: see the age of the backlog.",
		queries: quantiles(`registrar_code_handover_seconds_bucket`),
	},
	{
		title: "Code entered", unit: "s", alert: "conversiondrop",
		about:   "Time from the hand-over of a code until its user entered it. It includes delivery by the network. If it rises for one provider, messages arrive late.",
		queries: quantiles(`registrar_code_entry_seconds_bucket`),
	},
	{
		title: "Conversion by country", unit: "percentunit", alert: "conversiondrop",
		about:   "Codes entered of codes sent by SMS in the last 30 minutes, by the country of the number. A country that falls alone points to its networks or to fraud.",
		queries: one("{{country}}", `clamp_max(sum by (country) (increase(registrar_codes_verified_total{channel="sms"}[30m])) / sum by (country) (increase(registrar_codes_sent_total{channel="sms"}[30m]) > 0), 1)`),
	},
	{
		title: "Conversion by provider", unit: "percentunit", alert: "conversiondrop",
		about:   "Codes entered of codes sent in the last 30 minutes. A provider that falls alone accepts messages that do not arrive.",
		queries: one("{{channel}} {{provider}}", `clamp_max(sum by (channel, provider) (increase(registrar_codes_verified_total[30m])) / sum by (channel, provider) (increase(registrar_codes_sent_total[30m]) > 0), 1)`),
	},
	{
		title: "Requests by operation", unit: "reqps",
		about:   "Requests to the API by operation of the contract. page is the sign-up page; other is every other path.",
		queries: one("{{operation}}", `sum by (operation) (rate(registrar_http_request_duration_seconds_count[$__rate_interval]))`),
	},
	{
		title: "Answers other than 2xx", unit: "reqps", alert: "apierrors",
		about:   "4xx is the client's mistake or a limit. 503 is a refusal because the service is saturated or Temporal cannot be reached. 500 is a bug.",
		queries: one("{{code}}", `sum by (code) (rate(registrar_http_request_duration_seconds_count{code!~"[123].."}[$__rate_interval]))`),
	},
}}
