package monitor

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
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
	// maxAnswer limits how much of an answer it reads.
	maxAnswer = 64 << 10
)

// Ask asks the monitor of another process, which listens at an address, how its daemon is. It asks directly, whatever proxies the
// environment names. The error says that nobody answers, or not a monitor.
func Ask(ctx context.Context, address string, q Question) (Health, error) {
	ctx, cancel := context.WithTimeout(ctx, askingTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+string(q)+"?format=json", nil)
	if err != nil {
		return Health{}, err
	}
	client := http.Client{Transport: &http.Transport{DialContext: new(net.Dialer).DialContext, DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return Health{}, err
	}
	defer response.Body.Close()
	var h Health
	if err := json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(&h); err != nil || h.State == "" {
		return Health{}, fmt.Errorf("what answers at %s is not this program: HTTP status %s", address, response.Status)
	}
	return h, nil
}
