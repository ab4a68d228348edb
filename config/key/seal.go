package key

import "errors"

// sealed begins the line of a sealed key file that holds its octets in base64.
const sealed = "DPAPI:"

// errSealedElsewhere says that a key file comes from another machine.
var errSealedElsewhere = errors.New("it was sealed by Windows on another machine")
