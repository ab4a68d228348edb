// Package browsertest looks at the page for people as people do: in a browser. make browser installs Chromium, and runs the tests with the
// build tag browser. The built program runs on a real PostgreSQL and reads the mail of a POP3 test server; each test has a program and
// a database of its own.
//
// All that the browser asks for passes a proxy of the test (wire_test.go), which counts it. Whatever is not for the program is noted
// and goes nowhere, so a test can say that mail has loaded nothing.
//
//   - TestPictures draws each section in each state, on a desktop and on a phone, light and dark, and lets axe-core look for what keeps
//     people from using it. The pictures are in dist/pictures; look at them after a change of a template or of the style.
//   - TestAnOperatorsMorning plays what an operator does, with and without JavaScript.
//   - TestHostileMailDoesNothing shows mail that tries to run a script, to load something, or to deceive. TestAPageWithoutDefencesIsCaught
//     shows the same mail on a page that does nothing about it: the browser tells of each attack.
//   - The other tests ask for pages as hostile web pages and programs do.
//
// # Files
//
// All files are tests: program_test.go has the program, chromium_test.go the browser, states_test.go the states that
// pictures show, hostilemail_test.go the mail that attacks.
package browsertest
