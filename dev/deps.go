package main

import (
	_ "github.com/temporalio/ui-server/v2/server"
	_ "go.temporal.io/server/temporal"
	_ "gorm.io/driver/sqlite"
)

func main() {}
