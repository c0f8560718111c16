#!/bin/sh
# Makes the namespace TEMPORAL_NAMESPACE. Repeating it does nothing. Its search attributes come with registrar migrate up.
set -eu
try() { temporal operator namespace "$1" --namespace "$TEMPORAL_NAMESPACE" --address "$TEMPORAL_ADDRESS" $2; }
for _ in $(seq 60); do
	# RETENTION is how long a registration that has ended can still be seen.
	if try describe ""; then exit 0; fi
	if try create "--retention $RETENTION"; then
		sleep 5 # the servers look for new namespaces every 2 s, and refuse them until then
		exit 0
	fi
	sleep 1
done
exit 1
