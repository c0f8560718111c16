module example.com/monolith

go 1.26.8

require (
	github.com/standard-webhooks/standard-webhooks/libraries v0.0.1
	github.com/stretchr/testify v1.12.1
	modernc.org/sqlite v1.57.0
	registrar v0.0.0
)

replace registrar => ../..
