package monitor

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"mailintegration/daemon/monitor/page"
)

func TestAProxyIsPassedOnForItsHostsAndOverTLSOnly(t *testing.T) {
	t.Parallel()
	m := listen(t, &subject{status: running()}, patient)
	want := func(code int, header ...string) {
		t.Helper()
		if r, body := m.request("GET", readyPath, header...); r.StatusCode != code {
			t.Errorf("with %q: %s %s, want %d", header, r.Status, body, code)
		}
	}
	want(http.StatusMisdirectedRequest, "Host", "mail.example.com", "X-Forwarded-Proto", "https")
	m.BehindProxy([]string{"Mail.Example.com", "www.example.com"})
	for _, host := range []string{"mail.example.com", "MAIL.EXAMPLE.COM", "mail.example.com:8443", "www.example.com"} {
		want(http.StatusOK, "Host", host, "X-Forwarded-Proto", "https")
		want(http.StatusForbidden, "Host", host)
		want(http.StatusForbidden, "Host", host, "X-Forwarded-Proto", "http")
		want(http.StatusForbidden, "Host", host, "X-Forwarded-Proto", "http, https")
	}
	for _, host := range []string{"example.com", "evil.mail.example.com", "mail.example.com.evil", "mail.example.com.", "192.0.2.1"} {
		want(http.StatusMisdirectedRequest, "Host", host, "X-Forwarded-Proto", "https", "X-Forwarded-Host", "mail.example.com")
	}
	want(http.StatusOK, "Host", "localhost")
	m.BehindProxy(nil)
	want(http.StatusMisdirectedRequest, "Host", "mail.example.com", "X-Forwarded-Proto", "https")
}

func TestARequestThroughAProxyCountsAsOneOverTLS(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("GET", "http://mail.example.com/", nil)
	if _, isSecure := throughProxy(r); isSecure || page.IsSecure(r) {
		t.Error("a request of a proxy that does not say how it came counts as one over TLS")
	}
	r.Header.Set("X-Forwarded-Proto", "https")
	if passed, isSecure := throughProxy(r); !isSecure || !page.IsSecure(passed) || page.IsSecure(r) {
		t.Errorf("over TLS: %t, for the page: %t", isSecure, page.IsSecure(passed))
	}
}
