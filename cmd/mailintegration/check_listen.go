package main

import (
	"context"
	"errors"
	"fmt"
	"net"

	"mailintegration/daemon/monitor"
)

// listening checks the address of Listen: it is free, or a daemon answers there.
func (c *checking) listening() {
	address := c.service.Listen
	if address == "" {
		return
	}
	const what = "listen"
	socket, err := net.Listen("tcp", address)
	if err == nil {
		socket.Close()
		c.ok(what, address+" is free; the daemon answers there once it runs")
		return
	}
	ctx, cancel := context.WithTimeout(c.ctx, checkTimeout)
	defer cancel()
	if health, asked := monitor.Ask(ctx, address, monitor.IsLive); asked == nil {
		c.ok(what, fmt.Sprintf("the daemon answers at %s: %s", address, health.State))
		return
	}
	if op := new(net.OpError); errors.As(err, &op) {
		err = op.Err
	}
	c.failed(exitConfiguration, what, fmt.Errorf("the daemon cannot answer at %s: %w", address, err),
		"end the program that has this port, or choose another one in Listen; mail is not affected")
}
