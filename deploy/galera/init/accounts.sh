# The accounts of our processes. The entrypoint of the image runs this file once, in its own shell, on the node that starts the
# cluster. The passwords of deploy/new-secrets.sh have no quotes.
docker_process_sql <<SQL
-- Reads and writes rows.
CREATE USER registrar IDENTIFIED BY '$(cat /run/secrets/database_password)';
GRANT SELECT, INSERT, UPDATE, DELETE ON registrar.* TO registrar;
-- Changes tables, for registrar migrate.
CREATE USER registrar_migrate IDENTIFIED BY '$(cat /run/secrets/database_migrate_password)';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES ON registrar.* TO registrar_migrate;
SQL
