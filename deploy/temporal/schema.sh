#!/bin/sh
# Creates Temporal's two databases and updates their schema. It is idempotent.
# temporal-sql-tool reads SQL_HOST, SQL_PORT, SQL_USER, SQL_PASSWORD and SQL_PLUGIN.
set -eu
if [ -f /run/secrets/temporal_db_password ]; then
	SQL_PASSWORD=$(cat /run/secrets/temporal_db_password)
	export SQL_PASSWORD
fi
for db in temporal visibility; do
	name=temporal
	if [ $db = visibility ]; then name=temporal_visibility; fi
	temporal-sql-tool --db $name create-database
	temporal-sql-tool --db $name setup-schema -v 0.0
	temporal-sql-tool --db $name update-schema -d /etc/temporal/schema/postgresql/v12/$db/versioned
done
