#!/bin/bash
# Does what the public image's entrypoint does for an empty data directory, with the variables that docker-compose.yml uses.
set -eo pipefail
shopt -s nullglob
if [ ! -d /var/lib/mysql/mysql ]; then
	mariadb-install-db --datadir=/var/lib/mysql --rpm --skip-test-db --auth-root-authentication-method=normal "${@:2}" >/dev/null
	"$@" --skip-networking --wsrep_on=OFF --socket=/run/mysqld/mysqld.sock &
	server=$!
	until mariadb -uroot -e 'SELECT 1' >/dev/null 2>&1; do sleep 0.2; done
	mariadb -uroot <<-SQL
		CREATE DATABASE IF NOT EXISTS \`$MARIADB_DATABASE\`;
	SQL
	docker_process_sql() { mariadb -uroot "$MARIADB_DATABASE"; }
	for file in /docker-entrypoint-initdb.d/*; do
		case $file in
		*.sh) . "$file" ;; # the image sources files that are not executable
		*.sql) docker_process_sql <"$file" ;;
		esac
	done
	mariadb -uroot -e "SET PASSWORD FOR root@localhost = PASSWORD('$(cat "$MARIADB_ROOT_PASSWORD_FILE")')"
	kill $server
	wait $server
fi
exec "$@"
