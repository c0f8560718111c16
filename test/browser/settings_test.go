package browser

// The services of the tests.
var (
	standard = define("standard", "DEFAULT_REGION=DE")
)
