package config

import "encoding/xml"

// openRoot takes up the first tag, which may have any name and any attributes, such as those that name a schema.
func (w *walker) openRoot(name string) bool {
	if w.root != "" {
		if w.set.encloses(w.root) {
			w.missingRoot(w.root)
		} else {
			w.mistake(w.at, "", "a second root begins (a file has one, and all tags within it)")
		}
		return false
	}
	w.root, w.rootAt = name, w.at
	w.stack = append(w.stack, &frame{name: name, at: w.at})
	return true
}

// openWithoutRoot takes up a first tag that belongs within a root, as in the samples of the original's manual, which show tags
// without one. What follows is read as if the root were there, so that its mistakes are told too.
func (w *walker) openWithoutRoot(name string, attributes []xml.Attr) bool {
	w.root, w.rootAt = w.set.root, w.at
	w.missingRoot(canonical(w.set.lookup(name), name))
	w.stack = append(w.stack, &frame{name: w.set.root, at: w.at, implied: true})
	return w.open(name, attributes)
}

// missingRoot tells that the first tag, name, stands outside of any root.
func (w *walker) missingRoot(first string) {
	w.mistake(w.rootAt, "", "the root is missing: <"+first+"> is the first tag (write <"+w.set.root+"> before it and </"+w.set.root+"> at the end of the file)")
}
