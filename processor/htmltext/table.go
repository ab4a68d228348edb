package htmltext

// Values of textWriter.row when no cell of the current row has begun.
const (
	beforeRow  = -1
	afterTable = -2 // a table has ended within a cell: the next cell begins on a line of its own
)

// openCell begins a cell of a table: beside the previous cell when that one took one line, else below it.
func (w *textWriter) openCell() {
	w.cell = w.row == w.line && w.column > 0
	switch {
	case w.row == beforeRow:
		w.flushBreaks()
	case w.cell:
		w.breaks = 0
	default:
		w.breaks = max(w.breaks, 1)
	}
	w.row, w.fresh = w.line, true
}
