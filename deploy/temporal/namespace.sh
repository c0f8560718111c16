#!/bin/sh
# Makes the namespace TEMPORAL_NAMESPACE. Repeating it does nothing. Its search attributes come with registrar migrate up.
# RETENTION is how long a registration that has ended can still be seen.
set -eu

# namespace COMMAND OPTION...
namespace() {
	command=$1
	shift
	temporal operator namespace "$command" --namespace "$TEMPORAL_NAMESPACE" --address "$TEMPORAL_ADDRESS" "$@"
}

for _ in $(seq 60); do
	if namespace describe; then exit 0; fi
	if namespace create --retention "$RETENTION"; then
		sleep 5 # each server looks for new namespaces every 2 s, and nobody tells when all have
		exit 0
	fi
	sleep 1
done
exit 1
