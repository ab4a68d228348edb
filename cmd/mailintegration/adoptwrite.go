package main

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"mailintegration/config"
)

// write writes the files, the service file last: a daemon that starts meanwhile finds either no service file or whole ones.
func (a *adoption) write() error {
	if !a.dryRun {
		unlock, err := a.lockFiles()
		if err != nil {
			return err
		}
		defer unlock()
	}
	for _, m := range a.mailboxes {
		content, err := config.InsertTags(m.octets, m.insertion())
		if err != nil {
			a.skip(m.source, err.Error())
			continue
		}
		a.writeFile(a.target(m), content, "from "+m.source+", called by "+strings.Join(m.places, ", "))
		a.tellAdded(m)
	}
	if a.service != nil {
		printLine(a.stdout, "unchanged  %s: it exists", a.config)
		return nil
	}
	if len(a.mailboxes) > 0 {
		a.writeFile(a.config, a.serviceFile(), "the service file")
	}
	return nil
}

// target returns the path of the copy of a mailbox's file.
func (a *adoption) target(m *adopted) string {
	return filepath.Join(filepath.Dir(a.config), "mailboxes", m.name+".xml")
}

// tellAdded prints the tags that were added to a copy, and those in which it differs from its command line.
func (a *adoption) tellAdded(m *adopted) {
	for _, t := range m.added {
		printLine(a.stdout, "    added <%s>%s</%s>: %s", t.name, t.value, t.name, t.why)
	}
	for _, d := range []struct{ tag, file, call string }{{"Login", m.mailbox.Login, m.Login}, {"Team", m.mailbox.Team, m.team}} {
		if d.file != "" && !strings.EqualFold(d.file, d.call) {
			printLine(a.stdout, "warning  %s has %s %s, and the command line %s: the file counts from now on", m.source, d.tag, d.file, d.call)
		}
	}
	if m.Disabled {
		printLine(a.stdout, "warning  the scheduled task of %s is disabled; the service polls the mailbox nevertheless", m.source)
	}
}

// insertion returns the tags that are added, each with a comment.
func (m *adopted) insertion() string {
	if len(m.added) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("\n  <!-- Added by mailintegration service adopt. What follows these tags is the Octopus file as it was:\n       " + comment(m.source) + " -->")
	for _, t := range m.added {
		b.WriteString("\n  <" + t.name + ">" + escaped(t.value) + "</" + t.name + ">  <!-- " + comment(t.why) + " -->")
	}
	b.WriteString("\n  <!-- End of what was added. -->")
	return b.String()
}

// comment returns a text that may stand in a comment of XML, where two hyphens in a row are not allowed.
func comment(text string) string {
	return inOneLine(strings.ReplaceAll(strings.ReplaceAll(text, "--", "- -"), "--", "- -"))
}

// escaped returns a text as XML.
func escaped(text string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(text)) // a buffer takes everything
	return b.String()
}

// serviceFile returns the service file for what was found.
func (a *adoption) serviceFile() []byte {
	first := a.mailboxes[0]
	var b strings.Builder
	line := func(tag, value, why string) {
		b.WriteString("  <" + tag + ">" + escaped(value) + "</" + tag + ">  <!-- " + comment(why) + " -->\n")
	}
	b.WriteString("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- Written by mailintegration service adopt. mailintegration check tells whether it fits. -->\n<MailIntegrationService>\n")
	b.WriteString("  <!-- Without Database, a private PostgreSQL runs in DataDirectory. To use a server of your own:\n" +
		"  <Database>host=db.example.com dbname=mail user=mail</Database> -->\n")
	line("Login", first.Login, "/Login: also the author of events that the daemon opens by itself")
	line("Team", first.team, "/Team:"+first.Call.Team)
	line("Mailboxes", "mailboxes/*.xml", "relative to this file")
	a.logSettings(line)
	b.WriteString("</MailIntegrationService>\n")
	return []byte(b.String())
}

// logSettings writes the settings that follow from LogFilePath, PurgeLogs, DEBUG and NoRestartOnUpdate of all calls. The first one
// that gives a setting decides.
func (a *adoption) logSettings(line func(tag, value, why string)) {
	folder, days := "", 0
	var debug, noRestart bool
	for _, m := range a.mailboxes {
		if dir := filepath.Dir(m.LogFilePath); folder == "" && m.LogFilePath != "" && filepath.IsAbs(dir) {
			folder = dir
		}
		days, debug, noRestart = cmp.Or(days, m.PurgeDays), debug || m.Debug, noRestart || m.NoRestartOnUpdate
	}
	if folder != "" {
		line("LogDirectory", folder, "the folder of /LogFilePath")
	}
	if days > 0 {
		line("LogRetention", fmt.Sprintf("Days %d", days), "/PurgeLogs")
	}
	if debug {
		line("LogLevel", "debug", "/DEBUG")
	}
	if noRestart {
		line("NoRestartOnUpdate", "True", "/NoRestartOnUpdate")
	}
}

// writeFile writes a new file. It leaves a file that exists as it is.
func (a *adoption) writeFile(path string, content []byte, what string) {
	there, err := os.ReadFile(path)
	switch {
	case err == nil && bytes.Equal(there, content):
		printLine(a.stdout, "unchanged  %s: it was adopted before", path)
		return
	case err == nil:
		a.skip(path, "the file exists and differs; it stays as it is ("+what+")")
		return
	case a.dryRun:
		printLine(a.stdout, "would write  %s: %s", path, what)
		return
	}
	if err := createFile(path, content); err != nil {
		a.skip(path, err.Error())
		return
	}
	printLine(a.stdout, "written  %s: %s", path, what)
}
