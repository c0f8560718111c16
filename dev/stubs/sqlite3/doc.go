// Package sqlite3 replaces a SQLite driver written in C; see ../README.md.
package sqlite3
