package render

// SafeName makes a first name fit to greet with in an email to its owner: one line, without control or bidirectional
// characters. It is empty when mail clients would turn the name into a link.
func SafeName(name string) string { return safeName(name) }
