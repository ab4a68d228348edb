// Package winetest runs the Windows build under wine: the unit tests of the packages that have to work there, and the program
// as a service of Windows. PostgreSQL and the mail servers run on this machine, and the Windows programs reach them over
// loopback. scripts/e2e-windows prepares wine and then runs these tests, with the build tag wine.
//
// wine 8 is not Windows. It does not restart a service that fails, it approximates access control lists, it cannot show an
// event log, and PostgreSQL's own programs do not run in it: CONTRIBUTING.md says what only a real Windows shows.
package winetest
