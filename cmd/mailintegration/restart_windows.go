package main

import "errors"

// canBecome says that a process cannot become another program.
const canBecome = false

// become returns an error.
func become(string) error { return errors.ErrUnsupported }
