package main

// machine shows what each of our processes uses, and what runs out with time.
var machine = row{"What is the machine doing?", []panel{
	{
		title: "CPU", unit: "percentunit", alert: "processcpufull",
		about:   "CPU time of each process, with that of its hash processes. 100 % is one core.",
		queries: one("{{job}} {{instance}}", `rate(process_cpu_seconds_total{job=~"$job"}[$__rate_interval]) + (rate(registrar_password_hash_cpu_seconds_total[$__rate_interval]) or 0 * up)`),
	},
	{
		title: "Memory", unit: "bytes",
		about:   "Resident memory of each process. An API's hash processes are not included; each needs about 60 MB.",
		queries: one("{{job}} {{instance}}", `process_resident_memory_bytes{job=~"$job"}`),
	},
	{
		title: "Heap", unit: "bytes",
		about:   "Memory of live and not yet collected objects of each process.",
		queries: one("{{job}} {{instance}}", `go_memstats_heap_alloc_bytes{job=~"$job"}`),
	},
	{
		title: "Allocations", unit: "Bps",
		about:   "Memory that each process allocates per second. It causes the work of the garbage collector.",
		queries: one("{{job}} {{instance}}", `rate(go_memstats_alloc_bytes_total{job=~"$job"}[$__rate_interval])`),
	},
	{
		title: "Garbage collections", unit: "ops",
		about:   "Runs of the garbage collector per second.",
		queries: one("{{job}} {{instance}}", `rate(go_gc_duration_seconds_count{job=~"$job"}[$__rate_interval])`),
	},
	{
		title: "Goroutines", unit: "short",
		about:   "A worker holds some for each registration in its cache. A rise that never ends is a leak.",
		queries: one("{{job}} {{instance}}", `go_goroutines{job=~"$job"}`),
	},
	{
		title: "Open files", unit: "short",
		about:   "Files and connections of each process.",
		queries: one("{{job}} {{instance}}", `process_open_fds{job=~"$job"}`),
	},
	{
		title: "Time since the start", unit: "s", alert: "processrestarts",
		about:   "A process that falls to 0 again and again does not stay up.",
		queries: one("{{job}} {{instance}}", `time() - process_start_time_seconds{job=~"$job"}`),
	},
	{
		title: "Certificates expire in", number: true, width: 8, unit: "s", limit: limits{orange: 14 * day, red: 3 * day, below: true}, alert: "certificateexpires",
		about:   "Time until each certificate expires. Empty: no process has a certificate.",
		queries: one("{{certificate}}", `min by (certificate) (registrar_certificate_expiry_timestamp_seconds) - time()`),
	},
	{
		title: "Age of the keysets", number: true, width: 8, unit: "s", limit: limits{orange: 365 * day, red: 400 * day}, alert: "keysetold",
		about:   "Time since the file of each keyset changed. Rotate keys once a year. Empty: the keysets are not in files.",
		queries: one("{{keyset}}", `max by (keyset) (registrar_keyset_age_seconds)`),
	},
	{
		title: "Versions", number: true, names: true, width: 8, unit: "none",
		about:   "Versions that run now. During a deployment there are two.",
		queries: one("{{version}}", `count by (version) (registrar_build_info)`),
	},
}}

const day = 24 * 60 * 60
