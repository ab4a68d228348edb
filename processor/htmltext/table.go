package htmltext

// What row is when no cell of the row at hand has begun.
const (
	beforeRow  = -1
	afterTable = -2 // a table has ended in a cell: the next cell begins on a line of its own
)

// openCell begins a cell of a table: beside the one before it, if that took one line, else below.
func (w *textWriter) openCell() {
	switch w.cell = w.row == w.line && w.column > 0; {
	case w.row == beforeRow:
		w.flushBreaks()
	case w.cell:
		w.breaks = 0
	default:
		w.breaks = max(w.breaks, 1)
	}
	w.row, w.fresh = w.line, true
}
