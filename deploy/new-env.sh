#!/bin/sh
# Prints new secrets for docker-compose.yml, as lines of an environment file:
#
#   deploy/new-env.sh > .env
#
# Run it only once: a database keeps its first password, and without PAYLOAD_KEYSET every running registration becomes
# unreadable. It needs Go or Docker.
set -eu
cd "$(dirname "$0")/.."

secret() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

if [ -n "${REGISTRAR:-}" ]; then
	keys=$("$REGISTRAR" keys new) # path of a built program
elif command -v go >/dev/null; then
	keys=$(GOWORK=off go run ./cmd/registrar keys new)
else
	keys=$(docker run --rm "$(docker build --quiet .)" keys new)
fi

echo "# Secrets of this installation. Do not commit or share them. Back them up together with the databases."
for name in DATABASE_PASSWORD DATABASE_ROOT_PASSWORD TEMPORAL_DB_PASSWORD CODEC_TOKEN ADMIN_TOKEN GRAFANA_PASSWORD; do
	echo "$name=$(secret)"
done
echo "SMS_WEBHOOK_SECRET=whsec_$(head -c 24 /dev/urandom | base64)"
echo "$keys"
