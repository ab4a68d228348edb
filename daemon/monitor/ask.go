package monitor

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// Question names what Ask asks.
type Question string

// The questions: whether the daemon makes progress, and whether it can record mail.
const (
	IsLive  Question = livePath
	IsReady Question = readyPath
)

const (
	// askingTime limits how long Ask waits for an answer.
	askingTime = 8 * time.Second
	// askAgainAfter is the pause before Ask asks again.
	askAgainAfter = 100 * time.Millisecond
	// maxAnswer limits how much of an answer it reads.
	maxAnswer = 64 << 10
)

// Ask asks the monitor of another process, which listens at an address of this machine, how its daemon is; over TLS if it speaks that.
// It asks directly, whatever proxies the environment names. The error says that nobody answers, or not a monitor.
//
// A monitor that is flooded with connections ends some before it answers them. So Ask asks again, within its time, when a connection
// ends too early; where nobody accepts one, or another program answers, it says so at once.
//
// It takes any certificate, and tells which one it got: one that has expired, or that was renewed a moment ago, says nothing about the
// daemon, and whoever has the port of this machine could answer without TLS as well. It sends nothing that is secret.
func Ask(ctx context.Context, address string, overTLS bool, q Question) (Health, error) {
	ctx, cancel := context.WithTimeout(ctx, askingTime)
	defer cancel()
	scheme := "http://"
	if overTLS {
		scheme = "https://"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+askedAt(address)+string(q)+"?format=json", nil)
	if err != nil {
		return Health{}, err
	}
	client := http.Client{Transport: &http.Transport{
		DialContext: new(net.Dialer).DialContext, DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}
	for {
		h, err := askOnce(&client, request)
		if err == nil || !isCutOff(err) {
			return h, err
		}
		select {
		case <-ctx.Done():
			return Health{}, err
		case <-time.After(askAgainAfter):
		}
	}
}

// askOnce sends a request and reads the answer.
func askOnce(client *http.Client, request *http.Request) (Health, error) {
	response, err := client.Do(request)
	if err != nil {
		return Health{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return Health{}, err
	}
	var h Health
	if err := json.Unmarshal(body, &h); err != nil || h.State == "" {
		return Health{}, fmt.Errorf("what answers at %s is not this program: HTTP status %s", request.URL.Host, response.Status)
	}
	if response.TLS != nil {
		h.Certificate = response.TLS.PeerCertificates[0]
	}
	return h, nil
}

// isCutOff reports whether a connection was there and ended before the answer.
func isCutOff(err error) bool {
	var network *net.OpError
	if errors.As(err, &network) {
		return network.Op != "dial" && !network.Timeout()
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// askedAt returns where to ask a monitor that listens at an address: one that listens at all addresses is asked at the loopback.
func askedAt(address string) string {
	host, port, err := net.SplitHostPort(address)
	if ip, _ := netip.ParseAddr(host); err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
		if ip.Is6() {
			host = "::1"
		}
		return net.JoinHostPort(host, port)
	}
	return address
}
