// Package sqlite3 stands in for a SQLite driver written in C; see ../README.md.
package sqlite3
