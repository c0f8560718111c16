-- The account of the health checks: no password, no rights. HAProxy's check logs in with it too.
CREATE USER IF NOT EXISTS 'check'@'%';
