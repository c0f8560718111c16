#!/bin/bash
# Does what the public image's entrypoint does for an empty data directory, with the variables that docker-compose.yml uses.
set -eo pipefail
shopt -s nullglob
if [ "$(id -u)" = 0 ]; then
	chown -R mysql: /var/lib/mysql
	exec gosu mysql "$0" "$@"
fi
if [ ! -d /var/lib/mysql/mysql ]; then
	mariadb-install-db --datadir=/var/lib/mysql --rpm --skip-test-db --auth-root-authentication-method=normal "${@:2}" >/dev/null
	"$@" --skip-networking --wsrep_on=OFF --socket=/run/mysqld/mysqld.sock &
	server=$!
	until mariadb -uroot -e 'SELECT 1' >/dev/null 2>&1; do sleep 0.2; done
	mariadb -uroot <<-SQL
		CREATE DATABASE IF NOT EXISTS \`$MARIADB_DATABASE\`;
		CREATE USER '$MARIADB_USER'@'%' IDENTIFIED BY '$MARIADB_PASSWORD';
		GRANT ALL ON \`$MARIADB_DATABASE\`.* TO '$MARIADB_USER'@'%';
	SQL
	for file in /docker-entrypoint-initdb.d/*.sql; do mariadb -uroot "$MARIADB_DATABASE" <"$file"; done
	mariadb -uroot -e "SET PASSWORD FOR root@localhost = PASSWORD('$MARIADB_ROOT_PASSWORD')"
	kill $server
	wait $server
fi
exec "$@"
