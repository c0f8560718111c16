package main

// The rows of the servers around our processes.
var (
	haproxy = row{"HAProxy", []panel{
		{
			title: "APIs that get requests", number: true, width: 6, unit: "none", limit: limits{orange: 2, red: 1, below: true}, alert: "processmissing",
			about:   "Replicas of the API that pass HAProxy's health check.",
			queries: one("", `haproxy_backend_active_servers{proxy="api"}`),
		},
		{
			title: "Answers by status", width: 18, unit: "reqps",
			about:   "Answers to clients, also those of HAProxy itself: 429 for a client above its limits, 503 without an API.",
			queries: one("{{code}}", `sum by (code) (rate(haproxy_frontend_http_responses_total{proxy="public"}[$__rate_interval]))`),
		},
		{
			title: "Mean time to answer", unit: "s",
			about:   "Of the last 1,024 requests of all kinds, as HAProxy sees them.",
			queries: one("last 1024 requests", `haproxy_backend_response_time_average_seconds{proxy="api"}`),
		},
		{
			title: "Failed health checks", unit: "ops",
			about:   "By server, also those of the database.",
			queries: one("{{proxy}} {{server}}", `sum by (proxy, server) (rate(haproxy_server_check_failures_total[$__rate_interval]))`),
		},
	}}

	galera = row{"Galera", []panel{
		{
			title: "Synced database nodes", number: true, width: 6, unit: "none", limit: limits{orange: 3, red: 1, below: true}, alert: "databasenodelost",
			about:   "Of three. With one left, writes continue only if the others stopped in good order.",
			queries: one("", `sum(haproxy_server_status{proxy="galera",state="UP"})`),
		},
		{
			title: "Writer", number: true, names: true, width: 6, unit: "none",
			about:   "The node that gets the statements.",
			queries: one("{{server}}", `topk(1, sum by (server) (haproxy_server_current_sessions{proxy="galera"}))`),
		},
		{
			title: "Sessions by node", unit: "short",
			about:   "Connections of all processes to each node.",
			queries: one("{{server}}", `haproxy_server_current_sessions{proxy="galera"}`),
		},
	}}

	temporal = row{"Temporal", []panel{
		{
			title: "Temporal servers", number: true, width: 6, unit: "none", limit: limits{orange: 2, red: 1, below: true}, alert: "processmissing",
			about:   "Servers that Prometheus reaches.",
			queries: one("", `count(up{job="temporal"} == 1)`),
		},
		{
			title: "Failed requests of our processes", width: 18, unit: "reqps", alert: "temporalunreachable",
			about:   "By process and status. NOT_FOUND and ALREADY_EXISTS are normal. UNAVAILABLE and DEADLINE_EXCEEDED mean that Temporal is unavailable or overloaded.",
			queries: one("{{job}} {{status_code}}", `sum by (job, status_code) (rate(temporal_request_failure_total{job=~"$job"}[$__rate_interval]))`),
		},
		{
			title: "Requests to Temporal", unit: "reqps",
			about:   "By operation, as the server counts them.",
			queries: one("{{operation}}", `sum by (operation) (rate(service_requests{service_name="frontend",namespace="registrar"}[$__rate_interval]))`),
		},
		{
			title: "Time of Temporal to answer, p95", unit: "s", alert: "temporalunreachable",
			about:   "Of the operations for which users wait.",
			queries: p95("{{operation}}", `service_latency_bucket{service_name="frontend",namespace="registrar",operation=~"ExecuteMultiOperation|UpdateWorkflowExecution|QueryWorkflow"}`, "operation"),
		},
		{
			title: "Time of Temporal's database, p95", unit: "s",
			about:   "By service of Temporal.",
			queries: p95("{{service_name}}", `persistence_latency_bucket`, "service_name"),
		},
		{
			title: "Backlog as Temporal's server counts it", unit: "short",
			about:   "Beside the backlog above, which our processes ask for: after a crash of a server they can differ for some minutes.",
			queries: one("{{taskqueue}} {{task_type}}", `sum by (taskqueue, task_type) (approximate_backlog_count{namespace="registrar"}) or vector(0)`),
		},
	}}
)
