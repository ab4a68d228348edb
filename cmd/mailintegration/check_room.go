package main

import (
	"errors"
	"fmt"
	"strings"
)

// Limits of free space below which check warns or fails. A message of MaxMessageSize takes its own size in the spool, and
// about as much in the attachment directory.
const (
	littleRoom  = 1 << 30
	noRoom      = 64 << 20
	littleShare = 5         // percent
	enoughRoom  = 100 << 30 // with so much room, its share of the disk does not matter
)

// fileSystem is the file system of a directory.
type fileSystem struct {
	id          string // the same for two directories on one file system
	free, total int64  // octets; free is the room that this account may use
}

// room checks the free space of each file system that the places lie on.
func (c *checking) room(places []place) {
	var order []fileSystem
	names := map[string][]string{}
	for _, p := range places {
		f, err := fileSystemOf(nearest(p.path))
		if err != nil {
			c.warn(p.what, "the free space is not known: "+err.Error())
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
		c.failed(exitFailed, what, errors.New(detail+": soon no message can be recorded"), "make room, or name a directory on another disk")
	case f.isShort():
		c.warn(what, detail+"; make room, or name a directory on another disk")
	default:
		c.ok(what, detail)
	}
}

// isShort reports whether little room is left, or only a small share of the file system.
func (f fileSystem) isShort() bool {
	return f.free < littleRoom || f.free < enoughRoom && f.free < f.total/100*littleShare
}
