package config

// span is a part of a file's text, from one offset to the octet before another.
type span struct{ from, to int }

// extent says where an element stands in the text of its file. Rewrite changes the text there; the loader needs only the
// values.
type extent struct {
	start, end span   // its tags; the end tag of an empty-element tag, <Port/>, is empty
	texts      []span // the texts of a leaf; each CDATA section is one by itself
	comments   []span // those directly within it
}

// whole returns the element with its tags.
func (e extent) whole() span { return span{e.start.from, e.end.to} }

// isEmptyTag reports whether the element is one empty-element tag.
func (e extent) isEmptyTag() bool { return e.end.from == e.end.to }
