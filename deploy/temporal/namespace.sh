#!/bin/sh
# Creates the namespace TEMPORAL_NAMESPACE if it does not exist. registrar migrate up adds its search attributes.
# RETENTION is the time that a closed workflow stays visible.
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
		sleep 5 # each server looks for new namespaces every 2 s, without a signal when all have found it
		exit 0
	fi
	sleep 1
done
exit 1
