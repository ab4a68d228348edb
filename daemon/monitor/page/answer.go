package page

import "net/http"

// answer is the http.ResponseWriter of a visit. When the answer begins, the visit has asked the database all it wants: a reader
// who is slow keeps nobody else from it.
type answer struct {
	http.ResponseWriter
	begins func()
	begun  bool // too late for a page about a fault
}

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(code int) {
	a.begin()
	a.ResponseWriter.WriteHeader(code)
}

// Write implements http.ResponseWriter.
func (a *answer) Write(octets []byte) (int, error) {
	a.begin()
	return a.ResponseWriter.Write(octets)
}

// Unwrap gives http.ResponseController the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// begin notes that the answer begins.
func (a *answer) begin() {
	if !a.begun {
		a.begun = true
		a.begins()
	}
}
