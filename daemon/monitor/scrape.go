package monitor

import (
	"bytes"
	"maps"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// newRegistry returns the registry with all metrics: the daemon's, those of the process and those of Go's runtime.
func newRegistry(m *Monitor, meter *Meter) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(
		newCollector(m), meter.poll, meter.parse, meter.commit,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return r
}

// metricsHandler answers scrapes, in the format that the server asks for: OpenMetrics, protobuf with native histograms, or text.
// One answer is made at a time, and whole before it is sent, so that a server that reads slowly keeps no other one waiting.
func (m *Monitor) metricsHandler() http.Handler {
	scrapes := promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{EnableOpenMetrics: true, ErrorHandling: promhttp.ContinueOnError})
	turn := make(chan struct{}, 1)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var whole answerBuffer
		select {
		case turn <- struct{}{}:
			whole.record(scrapes, r, func() { <-turn })
		case <-r.Context().Done():
			return
		}
		maps.Copy(w.Header(), whole.header)
		w.WriteHeader(whole.code)
		_, _ = w.Write(whole.body.Bytes()) // a client that is gone needs no answer
	})
}

// answerBuffer is an http.ResponseWriter that keeps an answer.
type answerBuffer struct {
	header http.Header
	body   bytes.Buffer
	code   int
}

// record keeps the answer of a handler, and calls done at its end, also after a panic.
func (a *answerBuffer) record(h http.Handler, r *http.Request, done func()) {
	defer done()
	a.header, a.code = http.Header{}, http.StatusOK
	h.ServeHTTP(a, r)
}

// Header implements http.ResponseWriter.
func (a *answerBuffer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *answerBuffer) WriteHeader(code int) { a.code = code }

// Write implements http.ResponseWriter.
func (a *answerBuffer) Write(p []byte) (int, error) { return a.body.Write(p) }
