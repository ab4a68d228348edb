package config

import (
	"net"
	"strings"
)

// listenKind reads an address at which the daemon answers. Only this machine may ask, because the answers need no password.
func listenKind() kind {
	k := textKind("an address to answer at", "HOST:PORT, where HOST is 127.0.0.1, [::1] or localhost")
	k.parse = func(text string) (any, string, bool) {
		detail := listenFault(text)
		return text, detail, detail == ""
	}
	return k
}

// hostsKind reads the names of hosts, separated by commas.
func hostsKind() kind {
	k := listKind()
	parse := k.parse
	k.noun, k.values = "a list of hosts", "names separated by commas, such as mail.example.com"
	k.parse = func(text string) (any, string, bool) {
		value, detail, isGood := parse(text)
		if !isGood {
			return value, detail, false
		}
		for _, host := range value.([]string) {
			if fault := publicFault(host); fault != "" {
				return value, shown(host) + ": " + fault, false
			}
		}
		return value, "", true
	}
	return k
}

// publicFault returns why a text is not the name that browsers have for a proxy, "" when it may be one.
func publicFault(host string) string {
	if strings.Contains(host, ":") && !strings.Contains(host, "://") {
		return "write the name without a port"
	}
	return hostFault(host)
}

// listenFault returns why nothing can listen at an address, "" when it is good.
func listenFault(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		if strings.Contains(address, "://") {
			return "it is a URL; write host and port alone, such as 127.0.0.1:9464"
		}
		return "write a host and a port, such as 127.0.0.1:9464"
	}
	if _, _, isPort := portKind().parse(port); !isPort {
		return "its port is not one of 1–65535"
	}
	if !isLoopback(host) {
		return "other machines could ask without a password; write 127.0.0.1:" + port + ", and let others ask through an SSH tunnel " +
			"or a proxy of this machine that checks who they are"
	}
	return ""
}
