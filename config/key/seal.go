package key

import "errors"

// sealed begins the line of a sealed key file that holds its octets in base64.
const sealed = "DPAPI:"

// aboutSealed explains a sealed key file to whoever opens it.
const aboutSealed = "# The keys of the encrypted passwords in the files of MailIntegration, sealed for this machine: no other one can open them.\n" +
	"# mailintegration config encrypt --save-key FILE writes a copy to keep in a safe place.\n"

// errSealedElsewhere says that a key file comes from another machine.
var errSealedElsewhere = errors.New("it was sealed by Windows on another machine")
