package monitor

import (
	"net/http"
	"slices"
	"strings"

	"mailintegration/daemon/monitor/page"
)

// BehindProxy makes the monitor answer requests for these hosts, too, which a proxy passes on, and for no others that it was told
// before.
func (m *Monitor) BehindProxy(hosts []string) {
	hosts = slices.Clone(hosts)
	m.proxied.Store(&hosts)
}

// isProxied reports whether a request is for a host that a proxy passes on. The port is the proxy's.
func (m *Monitor) isProxied(r *http.Request) bool {
	hosts := m.proxied.Load()
	name := hostOf(r.Host)
	return hosts != nil && slices.ContainsFunc(*hosts, func(h string) bool { return strings.EqualFold(h, name) })
}

// throughProxy returns a request that a proxy has passed on as one that came over TLS. isSecure is false if the proxy does not say
// that it did: a token would cross the network for all to read.
func throughProxy(r *http.Request) (passed *http.Request, isSecure bool) {
	if !strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") {
		return r, false
	}
	return page.Secured(r), true
}
