-- Account of the health checks, also HAProxy's: no password, no privileges.
CREATE USER IF NOT EXISTS 'check'@'%';
