// Package sqlite3 stands in for a SQLite driver in C that is not used: gorm's dialect for SQLite imports it for its
// default, and userdb names another driver. Where there is a C compiler, the go command would compile all of SQLite for it,
// which takes longer than any other package of dev. go.mod puts this empty package in its place.
package sqlite3
