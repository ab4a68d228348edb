package octopus_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailintegration/cmd/mailintegration/octopus"
	"mailintegration/config"
)

// whole is a call with every mandatory parameter.
var whole = octopus.Call{Login: "octopus", Password: config.NewSecret("hunter2"), Team: "1", ConfigFilePath: `C:\mail.xml`}

// changed returns whole with changes.
func changed(change func(*octopus.Call)) octopus.Call {
	c := whole
	change(&c)
	return c
}

func TestACommandLineIsReadAsTheShellsGiveIt(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		arguments string // separated by |
		want      octopus.Call
	}{
		"the mandatory parameters":    {`/Login:octopus|/Password:hunter2|/Team:1|/ConfigFilePath:C:\mail.xml`, whole},
		"names in any case and order": {`/CONFIGFILEPATH:C:\mail.xml|/team:1|/PassWord:hunter2|/login:octopus`, whole},
		"the original's own example, a path with a blank and no quotation marks": {
			`/Login:octopus|/Password:hunter2|/Team:1|/ConfigFilePath:C:\Program|Files\Octopus\email-integration.xml`,
			changed(func(c *octopus.Call) { c.ConfigFilePath = `C:\Program Files\Octopus\email-integration.xml` }),
		},
		"such a path in the middle": {
			`/ConfigFilePath:C:\Program|Files|(x86)\Octopus\mail.xml|/Login:octopus|/Password:hunter2|/Team:1`,
			changed(func(c *octopus.Call) { c.ConfigFilePath = `C:\Program Files (x86)\Octopus\mail.xml` }),
		},
		"a path in quotation marks, which the shell has taken away": {
			`/Login:octopus|/Password:hunter2|/Team:1|/ConfigFilePath:C:\Program Files\mail.xml`,
			changed(func(c *octopus.Call) { c.ConfigFilePath = `C:\Program Files\mail.xml` }),
		},
		"a path of Unix": {
			`/Login:octopus|/Password:hunter2|/Team:1|/ConfigFilePath:/etc/octopus/mail.xml`,
			changed(func(c *octopus.Call) { c.ConfigFilePath = `/etc/octopus/mail.xml` }),
		},
		"a team by its name": {
			`/Login:octopus|/Password:hunter2|/Team:IT|Montreal|/ConfigFilePath:C:\mail.xml`,
			changed(func(c *octopus.Call) { c.Team = "IT Montreal" }),
		},
		"a value behind a blank": {`/Login:|octopus|/Password:|hunter2|/Team:|1|/ConfigFilePath:|C:\mail.xml`, whole},
		"a password of signs": {
			`/Login:octopus|/Password:a:b=c/d "e'%^&|/Team:1|/ConfigFilePath:C:\mail.xml`,
			changed(func(c *octopus.Call) { c.Password = config.NewSecret(`a:b=c/d "e'%^&`) }),
		},
		"every optional parameter": {
			`/debug|/Login:octopus|/NoRestartOnUpdate|/Password:hunter2|/PurgeLogs:30|/Team:1|/LogFilePath:C:\Logs\mail.log|/ConfigFilePath:C:\mail.xml`,
			changed(func(c *octopus.Call) {
				c.LogFilePath, c.PurgeLogs, c.PurgeDays, c.NoRestartOnUpdate, c.Debug = `C:\Logs\mail.log`, true, 30, true, true
			}),
		},
		"PurgeLogs without a number": {
			`/Login:octopus|/Password:hunter2|/Team:1|/ConfigFilePath:C:\mail.xml|/PurgeLogs`,
			changed(func(c *octopus.Call) { c.PurgeLogs = true }),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := octopus.Parse(strings.Split(tc.arguments, "|"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" || got.Password.Reveal() != tc.want.Password.Reveal() {
				t.Errorf("(-want +got):\n%s, password %q", diff, got.Password.Reveal())
			}
		})
	}
}

func TestEachMistakeIsOneSentenceWithARemedyAndWithoutAValue(t *testing.T) {
	t.Parallel()
	const valid = `/Login:octopus|/Password:secret1|/Team:1|/ConfigFilePath:C:\mail.xml`
	for name, tc := range map[string]struct{ arguments, want, hint string }{
		"no arguments":            {"", "/Login is missing\n/Password is missing\n/Team is missing\n/ConfigFilePath is missing", "add /Login:LOGON"},
		"one is missing":          {`/Login:octopus|/Password:secret1|/ConfigFilePath:C:\mail.xml`, "/Team is missing", "add /Team:TEAM"},
		"an empty value":          {`/Login:|/Password:secret1|/Team:1|/ConfigFilePath:x`, "/Login: the value is missing", "write /Login:LOGON"},
		"no value":                {`/Login|/Password:secret1|/Team:1|/ConfigFilePath:x`, "/Login: the value is missing", "write /Login:LOGON"},
		"an empty LogFilePath":    {valid + "|/LogFilePath:", "/LogFilePath: the value is missing", "write /LogFilePath:FILE"},
		"given twice":             {valid + "|/LOGIN:other", "/Login is given twice", "remove one"},
		"a flag twice":            {valid + "|/DEBUG|/debug", "/DEBUG is given twice", "remove one"},
		"a misspelt name":         {valid + "|/LogFilPath:secret2", "/LogFilPath: unknown parameter (did you mean /LogFilePath?)", "correct it"},
		"an unknown name":         {valid + "|/Server:secret2", "/Server: unknown parameter", "remove it; the parameters are /Login /Password"},
		"an equals sign":          {valid + "|/LogFilePath=secret2", "/LogFilePath: no colon follows the name", "write /LogFilePath:VALUE"},
		"a value for a flag":      {valid + "|/DEBUG:secret2", "/DEBUG takes no value", "write /DEBUG alone"},
		"a word behind a flag":    {valid + "|/DEBUG|secret2", "the argument after /DEBUG is not a parameter", "quotation marks"},
		"a word at the beginning": {"secret2|" + valid, "the first argument is not a parameter", "quotation marks"},
		"a password with a blank and a slash": {
			`/Login:octopus|/Password:secret1|/secret2|/Team:1|/ConfigFilePath:C:\mail.xml`,
			"the argument after /Password is not a parameter", `into quotation marks, such as "/Password:VALUE"`,
		},
		"a path with a slash behind a blank": {
			`/Login:octopus|/Password:secret1|/Team:1|/ConfigFilePath:/srv/my|/2files/mail.xml`,
			"the argument after /ConfigFilePath is not a parameter", `such as "/ConfigFilePath:VALUE"`,
		},
		"no days":         {valid + "|/PurgeLogs:", "/PurgeLogs: the value is missing", "/PurgeLogs alone"},
		"zero days":       {valid + "|/PurgeLogs:0", "/PurgeLogs: the value is not a number of days from 1 to 36500", "such as /PurgeLogs:30"},
		"a word for days": {valid + "|/PurgeLogs:secret2", "/PurgeLogs: the value is not a number of days from 1 to 36500", "such as /PurgeLogs:30"},
		"a backslash before the quotation mark": {
			`/Login:octopus|/Password:secret1|/Team:1|/ConfigFilePath:C:\mail.xml|/LogFilePath:C:\Logs" /DEBUG`,
			"/LogFilePath: the value contains a quotation mark", "remove the backslash before the closing quotation mark",
		},
		"several at once": {"/Login:octopus|/Pasword:secret1", "/Pasword: unknown parameter (did you mean /Password?)\n/Password is missing\n/Team is missing\n/ConfigFilePath is missing", "correct it; add /Password:PASSWORD"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var arguments []string
			if tc.arguments != "" {
				arguments = strings.Split(tc.arguments, "|")
			}
			_, err := octopus.Parse(arguments)
			wrong := new(octopus.Error)
			if !errors.As(err, &wrong) {
				t.Fatalf("the error is %v", err)
			}
			if err.Error() != tc.want || !strings.Contains(wrong.Hint(), tc.hint) {
				t.Errorf("the error is %q, hint %q", err, wrong.Hint())
			}
			if text := fmt.Sprintf("%v %+v %s", err, wrong, wrong.Hint()); strings.Contains(text, "secret") {
				t.Errorf("a value is shown: %s", text)
			}
			if isMissing := strings.Contains(tc.want, "is missing"); wrong.Missing && !isMissing {
				t.Error("says that a mandatory parameter is missing")
			}
		})
	}
}

func TestACommandLineOfTheOriginalIsRecognised(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		program, arguments string
		want               bool
	}{
		{"mailintegration", "/Login:octopus", true},
		{"mailintegration", "/configfilepath:x", true},
		{"mailintegration", "/DEBUG", true},
		{"mailintegration", "--config|x.xml|/Login:octopus", true},
		{"mailintegration", "--config=x.xml|/Login:octopus", true},
		{"mailintegration", "-c|x.xml|/Login:octopus", true},
		{"mailintegration", "", false},
		{"mailintegration", "/etc/mail.xml", false},
		{"mailintegration", "/Foo:1", false},
		{"mailintegration", "service|adopt|/Login:octopus", false},
		{"mailintegration", "--config|x.xml|once", false},
		{`C:\Octopus\ESI.Octopus.MailIntegrationApp.exe`, "", true},
		{"/opt/octopus/esi.octopus.mailintegrationapp", "/Foo:1", true},
		{"ESI.Octopus.MailIntegrationApp.exe", "once", false},
		{"ESI.Octopus.MailIntegrationApp.exe", "--config|x.xml", true},
	} {
		var arguments []string
		if tc.arguments != "" {
			arguments = strings.Split(tc.arguments, "|")
		}
		if got := octopus.Speaks(tc.program, arguments); got != tc.want {
			t.Errorf("%s %v: %t, want %t", tc.program, arguments, got, tc.want)
		}
	}
}

func TestTheUsageHasEveryParameter(t *testing.T) {
	t.Parallel()
	const want = "usage: mailintegration /Login:LOGON /Password:PASSWORD /Team:TEAM /ConfigFilePath:FILE\n" +
		"         [/LogFilePath:FILE] [/PurgeLogs[:DAYS]] [/NoRestartOnUpdate] [/DEBUG]"
	if got := octopus.Usage(); got != want {
		t.Errorf("%s", got)
	}
}

func TestACallIsWrittenAgainWithoutItsPassword(t *testing.T) {
	t.Parallel()
	call := changed(func(c *octopus.Call) {
		c.Team, c.ConfigFilePath, c.LogFilePath, c.PurgeLogs, c.PurgeDays, c.Debug, c.NoRestartOnUpdate =
			"", "/etc/Mail Files/mail.xml", "mail.log", true, 30, true, true
	})
	const want = `/Login:octopus /Team:TEAM "/ConfigFilePath:/etc/Mail Files/mail.xml" /LogFilePath:mail.log /PurgeLogs:30 /NoRestartOnUpdate /DEBUG`
	if got := octopus.Quoted(call.Arguments()); got != want {
		t.Errorf("%s", got)
	}
}

func TestOnlyThePartsOfThePasswordAreSecret(t *testing.T) {
	t.Parallel()
	for arguments, want := range map[string]string{
		"/Login:a|/Password:b|/Team:1": "b", "/PASSWORD:b c|d|/Team:1": "b c|d", "/Password:|b|/x|/Debug|e": "|b|/x", "once|helpdesk": "",
		"service|adopt|--command-line|x.exe /Login:a /Password:b /Team:1": "b /Team:1", "İ /passWord:b": "b",
	} {
		if got := strings.Join(octopus.Secrets(strings.Split(arguments, "|")), "|"); got != want {
			t.Errorf("%s: %q, want %q", arguments, got, want)
		}
	}
}
