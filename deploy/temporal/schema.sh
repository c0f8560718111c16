#!/bin/sh
# Makes Temporal's two databases, or brings them up to date. Repeating it does nothing.
# SQL_HOST, SQL_PORT, SQL_USER, SQL_PASSWORD and SQL_PLUGIN are read by temporal-sql-tool.
set -eu
for db in temporal visibility; do
	name=temporal
	if [ $db = visibility ]; then name=temporal_visibility; fi
	temporal-sql-tool --db $name create-database
	temporal-sql-tool --db $name setup-schema -v 0.0
	temporal-sql-tool --db $name update-schema -d /etc/temporal/schema/postgresql/v12/$db/versioned
done
