#!/bin/sh
# Starts a Temporal server with the password of its database. The servers find each other in the network of the database: they
# announce the address from which they reach it.
set -eu
POSTGRES_PWD=$(cat /run/secrets/temporal_db_password)
export POSTGRES_PWD
TEMPORAL_BROADCAST_ADDRESS=$(ip route get "$(getent hosts temporal-db | awk '{print $1; exit}')" | sed -n 's/.* src \([^ ]*\).*/\1/p')
export TEMPORAL_BROADCAST_ADDRESS
exec /etc/temporal/entrypoint.sh
