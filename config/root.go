package config

import "encoding/xml"

// openRoot opens the first tag. It may have any name, and any attributes, such as those that name a schema.
func (w *walker) openRoot(name string) bool {
	if w.root != "" {
		if w.set.encloses(w.root) {
			w.missingRoot(w.root)
		} else {
			w.mistake(w.at, "", "a second root begins (put all tags of the file into one root)")
		}
		return false
	}
	w.root, w.rootAt = name, w.at
	w.stack = append(w.stack, &frame{name: name, at: w.at})
	return true
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
	w.mistake(w.rootAt, "", "the root is missing: <"+first+"> is the first tag (write <"+w.set.root+"> before it and </"+
		w.set.root+"> at the end of the file)")
}
