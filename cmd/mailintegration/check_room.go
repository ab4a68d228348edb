package main

import (
	"errors"
	"fmt"
	"strings"
)

// Room below which something is said of a file system. A message of MaxMessageSize takes its own size in the spool, and about as
// much in the attachment directory.
const (
	littleRoom  = 1 << 30
	noRoom      = 64 << 20
	littleShare = 5         // percent
	enoughRoom  = 100 << 30 // the least share does not matter: five percent of a large disk are room enough
)

// fileSystem is what a directory lies on.
type fileSystem struct {
	id          string // the same for two directories on one file system
	free, total int64  // octets; free is what this account may take
}

// room checks how much is left on the file systems of the places, each of them once.
func (c *checking) room(places []place) {
	var order []fileSystem
	names := map[string][]string{}
	for _, p := range places {
		f, err := fileSystemOf(nearest(p.path))
		if err != nil {
			c.warn(p.what, "how much room is left is not known: "+err.Error())
			continue
		}
		if names[f.id] == nil {
			order = append(order, f)
		}
		names[f.id] = append(names[f.id], strings.TrimSuffix(p.what, " directory"))
	}
	for _, f := range order {
		c.roomOf(f, "free space ("+strings.Join(names[f.id], ", ")+")")
	}
}

func (c *checking) roomOf(f fileSystem, what string) {
	detail := fmt.Sprintf("%s of %s", size(f.free), size(f.total))
	switch {
	case f.free < noRoom:
		c.failed(exitFailed, what, errors.New(detail+": no message can be recorded soon"), "make room, or name a directory on another disk")
	case f.isShort():
		c.warn(what, detail+": make room, or name a directory on another disk")
	default:
		c.ok(what, detail)
	}
}

// isShort reports whether there is little room, or a small share of what there is in all.
func (f fileSystem) isShort() bool {
	return f.free < littleRoom || f.free < enoughRoom && f.free < f.total/100*littleShare
}
