package entity

import (
	"io"
	"sync"
)

// Workspace holds reusable buffers for parsing, one stream at a time: allocation would dominate the cost of small
// messages. A nil Workspace allocates new memory.
type Workspace struct {
	window  [lineBuffer]byte // of lines
	octets  [lineBuffer]byte // decoded from a transfer encoding
	content [lineBuffer]byte // of a text; a longer text has memory of its own
}

var workspaces = sync.Pool{New: func() any { return new(Workspace) }}

// GetWorkspace returns a workspace that nobody else uses until Release.
func GetWorkspace() *Workspace { return workspaces.Get().(*Workspace) }

// Release gives the workspace back. Octets that were read into it are no longer valid.
func (w *Workspace) Release() { workspaces.Put(w) }

// lines returns the lines of r, as newLines does.
func (w *Workspace) lines(r io.Reader, size int64) *lines {
	if w == nil {
		return newLines(r, size)
	}
	return &lines{r: r, buf: w.window[:]}
}

// decoded returns the buffer for what size encoded octets stand for.
func (w *Workspace) decoded(size int64) []byte {
	if w == nil {
		return make([]byte, 0, min(size, lineBuffer*3/4))
	}
	return w.octets[:0]
}

// text returns the buffer for a text.
func (w *Workspace) text() []byte {
	if w == nil {
		return nil
	}
	return w.content[:0]
}
