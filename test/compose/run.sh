#!/bin/bash
# task test:compose. Arguments go to the tests that need an engine: test/compose/run.sh -run Galera
#
# It needs Docker's engine, and starts one for the time of the tests when none runs; on Debian:
#   apt-get install --no-install-recommends docker.io iptables debootstrap
set -euo pipefail
cd "$(dirname "$0")"
export GOWORK=off

go test -count=1 ./... # the file, and Galera's start, without an engine

if ! docker info >/dev/null 2>&1; then
	data=${DOCKER_DATA:-/var/tmp/registrar-docker} # keeps the stand-ins for the next time
	mkdir -p "$data"
	dockerd --data-root "$data" >"$data/log" 2>&1 &
	engine=$!
	trap 'kill $engine; wait $engine || true' EXIT
	for _ in $(seq 60); do
		docker info >/dev/null 2>&1 && break
		kill -0 $engine 2>/dev/null || break
		sleep 0.5
	done
	docker info >/dev/null 2>&1 || { tail "$data/log"; exit 1; }
fi

standin/build.sh
go test -tags docker -count=1 -timeout 30m -v -run 'Galera|Nothing' "$@" .
