package main

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mailintegration/mailbox/pop3test"
)

// editorStory is a person who edits the mailbox file of an installation.
type editorStory struct {
	*conversation
	in   *installed
	file string
}

// editing starts config edit with an editor, a script of the shell whose argument is the file to edit.
func editing(t *testing.T, script string) *editorStory {
	t.Helper()
	srv := pop3test.Run(t, pop3test.Options{})
	srv.SetPassword("helpdesk", "pass-of-helpdesk")
	in := install(t, srv.Port(), "helpdesk", "pass-of-helpdesk")
	editor := filepath.Join(t.TempDir(), "editor")
	writeExecutable(t, editor, strings.NewReader("#!/bin/sh\n"+script+"\n"))
	s := &editorStory{in: in, file: filepath.Join(filepath.Dir(in.config), "mailboxes", "helpdesk.xml")}
	command := in.command("config", "edit", "helpdesk")
	command.Env = append(command.Env, "VISUAL=", "EDITOR="+editor+" --flag", "FILE="+s.file, "TMPDIR="+t.TempDir())
	s.conversation = converse(t, command)
	return s
}

// holds fails the test unless the mailbox file has a text.
func (s *editorStory) holds(text string) {
	s.Helper()
	octets, err := os.ReadFile(s.file)
	if err != nil || !strings.Contains(string(octets), text) {
		s.Errorf("%v, %q is not in\n%s", err, text, octets)
	}
}

func TestAnEditorOpensACopyAndMistakesAreShownWithTheirLines(t *testing.T) {
	t.Parallel()
	s := editing(t, `if grep -q many "$2"; then sed -i s/many/7MB/ "$2"; else sed -i 's|</MailIntegration>|<MaxMessageSize>many</MaxMessageSize><!-- new --></MailIntegration>|' "$2"; fi`)
	s.sees("helpdesk.xml:")
	s.sees(": MaxMessageSize: many is not ")
	s.answers("The file has mistakes. What now? (edit, discard) [edit]: ", "")
	s.sees("changed  " + s.file + ": MaxMessageSize")
	if code := s.ends(); code != exitDone {
		t.Errorf("exit code %d\n%s", code, &s.shown)
	}
	s.holds("<MaxMessageSize>7MB</MaxMessageSize><!-- new -->")
}

func TestAnEditWithMistakesIsDiscarded(t *testing.T) {
	t.Parallel()
	s := editing(t, `echo '<' >> "$2"`)
	s.answers("What now? (edit, discard) [edit]: ", "discard")
	s.sees("the edit was discarded")
	if code := s.ends(); code != exitDone {
		t.Errorf("exit code %d\n%s", code, &s.shown)
	}
	s.holds("</MailIntegration>")
}

func TestAnEditedAccountIsTried(t *testing.T) {
	t.Parallel()
	s := editing(t, `sed -i s/pass-of-helpdesk/wrong-secret/ "$2"`)
	s.sees("FAILED    log-in: ")
	s.answers("The log-in failed. What now? (edit, write, discard) [edit]: ", "write")
	s.sees("changed  " + s.file + ": Password")
	if code := s.ends(); code != exitDone || strings.Contains(s.shown.String(), "wrong-secret") {
		t.Errorf("exit code %d\n%s", code, &s.shown)
	}
	s.holds("wrong-secret")
}

func TestAFileThatChangesWhileItIsEditedIsNotOverwritten(t *testing.T) {
	t.Parallel()
	s := editing(t, `sed -i 's|</MailIntegration>|<!-- mine --></MailIntegration>|' "$2"; echo '<!-- theirs -->' >> "$FILE"`)
	s.sees("Your version is kept in ")
	s.sees("somebody has changed the file meanwhile")
	if code := s.ends(); code != exitFailed {
		t.Errorf("exit code %d\n%s", code, &s.shown)
	}
	s.holds("<!-- theirs -->")
	kept, err := filepath.Glob(filepath.Join(filepath.Dir(strings.Fields(strings.SplitAfter(s.shown.String(), "is kept in ")[1])[0]), "helpdesk.xml*"))
	if err != nil || len(kept) != 1 {
		t.Errorf("kept is %v, %v", kept, err)
	}
}

func TestCtrlCBelongsToTheEditor(t *testing.T) {
	t.Parallel()
	s := editing(t, `trap 'echo interrupted' INT; echo ready; read line; sed -i 's|</MailIntegration>|<!-- mine --></MailIntegration>|' "$2"; exit 0`)
	s.sees("ready")
	s.types(ctrlC)
	s.types("\n")
	s.sees("changed  " + s.file)
	if code := s.ends(); code != exitDone {
		t.Errorf("exit code %d\n%s", code, &s.shown)
	}
	s.holds("<!-- mine -->")
}

func TestAnEditorThatFailsChangesNothing(t *testing.T) {
	t.Parallel()
	for name, story := range map[string]struct{ script, want string }{
		"and its copy is kept, since it may have been changed": {`echo '<!-- mine -->' >> "$2"; exit 3`, "Your version is kept in "},
		"and nothing is kept of a copy that is as before":      {`exit 3`, "nothing was changed: the editor "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := editing(t, story.script)
			s.sees(story.want)
			s.sees("ended with exit code 3")
			s.sees("hint: ")
			if code := s.ends(); code != exitFailed || strings.Contains(s.shown.String(), "is kept") != strings.Contains(story.want, "is kept") {
				t.Errorf("exit code %d\n%s", code, &s.shown)
			}
			s.holds("</MailIntegration>")
		})
	}
}

func TestAnEditorThatThisMachineLacksIsNamedOnce(t *testing.T) {
	t.Parallel()
	in := install(t, 1, "helpdesk", "pass-of-helpdesk")
	for editor, want := range map[string]string{
		"no-such-editor -w": "nothing was changed: the editor no-such-editor: executable file not found in $PATH",
		"/no/such/editor":   "nothing was changed: the editor /no/such/editor: stat /no/such/editor: no such file or directory",
		"/etc":              "nothing was changed: the editor /etc: ",
	} {
		command := in.command("config", "edit", "helpdesk")
		command.Env = append(command.Env, "VISUAL= ", "EDITOR="+editor)
		c := converse(t, command)
		code := c.ends()
		shown := strings.ReplaceAll(c.shown.String(), "\r\n", "\n")
		if lines := strings.Count(shown, "\n"); code != exitFailed || lines != 2 || !strings.Contains(shown, want) {
			t.Errorf("%s: exit code %d, want %q and a hint, got\n%s", editor, code, want, shown)
		}
	}
}

func TestAPersonWhoLeavesAFileWithMistakesKeepsTheVersion(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]string{"with Ctrl-C": ctrlC, "with the end of the input": ctrlD} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := editing(t, `echo '< mine' >> "$2"`)
			s.sees("What now? (edit, discard) [edit]: ")
			s.types(key)
			s.sees("Your version is kept in ")
			s.sees("stopped; nothing was written")
			if code := s.ends(); code != exitFailed {
				t.Errorf("exit code %d\n%s", code, &s.shown)
			}
			s.holds("</MailIntegration>")
			kept := strings.SplitN(strings.SplitAfter(s.shown.String(), "is kept in ")[1], ";", 2)[0]
			if octets, err := os.ReadFile(kept); err != nil || !strings.Contains(string(octets), "< mine") {
				t.Errorf("%s holds %q, %v", kept, octets, err)
			}
		})
	}
}

// TestADatabaseThatNeverAnswersDelaysNoEdit ends the wait for the names with Ctrl-C: the file is written before.
func TestADatabaseThatNeverAnswersDelaysNoEdit(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	in := install(t, 1, "helpdesk", "pass-of-helpdesk")
	service, err := os.ReadFile(in.config)
	if err != nil {
		t.Fatal(err)
	}
	database := regexp.MustCompile(`<Database>[^<]*`).ReplaceAll(service, []byte("<Database>postgres://a@"+silent.Addr().String()+"/a?sslmode=disable"))
	if err := os.WriteFile(in.config, database, 0o600); err != nil {
		t.Fatal(err)
	}
	c := converse(t, in.command("config", "edit", "helpdesk", "--set", "Schedule=7m"))
	c.sees("changed  ")
	asked, err := silent.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer asked.Close() // nobody else holds it open
	c.types(ctrlC)
	c.sees("warning  the database was not asked whether it has the names in the file: ")
	if code := c.ends(); code != exitDone {
		t.Errorf("exit code %d\n%s", code, &c.shown)
	}
}
