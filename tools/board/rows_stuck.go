package main

// stuck shows which step, queue, provider or endpoint holds users back.
var stuck = row{"Where is it stuck?", []panel{
	{
		title: "Backlog by queue", unit: "short", alert: "queuebacklog",
		about:   "Tasks that wait for a worker. On notifications-high, users wait for a code. A campaign fills notifications-low; that is no fault.",
		queries: one("{{queue}} {{type}}", `max by (queue, type) (registrar_queue_backlog_tasks{queue=~"$queue"})`),
	},
	{
		title: "Age of the backlog", unit: "s", alert: "queuebacklog",
		about:   "How long the oldest task of a queue has waited. The age matters more than the number.",
		queries: one("{{queue}} {{type}}", `max by (queue, type) (registrar_queue_backlog_age_seconds{queue=~"$queue"})`),
	},
	{
		title: "Schedule to start of activities, p95", unit: "s", alert: "queuebacklog",
		about:   "Time between scheduling a step and its start in a worker. If it rises without a backlog, workers are too slow in polling.",
		queries: p95("{{task_queue}}", `temporal_activity_schedule_to_start_latency_seconds_bucket{task_queue=~"$queue"}`, "task_queue"),
	},
	{
		title: "Schedule to start of workflow tasks, p95", unit: "s", alert: "queuebacklog",
		about:   "Time between scheduling a workflow task and its start in a worker.",
		queries: p95("{{task_queue}}", `temporal_workflow_task_schedule_to_start_latency_seconds_bucket{task_queue=~"$queue"}`, "task_queue"),
	},
	{
		title: "Slots in use", unit: "percentunit", limit: limits{orange: 0.8, red: 0.95}, alert: "workerslotsfull",
		about: "Share of the slots of a queue's workers that run a task. At 100 %, tasks wait although workers are there.",
		queries: one("{{task_queue}} {{worker_type}}", `sum by (task_queue, worker_type) (temporal_worker_task_slots_used{task_queue=~"$queue"}) / `+
			`(sum by (task_queue, worker_type) (temporal_worker_task_slots_used{task_queue=~"$queue"}) + sum by (task_queue, worker_type) (temporal_worker_task_slots_available{task_queue=~"$queue"}) > 0)`),
	},
	{
		title: "Steps parked, by reason", unit: "short", alert: "stepsparked",
		about:   "Steps that used up their retry budget in the last 10 minutes and wait for an operator, by FailureReason. sms_rejected and email_rejected are wrong numbers and addresses.",
		queries: one("{{reason}}", `sum by (reason) (increase(registrar_steps_parked_total[10m]))`),
	},
	{
		title: "Requests to providers, by outcome", unit: "reqps", alert: "providerfailing",
		about:   "Messages offered to each provider, by outcome.",
		queries: one("{{channel}} {{provider}} {{outcome}}", `sum by (channel, provider, outcome) (rate(registrar_provider_requests_total[$__rate_interval]))`),
	},
	{
		title: "Time of providers to answer, p95", unit: "s", alert: "providerfailing",
		about:   "Duration of requests to each provider.",
		queries: p95("{{channel}} {{provider}}", `registrar_provider_request_duration_seconds_bucket`, "channel, provider"),
	},
	{
		title: "Open circuits", unit: "none", limit: limits{orange: 0.5, red: 1}, alert: "providercircuitopen",
		about:   "1: a worker sends nothing through the provider, because it failed too often. The next message goes to the channel's next provider.",
		queries: one("{{channel}} {{provider}}", `max by (channel, provider) (registrar_provider_circuit_open)`),
	},
	{
		title: "Refused by a limit", unit: "reqps", alert: "smslimitreached",
		about:   "Requests that a rate limit refused, by limit. docs/production.md has their settings.",
		queries: one("{{limit}}", `sum by (limit) (rate(registrar_limit_refusals_total[$__rate_interval]))`),
	},
	{
		title: "Repeated messages avoided", unit: "short",
		about:   "Messages that the ledger had already, in the last 10 minutes: a retry after a lost answer did not send them again.",
		queries: one("{{message}}", `sum by (message) (increase(registrar_ledger_duplicates_avoided_total[10m]))`),
	},
	{
		title: "Answers of the gate", unit: "reqps", alert: "gateaway",
		about:   "Questions to your gate by answer. away_open: no valid answer, the registration continued. away_closed: no valid answer, it was refused.",
		queries: one("{{answer}}", `sum by (answer) (rate(registrar_gate_answers_total[$__rate_interval]))`),
	},
	{
		title: "Time of the gate to answer", unit: "s", alert: "gateaway",
		about:   "Duration of questions to the gate. Every registration waits for it.",
		queries: quantiles(`registrar_gate_duration_seconds_bucket`),
	},
	{
		title: "Requests with events", unit: "reqps", alert: "eventsundelivered",
		about:   "Requests with an event by endpoint and outcome. Users never wait for events.",
		queries: one("{{endpoint}} {{outcome}}", `sum by (endpoint, outcome) (rate(registrar_event_requests_total[$__rate_interval]))`),
	},
}}

// full shows which resource of the API runs out first.
var full = row{"How full is it?", []panel{
	{
		title: "Admission", unit: "short", alert: "admissionrefusing",
		about: "New registrations in progress, and how many the API admits at once. Above the limit it answers 503 with Retry-After.",
		queries: []query{
			{legend: "in flight", expr: `sum(registrar_admission_in_flight)`},
			{legend: "limit", expr: `sum(registrar_admission_limit)`},
		},
	},
	{
		title: "Refused by admission", unit: "reqps", alert: "admissionrefusing",
		about:   "Requests that the API refused with 503 because it was saturated, by reason.",
		queries: one("{{reason}}", `sum by (reason) (rate(registrar_admission_refused_total[$__rate_interval]))`),
	},
	{
		title: "Time to hash a password", unit: "s", alert: "hashingsaturated",
		about:   "Duration of the hash alone. It rises if the CPU is busy with something else.",
		queries: quantiles(`registrar_password_hash_duration_seconds_bucket`),
	},
	{
		title: "Wait for a hash", unit: "s", limit: limits{orange: 0.5, red: 1}, alert: "hashingsaturated",
		about:   "Time that passwords wait until a hash is free. Hashing is the largest part of the work of a registration.",
		queries: quantiles(`registrar_password_hash_wait_seconds_bucket`),
	},
	{
		title: "Passwords that wait, and refused", unit: "short", alert: "hashingsaturated",
		about: "Passwords in the queue of the hash now, and those refused in the last 10 minutes because the queue was full.",
		queries: []query{
			{legend: "waiting", expr: `sum(registrar_password_hash_waiting)`},
			{legend: "refused in 10 min", expr: `sum(increase(registrar_password_hash_refused_total[10m]))`},
		},
	},
	{
		title: "Requests in flight", unit: "short",
		about:   "Requests that each API process serves now.",
		queries: one("{{instance}}", `sum by (instance) (registrar_http_requests_in_flight)`),
	},
	{
		title: "Connections to the database", unit: "percentunit", limit: limits{orange: 0.8, red: 0.95}, alert: "databasepoolfull",
		about:   "Share of each process's connections in use. At 100 %, statements wait for a connection.",
		queries: one("{{job}} {{instance}}", `max by (job, instance) (go_sql_in_use_connections{db_name="registrar",job=~"$job"} / (go_sql_max_open_connections > 0))`),
	},
	{
		title: "Wait for a connection", unit: "s", alert: "databasepoolfull",
		about:   "Seconds that statements waited for a connection, per second.",
		queries: one("{{job}} {{instance}}", `sum by (job, instance) (rate(go_sql_wait_duration_seconds_total{db_name="registrar",job=~"$job"}[$__rate_interval]))`),
	},
}}
