package htmltext

import (
	"math/bits"

	"golang.org/x/net/html/atom"
)

// openElements are the elements that are open, the outermost first. It finds the innermost of a kind at once, however many
// are open.
type openElements struct {
	all     []openElement
	ofClass [classCount]int // how many are open down to the innermost element of each class, 0 for none
	ofTag   map[atom.Atom]int
}

// openElement is an open element, with what ofClass and ofTag were before it.
type openElement struct {
	element
	ofClass [classCount]int
	ofTag   int
	isOut   bool // it is no longer open, though elements within it are
}

// push opens an element within the innermost one.
func (o *openElements) push(e element) {
	o.all = append(o.all, openElement{element: e, ofClass: o.ofClass, ofTag: o.ofTag[e.tag]})
	n := len(o.all)
	for i := range o.ofClass {
		if e.class&(1<<i) != 0 {
			o.ofClass[i] = n
		}
	}
	o.ofTag[e.tag] = n
}

// closeTo closes an element and those within it.
func (o *openElements) closeTo(i int) {
	for n := len(o.all); n > i || n > 0 && o.all[n-1].isOut; n = len(o.all) {
		e := o.all[n-1]
		if !e.isOut {
			o.ofTag[e.tag] = e.ofTag
		}
		o.ofClass = e.ofClass
		o.all = o.all[:n-1]
	}
}

// takeOut closes an element, the innermost with its tag, but not those within it.
func (o *openElements) takeOut(i int) {
	o.all[i].isOut = true
	o.ofTag[o.all[i].tag] = o.all[i].ofTag
}

// find returns the innermost open element of one of these classes or with this tag, -1 if there is none within the innermost
// element of the classes in bounds. No rule reaches beyond a template.
func (o *openElements) find(classes class, tag atom.Atom, bounds class) int {
	found := max(o.innermost(classes), o.ofTag[tag])
	if found < o.innermost(bounds|isTemplate) {
		return -1
	}
	return found - 1
}

// innermost returns how many elements are open down to the innermost of these classes, 0 for none.
func (o *openElements) innermost(classes class) int {
	n := 0
	for ; classes != 0; classes &= classes - 1 { // which takes the lowest bit away
		n = max(n, o.ofClass[bits.TrailingZeros16(uint16(classes))])
	}
	return n
}

// hasWithin reports whether an element of one of these classes is open within another one.
func (o *openElements) hasWithin(i int, classes class) bool { return o.innermost(classes) > i+1 }

// topIs reports whether the innermost open element is of one of these classes.
func (o *openElements) topIs(classes class) bool {
	n := len(o.all)
	return n > 0 && o.all[n-1].class&classes != 0
}
