package service

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"mailintegration/deploy"
)

// usual are the options of an installation that a package would make.
var usual = Options{
	Executable: "/usr/bin/mailintegration", Config: "/etc/mailintegration/mailintegration.xml", Account: defaultAccount,
	Credentials: defaultCredentials, Writes: []string{"/var/lib/mailintegration", "/var/lib/mailintegration/spool", "/var/log/mailintegration"},
}

func TestTheUsualInstallationHasTheUnitOfThePackages(t *testing.T) {
	t.Parallel()
	if got := render(deploy.SystemdUnit, usual, 252); got != deploy.SystemdUnit {
		t.Errorf("the unit is\n%s", got)
	}
}

func TestTheUnitFollowsTheInstallation(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		version int
		change  func(*Options)
		has     []string
		lacks   []string
	}{
		{
			"systemd 253 waits for the end of a reload", 253, func(*Options) {},
			[]string{"Type=notify-reload"}, []string{"Type=notify", "ExecReload=/bin/kill -HUP $MAINPID"},
		},
		{
			"systemd of an unknown version gets what every version knows", 0, func(*Options) {},
			[]string{"Type=notify", "ExecReload=/bin/kill -HUP $MAINPID"}, nil,
		},
		{
			"a program in another folder has no manual pages", 252, func(o *Options) { o.Executable = "/opt/mail/mailintegration" },
			[]string{"ExecStart=/opt/mail/mailintegration --config /etc/mailintegration/mailintegration.xml run"},
			[]string{"Documentation=man:mailintegration(1) man:mailintegration(5)"},
		},
		{
			"characters that systemd would interpret", 252, func(o *Options) { o.Config = `/etc/mail 100%/it's "$HOME"\.xml` },
			[]string{`ExecStart=/usr/bin/mailintegration --config "/etc/mail 100%%/it's \"$$HOME\"\\.xml" run`}, nil,
		},
		{
			"an account of the administrator", 252, func(o *Options) { o.Account = "mail" },
			[]string{"User=mail"}, []string{"User=mailintegration", "Group=mailintegration"},
		},
		{
			"a share for attachments", 252, func(o *Options) { o.Writes = append(o.Writes, "/mnt/share 1", "/mnt/share 1") },
			[]string{"UMask=0027", `ReadWritePaths=-"/mnt/share 1"`}, nil,
		},
		{
			"everything in home directories", 252, func(o *Options) {
				o.Executable, o.Config, o.Writes = "/home/ann/m", "/home/ann/conf/m.xml", []string{"/home/ann/data"}
				o.Reads = []string{"/home/ann/conf/helpdesk.xml", "/home/ann/data/ca.pem", "/etc/ssl/ca.pem"}
			},
			[]string{
				"ProtectHome=tmpfs", "BindPaths=-/home/ann/data", "BindReadOnlyPaths=-/home/ann/m", "BindReadOnlyPaths=-/home/ann/conf",
			},
			[]string{"ProtectHome=yes", "ReadWritePaths=-/home/ann/data", "BindReadOnlyPaths=-/home/ann/data/ca.pem", "BindReadOnlyPaths=-/etc/ssl/ca.pem"},
		},
		{
			"secrets in another folder", 252, func(o *Options) { o.Credentials = "/srv/50%" },
			[]string{"LoadCredential=secret:/srv/50%%"}, nil,
		},
	} {
		o := usual
		o.Writes = slices.Clone(usual.Writes)
		c.change(&o)
		unit := render(deploy.SystemdUnit, o, c.version)
		lines := strings.Split(unit, "\n")
		for _, want := range c.has {
			if !slices.Contains(lines, want) {
				t.Errorf("%s: the unit has no line %s", c.name, want)
			}
		}
		for _, not := range c.lacks {
			if slices.Contains(lines, not) {
				t.Errorf("%s: the unit has the line %s", c.name, not)
			}
		}
		if !strings.HasSuffix(unit, "[Install]\nWantedBy=multi-user.target\n") {
			t.Errorf("%s: the unit has lost its end", c.name)
		}
	}
}

// TestEveryLineOfTheUnitIsExplained wants a comment above each group of settings.
func TestEveryLineOfTheUnitIsExplained(t *testing.T) {
	t.Parallel()
	explained := false
	for line := range strings.Lines(deploy.SystemdUnit) {
		switch {
		case strings.HasPrefix(line, "#"):
			explained = true
		case line == "\n":
			explained = false
		case strings.HasPrefix(line, "["), strings.HasPrefix(line, "Description="), strings.HasPrefix(line, "Documentation="), strings.HasPrefix(line, "WantedBy="):
		case !explained:
			t.Errorf("no comment explains %s", line)
		}
	}
}

// TestTheUnitExposesLittle asks systemd itself. The project promises 1.2.
func TestTheUnitExposesLittle(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("there is no systemd-analyze")
	}
	out, err := exec.Command(program, "security", "--offline=true", "--threshold=12", "../../../deploy/systemd/mailintegration.service").CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
