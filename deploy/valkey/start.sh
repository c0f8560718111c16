#!/bin/sh
# Starts Valkey with its configuration and the password, which is visible neither in the arguments nor in the environment.
set -eu
exec valkey-server - <<CONFIG
$(cat /etc/valkey/valkey.conf)
requirepass $(cat /run/secrets/valkey_password)
CONFIG
