package config

import (
	"encoding/xml"
	"strings"
)

// openRoot opens the first tag. It may have any name, and any attributes, such as those that name a schema.
func (w *walker) openRoot(name string) bool {
	if w.root != "" {
		w.secondRoot(name)
		return false
	}
	w.root, w.rootAt = name, w.at
	w.stack = append(w.stack, &frame{name: name, at: w.at, extent: extent{start: w.now}})
	return true
}

// secondRoot reports a tag that stands behind the first root: the file has several roots, or none at all, or its tags go on
// after the end of its root.
func (w *walker) secondRoot(name string) {
	known := canonical(w.set.lookup(name), name)
	isOurs := w.set.lookup(name) != nil || w.set.encloses(name)
	switch {
	case w.set.encloses(w.root), isOurs && !isRoot(w.root) && len(w.elements) == 0:
		w.mistakes = nil // of a tag that was taken for the root
		w.missingRoot(w.root)
	case isOurs && !w.quiet:
		w.mistake(w.at, "", "<"+known+"> stands outside the root (move it to a line before "+closingTag(w.root)+")")
	default:
		w.mistake(w.at, "", "a second root begins (put all tags of the file into one root)")
	}
}

// isRoot reports whether name is that of the root of a file.
func isRoot(name string) bool {
	return strings.EqualFold(name, mailboxRoot) || strings.EqualFold(name, serviceRoot)
}

// lacksRoot reports whether the first tag of the file encloses no others: it is a known tag of the dialect, or has text in it.
func (w *walker) lacksRoot(name string) bool {
	if w.root != "" {
		return false
	}
	rest := skipBlank(w.text[w.dec.InputOffset():])
	isLeaf := !isRoot(name) && !w.set.encloses(name) && len(rest) > 0 && rest[0] != '<'
	return w.set.lookup(name) != nil || isLeaf
}

// openWithoutRoot opens a first tag that belongs within a root: the samples in the original's manual show tags without
// a root. The loader goes on as if the root were there, so that it reports the other mistakes too.
func (w *walker) openWithoutRoot(name string, attributes []xml.Attr) bool {
	w.root, w.rootAt = w.set.root, w.at
	w.missingRoot(canonical(w.set.lookup(name), name))
	w.stack = append(w.stack, &frame{name: w.set.root, at: w.at, implied: true})
	return w.open(name, attributes)
}

// missingRoot reports that first, the first tag, stands outside a root.
func (w *walker) missingRoot(first string) {
	remedy := "write <" + w.set.root + "> before it"
	if !hasEnd(w.text, w.set.root) {
		remedy += " and </" + w.set.root + "> at the end of the file"
	}
	w.mistake(w.rootAt, "", "the root is missing: <"+shown(first)+"> is the first tag ("+remedy+")")
}
