package entity

import (
	"io"
	"sync"
)

// Workspace is memory in which one message after another is read, at each time one stream of it: a good part of what it costs
// to parse a small message would otherwise be to get memory and to give it back. A nil workspace gives new memory.
type Workspace struct {
	window  [lineBuffer]byte // of lines
	octets  [lineBuffer]byte // that a transfer encoding stands for
	content [lineBuffer]byte // of a text; one that is longer has memory of its own
}

var workspaces = sync.Pool{New: func() any { return new(Workspace) }}

// GetWorkspace returns a workspace that nobody uses.
func GetWorkspace() *Workspace { return workspaces.Get().(*Workspace) }

// Release gives the workspace back: what was read into it is no longer valid.
func (w *Workspace) Release() { workspaces.Put(w) }

// lines is newLines.
func (w *Workspace) lines(r io.Reader, size int64) *lines {
	if w == nil {
		return newLines(r, size)
	}
	return &lines{r: r, buf: w.window[:]}
}

// decoded is where what size octets stand for is decoded to.
func (w *Workspace) decoded(size int64) []byte {
	if w == nil {
		return make([]byte, 0, min(size, lineBuffer*3/4))
	}
	return w.octets[:0]
}

// text is where a text is read into.
func (w *Workspace) text() []byte {
	if w == nil {
		return nil
	}
	return w.content[:0]
}
