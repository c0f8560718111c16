#!/bin/bash
# Builds stand-ins for the images in docker-compose.yml from Debian packages and the Go module proxy, for machines that
# cannot reach an image registry. The first build takes 15 minutes on two cores; later builds keep existing images.
# "build.sh clean" removes everything.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../../.. && pwd)
bin=$root/.bin/standin
export GOWORK=off CGO_ENABLED=0 DOCKER_BUILDKIT=0

if [ "${1:-}" = clean ]; then
	docker images --quiet --filter reference='standin/*' | sort -u | xargs -r docker rmi --force >/dev/null
	rm -rf "$bin"
	exit
fi

mkdir -p "$bin"
# The flags are the same as elsewhere (task build, task tools:ops, test/parts), so that the programs compile only once.
gobuild() { go build -ldflags "-s -w" -o "$bin/$1" "${@:2}"; }
(cd "$root" && gobuild registrar -trimpath -tags nomsgpack ./cmd/registrar && gobuild catcher -trimpath ./deploy/catcher)
(cd "$root/tools/server" && gobuild temporal-server go.temporal.io/server/cmd/server &&
	gobuild temporal-sql-tool go.temporal.io/server/cmd/tools/sql)
(cd "$root/tools/temporal" && gobuild temporal github.com/temporalio/cli/cmd/temporal)
(cd "$root/tools/compose" && gobuild docker-compose github.com/docker/compose/v2/cmd)
(cd "$root/tools/compose/mailpit" && gobuild mailpit github.com/axllent/mailpit)
(cd "$root/tools/compose/ui" && gobuild ui-server github.com/temporalio/ui-server/v2/cmd/server)

# Files of those modules that the public images contain as well.
server=$(cd "$root/tools/server" && go list -m -f '{{.Dir}}' go.temporal.io/server)
ui=$(cd "$root/tools/compose/ui" && go list -m -f '{{.Dir}}' github.com/temporalio/ui-server/v2)
rm -rf "$bin/schema"
cp -r "$server/schema" "$bin/schema"
cp "$server/docker/scripts/sh/entrypoint.sh" "$bin/temporal-entrypoint.sh"
cp "$ui/docker/start-ui-server.sh" "$bin/ui-start.sh"
cp "$ui/config/docker.yaml" "$bin/ui-docker.yaml"
cp ./*-entrypoint.sh "$bin"
chmod -R u+w "$bin"
chmod +x "$bin"/*.sh

if ! docker image inspect standin/debian >/dev/null 2>&1; then
	debian=$(mktemp -d)
	trap 'rm -rf "$debian"' EXIT
	debootstrap --variant=minbase bookworm "$debian" >/dev/null
	tar -C "$debian" -c . | docker import - standin/debian >/dev/null
fi
for name in busybox haproxy mariadb postgres prometheus temporal temporal-ui valkey registrar catcher mailpit; do
	log=$(docker build --tag "standin/$name" --file "Dockerfile.$name" "$bin" 2>&1) || { echo "$log"; exit 1; }
done
