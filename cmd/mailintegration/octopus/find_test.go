package octopus_test

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"mailintegration/cmd/mailintegration/octopus"
)

// found returns what a Finder has found in a file, a line for each call and each problem. others are files that it may open.
func found(t *testing.T, name, content string, others map[string]string) string {
	t.Helper()
	f := &octopus.Finder{Open: func(name, folder, from string) (string, []byte, error) {
		path := octopus.Join(folder, name)
		if text, there := others[path]; there {
			return path, []byte(text), nil
		}
		return "", nil, fs.ErrNotExist
	}}
	f.File(name, []byte(content))
	return told(f)
}

func told(f *octopus.Finder) string {
	var b strings.Builder
	for _, c := range f.Calls {
		fmt.Fprintf(&b, "%s: %s %s %s [%s]", c.Place, c.Login, c.Password.Reveal(), c.Team, c.ConfigFilePath)
		for _, more := range []struct{ name, value string }{{"log", c.LogFilePath}, {"in", c.Folder}} {
			if more.value != "" {
				fmt.Fprintf(&b, " %s [%s]", more.name, more.value)
			}
		}
		if c.PurgeLogs {
			fmt.Fprintf(&b, " purge %d", c.PurgeDays)
		}
		if c.Disabled {
			b.WriteString(" disabled")
		}
		b.WriteString("\n")
	}
	for _, p := range f.Problems {
		fmt.Fprintf(&b, "%s %s\n", p.Place, p.Text)
	}
	return b.String()
}

// end is the end of a command line that is not what a test is about.
const end = `/Login:octopus /Password:hunter2 /Team:1 /ConfigFilePath:`

func TestBatchFilesAreRead(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ content, want string }{
		"one line": {
			`"C:\Program Files\Octopus\ESI.Octopus.MailIntegrationApp.exe" /Login:octopus /Password:hunter2 /Team:1 /ConfigFilePath:C:\Program Files\Octopus\email-integration.xml`,
			`poll.bat:1: octopus hunter2 1 [C:\Program Files\Octopus\email-integration.xml]`,
		},
		"two mailboxes one after the other, with comments and a log": {
			"@echo off\r\nREM the incidents\r\ncd /d C:\\Octopus\r\n" +
				"ESI.Octopus.MailIntegrationApp.exe " + end + `"C:\Octopus\incident mail.xml" >> poll.log 2>&1` + "\r\n" +
				":: ESI.Octopus.MailIntegrationApp.exe " + end + "old.xml\r\n" +
				"rem ESI.Octopus.MailIntegrationApp.exe " + end + "older.xml\r\n" +
				"ESI.Octopus.MailIntegrationApp.exe " + end + "events.xml /LogFilePath:logs\\mail.log /PurgeLogs:14\r\necho " + end + "done\r\n",
			`poll.bat:4: octopus hunter2 1 [C:\Octopus\incident mail.xml] in [C:\Octopus]` + "\n" +
				`poll.bat:7: octopus hunter2 1 [events.xml] log [logs\mail.log] in [C:\Octopus] purge 14`,
		},
		"variables": {
			"set APP=\"C:\\Octopus\\ESI.Octopus.MailIntegrationApp.exe\"\nset \"USER=octopus\"\nset PW=50%%&rem\nset conf=%ProgramFiles%\\Octopus\n" +
				"%app% /Login:%user% /Password:%PW% /Team:1 \"/ConfigFilePath:%CONF%\\mail.xml\"",
			`poll.bat:5: octopus 50% 1 [C:\Program Files\Octopus\mail.xml]`,
		},
		"a variable with a replacement, and delayed ones": {
			"setlocal EnableDelayedExpansion\nset P=C:/x\nset T=2\nx.exe /Login:a /Password:b /Team:!T! /ConfigFilePath:%P:/=\\%\\m.xml",
			`poll.bat:4: a b 2 [C:\x\m.xml]`,
		},
		"start with a title and options, and call": {
			"start \"mail poll\" /wait /min x.exe " + end + "a.xml\nstart /d \"C:\\my dir\" /b \"\" x.exe " + end + "b.xml\n@call x.exe " + end + "c.xml",
			"poll.bat:1: octopus hunter2 1 [a.xml]\n" + `poll.bat:2: octopus hunter2 1 [b.xml] in [C:\my dir]` + "\npoll.bat:3: octopus hunter2 1 [c.xml]",
		},
		"carets": {
			"x.exe /Login:octopus ^\n  /Password:a^&b^^c ^\n  /Team:1 /ConfigFilePath:\"a ^ b.xml\" & echo done",
			"poll.bat:1: octopus a&b^c 1 [a ^ b.xml]",
		},
		"the folder of the batch file": {
			`x.exe ` + end + `"%~dp0mail.xml" /LogFilePath:%~n0.log`, `poll.bat:1: octopus hunter2 1 [mail.xml] log [poll.log]`,
		},
		"conditions and blocks": {
			"if not exist \"C:\\a b\\lock\" (\n  x.exe " + end + "a.xml\n) else x.exe " + end + "b.xml\nif \"%1\"==\"x\" x.exe " + end + "c.xml\n" +
				"if /i %COMPUTERNAME% == srv1 x.exe " + end + "d.xml\nif errorlevel 1 exit /b 1\n" +
				"(x.exe " + end + "e.xml && echo fine) || echo failed",
			"poll.bat:2: octopus hunter2 1 [a.xml]\npoll.bat:3: octopus hunter2 1 [b.xml]\npoll.bat:4: octopus hunter2 1 [c.xml]\n" +
				"poll.bat:5: octopus hunter2 1 [d.xml]\npoll.bat:7: octopus hunter2 1 [e.xml]",
		},
		"parentheses in a path, outside of a block": {
			`x.exe ` + end + `C:\Program Files (x86)\Octopus\mail.xml`, `poll.bat:1: octopus hunter2 1 [C:\Program Files (x86)\Octopus\mail.xml]`,
		},
		"pushd, a drive, cmd /c": {
			"pushd C:\\one\nx.exe " + end + "a.xml\npopd\nD:\ncd two\ncmd /c \"x.exe " + end + "b.xml\"\n%COMSPEC% /s /c \"\"C:\\a b\\x.exe\" " + end + "\"c d.xml\"\"",
			`poll.bat:2: octopus hunter2 1 [a.xml] in [C:\one]` + "\n" + `poll.bat:6: octopus hunter2 1 [b.xml] in [D:\two]` + "\n" +
				`poll.bat:7: octopus hunter2 1 [c d.xml] in [D:\two]`,
		},
		"a variable without a value": {
			"set /p PW=Password? \nx.exe /Login:o /Password:%PW% /Team:1 /ConfigFilePath:a.xml\nx.exe /Login:o /Password:p /Team:%2 /ConfigFilePath:a.xml\n" +
				"x.exe " + end + "b.xml /LogFilePath:C:\\logs\\%DATE:~6,4%.log",
			"poll.bat:4: octopus hunter2 1 [b.xml]\n" +
				"poll.bat:2 the value of the variable PW is not known here (write the value itself, or give the command line with --command-line)\n" +
				"poll.bat:3 the value of the variable %2 is not known here (write the value itself, or give the command line with --command-line)\n" +
				"poll.bat:4 /LogFilePath is left out: the value of the variable DATE is not known here",
		},
		"a loop": {
			"for %%f in (a b) do x.exe " + end + "%%f.xml",
			"poll.bat:1 the value of the variable %f is not known here (write the value itself, or give the command line with --command-line)",
		},
		"a command line with mistakes": {
			"x.exe /Login:octopus /Pasword:hunter2 /ConfigFilePath:a.xml",
			"poll.bat:1 /Pasword: unknown parameter (did you mean /Password?); /Password is missing; /Team is missing",
		},
		"a script in another language": {
			`powershell -Command "& 'C:\x.exe' '/ConfigFilePath:a.xml'"`,
			"poll.bat:1 a command line of Octopus was not understood here (give it with --command-line)",
		},
		"nothing": {"@echo off\necho hello\n", "poll.bat holds no command line of Octopus MailIntegration (one with /ConfigFilePath:)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tc.want+"\n", found(t, "poll.bat", tc.content, nil)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestABatchFileThatCallsAnotherIsReadWithIt(t *testing.T) {
	t.Parallel()
	got := found(t, `C:\jobs\all.cmd`, "cd /d %~dp0\ncall settings.bat\ncall C:\\jobs\\poll.bat\ncall missing.bat\nall.cmd", map[string]string{
		`C:\jobs\settings.bat`: "set PW=hunter2\n", `C:\jobs\all.cmd`: "never read twice",
		`C:\jobs\poll.bat`: "x.exe /Login:octopus /Password:%PW% /Team:1 /ConfigFilePath:%~dp0a.xml",
	})
	want := `C:\jobs\poll.bat:1: octopus hunter2 1 [C:\jobs\a.xml] in [C:\jobs\]` + "\n" +
		`C:\jobs\all.cmd:4 calls missing.bat, which cannot be read: file does not exist (name that file, too)` + "\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// exported returns a task as Windows exports it.
func exported(name, enabled, command, arguments, folder string) string {
	return `<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Author>ACME\admin</Author><URI>` + name + `</URI></RegistrationInfo>
  <Triggers><TimeTrigger><Repetition><Interval>PT5M</Interval></Repetition></TimeTrigger></Triggers>
  <Settings><Enabled>` + enabled + `</Enabled></Settings>
  <Actions Context="Author"><Exec><Command>` + command + `</Command><Arguments>` + arguments + `</Arguments><WorkingDirectory>` + folder + `</WorkingDirectory></Exec></Actions>
</Task>`
}

func TestScheduledTasksAreRead(t *testing.T) {
	t.Parallel()
	utf16LE := func(text string) string {
		b := []byte("\xFF\xFE")
		for _, u := range utf16.Encode([]rune(strings.ReplaceAll(text, "\n", "\r\n"))) {
			b = append(b, byte(u), byte(u>>8))
		}
		return string(b)
	}
	for name, tc := range map[string]struct {
		content, want string
		others        map[string]string
	}{
		"the program with arguments, in UTF-16": {
			utf16LE(exported(`\Octopus\Courriels à traiter`, "true", `"C:\Program Files\Octopus\ESI.Octopus.MailIntegrationApp.exe"`,
				`/Login:octopus /Password:100%^&amp;été /Team:1 /ConfigFilePath:"C:\Program Files\Octopus\é mail.xml"`, `C:\Program Files\Octopus`)),
			`task \Octopus\Courriels à traiter (task.xml): octopus 100%^&été 1 [C:\Program Files\Octopus\é mail.xml] in [C:\Program Files\Octopus]`, nil,
		},
		"a disabled task, variables": {
			exported(`\poll`, "false", `%ProgramFiles%\Octopus\ESI.Octopus.MailIntegrationApp.exe`, end+`%ProgramData%\mail.xml`, ""),
			`task \poll (task.xml): octopus hunter2 1 [C:\ProgramData\mail.xml] disabled`, nil,
		},
		"a batch file": {
			exported(`\poll`, "true", `poll.cmd`, "", `C:\jobs`),
			`task \poll (C:\jobs\poll.cmd): octopus hunter2 1 [a.xml] in [C:\jobs]`, map[string]string{`C:\jobs\poll.cmd`: "x.exe " + end + "a.xml"},
		},
		"a batch file by cmd /c": {
			exported(`\poll`, "true", `cmd.exe`, `/c "C:\my jobs\poll.bat"`, ""),
			`task \poll (C:\my jobs\poll.bat): octopus hunter2 1 [a.xml]`, map[string]string{`C:\my jobs\poll.bat`: "x.exe " + end + "a.xml"},
		},
		"a batch file that is not there": {
			exported(`\poll`, "true", `C:\jobs\poll.bat`, "", ""),
			`task \poll (task.xml) calls C:\jobs\poll.bat, which cannot be read: file does not exist (name that file, too)`, nil,
		},
		"all tasks of a machine": {
			"<?xml version=\"1.0\" ?>\n<Tasks>\n<!-- \\one -->\n<Task><Actions><Exec><Command>x.exe</Command><Arguments>" + end + "a.xml</Arguments></Exec></Actions></Task>\n" +
				"<!-- \\other -->\n<Task><Actions><Exec><Command>calc.exe</Command></Exec></Actions></Task>\n</Tasks>",
			`task \one (task.xml): octopus hunter2 1 [a.xml]`, nil,
		},
		"another XML file": {
			"<MailIntegration/>", "task.xml is XML, but not an exported task (name the task, the batch file or the crontab that calls Octopus; " +
				"a mailbox file is copied by itself)", nil,
		},
		"a file that breaks off": {
			exported(`\poll`, "true", "x.exe", end+"a.xml", "")[:400],
			"task.xml the task breaks off: XML syntax error on line 6: unexpected EOF (export it again: schtasks /query /xml /tn NAME)", nil,
		},
		"a task that does something else": {
			exported(`\calc`, "true", "calc.exe", "", ""), "task.xml holds no command line of Octopus MailIntegration (one with /ConfigFilePath:)", nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tc.want+"\n", found(t, "task.xml", tc.content, tc.others)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestLinesOfCronAreRead(t *testing.T) {
	t.Parallel()
	const crontab = `# Octopus
MAILTO=root
CONF=/srv/octopus
*/5 * * * * octopus mono /opt/octopus/ESI.Octopus.MailIntegrationApp.exe /Login:octopus '/Password:pa$word 100\%' /Team:1 "/ConfigFilePath:$CONF/my mail.xml" >/dev/null 2>&1
0 8-17 * * mon-fri cd /opt/octopus && ./poll /Login:octopus /Password:a\ b /Team:IT\ Montreal /ConfigFilePath:events.xml # events
# */5 * * * * poll /Login:old /Password:old /Team:1 /ConfigFilePath:old.xml
@hourly /opt/octopus/poll.sh
1 2 3 4 5 poll /Login:octopus /Password:$SECRET /Team:1 /ConfigFilePath:a.xml
30 2 * * * /usr/bin/backup
`
	got := found(t, "crontab", crontab, map[string]string{
		"/opt/octopus/poll.sh": "#!/bin/sh\nPW=hunter2\npoll /Login:octopus \\\n  /Password:$PW /Team:2 /ConfigFilePath:/srv/b.xml\n",
	})
	const want = `crontab:4: octopus pa$word 100% 1 [/srv/octopus/my mail.xml]
crontab:5: octopus a b IT Montreal [events.xml] in [/opt/octopus]
/opt/octopus/poll.sh:3: octopus hunter2 2 [/srv/b.xml]
crontab:8 the value of the variable SECRET is not known here (write the value itself, or give the command line with --command-line)
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestACommandLineThatAPersonGivesMustBeOne(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		`ESI.Octopus.MailIntegrationApp.exe ` + end + `C:\Program Files\a.xml`: `the command line: octopus hunter2 1 [C:\Program Files\a.xml]` + "\n",
		end + `"C:\Program Files\a.xml"`:                                       `the command line: octopus hunter2 1 [C:\Program Files\a.xml]` + "\n",
		`/Login:a /Team:IT /ConfigFilePath:a.xml`:                              "the command line: a  IT [a.xml]\n",
		`calc.exe`: "the command line the first argument is not a parameter; /Login is missing; /Password is missing; /Team is missing; /ConfigFilePath is missing\n",
	} {
		var f octopus.Finder
		f.CommandLine(line)
		if diff := cmp.Diff(want, told(&f)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// FuzzFilesOfAnyContentAreRead feeds any text to the readers of all kinds of files: none may fail or run on.
func FuzzFilesOfAnyContentAreRead(f *testing.F) {
	f.Add("poll.bat", "set A=%A:a=%%%~dp0\n(start /d x /c cmd /c \"\" x.exe "+end+"^")
	f.Add("task.xml", exported("a", "b", "cmd", `/c ""`, "d"))
	f.Add("crontab", "* * * * * a '${b} > \\")
	f.Fuzz(func(t *testing.T, name, content string) {
		var finder octopus.Finder
		finder.File(name, []byte(content))
		for _, c := range finder.Calls {
			if c.Login == "" || c.Team == "" || c.ConfigFilePath == "" {
				t.Errorf("a call without a mandatory parameter: %+v", c)
			}
		}
	})
}
