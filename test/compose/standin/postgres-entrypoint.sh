#!/bin/bash
# Does what the public image's entrypoint does, with the variables that docker-compose.yml uses.
set -euo pipefail
if [ ! -f "$PGDATA/PG_VERSION" ]; then
	initdb --username="$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" --auth-local=trust --auth-host=scram-sha-256 >/dev/null
	echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
	echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"
	# The image creates a database with the user's name.
	echo "CREATE DATABASE \"$POSTGRES_USER\";" | postgres --single -D "$PGDATA" postgres >/dev/null
fi
exec "$@"
