// Command sbom lists what a built program contains: sbom PROGRAM VERSION BOM.json LICENSES.txt writes its modules with versions and
// licences as a CycloneDX 1.5 document, and the texts of their licences, which have to go with the program. What it writes
// depends on the program and SOURCE_DATE_EPOCH alone. A module whose licence it does not know is an error: a person has to look.
//
// # Files
//
//	main.go       reads the program, finds the modules' folders, writes both files
//	license.go    which licence a text is
//	cyclonedx.go  the document
package main
