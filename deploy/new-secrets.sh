#!/bin/sh
# Creates the secrets of docker-compose.yml, one file each, in the folder secrets, in the one of SECRETS_DIR, or in the one named as
# its argument:
#
#   deploy/new-secrets.sh
#
# It keeps the files that exist: a database keeps its first password, and without payload_keyset every running registration
# becomes unreadable. The files of providers are empty; put the provider's secret into them. So is admin_tokens, for more
# tokens of operators (docs/users.md), and otlp_headers (docs/tracing.md). It needs Go or Docker.
set -eu
folder=${1:-${SECRETS_DIR:-$(dirname "$0")/../secrets}}
umask 022
mkdir -p "$folder"
# Only the owner of the folder can open the files on this machine. Containers get single files, and read them as other users.
chmod 700 "$folder"
folder=$(cd "$folder" && pwd)
cd "$(dirname "$0")/.."

# new NAME writes standard input to the file of a secret, unless it exists.
new() {
	[ -e "$folder/$1" ] || cat >"$folder/$1"
}

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

for name in database_root_password database_password database_migrate_password temporal_db_password valkey_password \
	admin_token codec_token grafana_password; do
	random | new $name
done
for name in sms_webhook_secret events_secret gate_secret; do
	echo "whsec_$(head -c 24 /dev/urandom | base64)" | new $name
done
for name in smtp_password mailgun_api_key mailgun_webhook_signing_key twilio_auth_token twilio_webhook_auth_token challenge_secret \
	otlp_headers admin_tokens; do
	: | new $name
done

if [ -e "$folder/prf_keyset" ] && [ -e "$folder/payload_keyset" ]; then exit; fi
if [ -n "${REGISTRAR:-}" ]; then
	keys=$("$REGISTRAR" keys new) # path of a built program
elif command -v go >/dev/null; then
	keys=$(GOWORK=off go run ./cmd/registrar keys new)
else
	keys=$(docker run --rm "$(docker build --quiet .)" keys new)
fi
echo "$keys" | sed -n 's/^PRF_KEYSET=//p' | new prf_keyset
echo "$keys" | sed -n 's/^PAYLOAD_KEYSET=//p' | new payload_keyset
