package completion_test

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"mailintegration/cmd/mailintegration/completion"
)

// commands is a command line with everything that completions have to know.
type commands struct {
	Config string `short:"c" placeholder:"FILE" help:"The service file."`

	Run     struct{} `cmd:"" help:"Poll: now and then."`
	Request struct {
		List struct {
			State string `enum:"open,closed,all" default:"all" help:"It's the state."`
			JSON  bool   `help:"Print JSON."`
		} `cmd:"" help:"List requests."`
		Show struct {
			Number []int64 `arg:"" help:"Numbers."`
		} `cmd:"" help:"Show a request."`
	} `cmd:"" help:"Requests."`
	Explain struct {
		Mailbox string   `placeholder:"NAME" help:"The mailbox."`
		File    []string `arg:"" help:"Files."`
	} `cmd:"" help:"Explain messages."`
	Secret struct{} `cmd:"" hidden:"" help:"Not shown."`
	Print  struct {
		Shell string `arg:"" enum:"bash,zsh" help:"A shell."`
	} `cmd:"" help:"Print."`
}

// script returns the completions of commands for a shell.
func script(t *testing.T, shell string) string {
	t.Helper()
	k, err := kong.New(&commands{}, kong.Name("mail"))
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := completion.Write(&text, shell, k.Model.Node); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// lines are command lines that end where a person asks for completions, with what the shell offers. The folder in which the
// shell runs has the files apple.eml and "with blank.eml".
var lines = []struct {
	name, line string
	want       []string
}{
	{"the verbs come first", "mail ", []string{"explain", "print", "request", "run"}},
	{"a verb that has begun is completed", "mail re", []string{"request"}},
	{"a verb has verbs below it", "mail request ", []string{"list", "show"}},
	{"flags of a verb come with those of every verb", "mail request list --", []string{"--config", "--help", "--json", "--state"}},
	{"a flag that has begun is completed", "mail request list --st", []string{"--state"}},
	{"a flag has its values", "mail request list --state ", []string{"all", "closed", "open"}},
	{"a value that has begun is completed", "mail request list --state o", []string{"open"}},
	{"a flag before the verb does not hide the verb", "mail -c x.xml request ", []string{"list", "show"}},
	{"a value that is a verb's name is no verb", "mail --config run request l", []string{"list"}},
	{"a file is completed", "mail explain a", []string{"apple.eml"}},
	{"the value of a flag is a file", "mail --config a", []string{"apple.eml"}},
	{"a file with a blank is one word", "mail explain w", []string{"with blank.eml"}},
	{"a name that nobody knows is not completed", "mail explain --mailbox ", nil},
	{"a number is not completed", "mail request show ", nil},
	{"an argument has its values", "mail print ", []string{"bash", "zsh"}},
	{"a hidden verb is not offered", "mail se", nil},
}

func TestBashCompletesTheCommandLine(t *testing.T) {
	t.Parallel()
	bash := shell(t, "bash")
	for _, test := range append(lines, []struct {
		name, line string
		want       []string
	}{
		{"the value behind an equals sign is completed", "mail request list --state = c", []string{"closed"}},
		{"all values follow an equals sign", "mail request list --state =", []string{"all", "closed", "open"}},
	}...) {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := offered(t, exec.Command(bash, "--norc", "-c", script(t, "bash")+`
				COMP_WORDS=($1); [[ $1 == *" " ]] && COMP_WORDS+=("")
				COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
				_mail; printf '%s\n' "${COMPREPLY[@]}" | sort`, "bash", test.line))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("%q (-want +got):\n%s", test.line, diff)
			}
		})
	}
}

func TestFishCompletesTheCommandLine(t *testing.T) {
	t.Parallel()
	fish := shell(t, "fish")
	for _, test := range lines {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := offered(t, exec.Command(fish, "--no-config", "-c", script(t, "fish")+`
				complete -C $argv[1] | string replace -r '\t.*' '' | string match -v -- '-?' | sort`, test.line))
			for i := range got {
				got[i] = strings.ReplaceAll(got[i], `\ `, " ")
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("%q (-want +got):\n%s", test.line, diff)
			}
		})
	}
}

// TestZshOffersVerbsFlagsAndValues replaces what shows completions by functions that print them: zsh completes only on a
// terminal.
func TestZshOffersVerbsFlagsAndValues(t *testing.T) {
	t.Parallel()
	zsh := shell(t, "zsh")
	for _, test := range lines {
		if strings.Contains(test.name, "file") { // _files is the shell's own
			continue
		}
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := offered(t, exec.Command(zsh, "-f", "-c", `
				compdef() { }
				_files() { print files }
				compadd() { shift; print -l -- $@ }
				_describe() { local all=${@[-1]}; print -l -- ${${(P)all}%%:*} }
				`+script(t, "zsh")+`
				words=(${=1}); [[ $1 == *" " ]] && words+=("")
				CURRENT=$#words PREFIX=$words[-1]
				_mail | grep -e "^$PREFIX" | sort; true`, "zsh", test.line))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("%q (-want +got):\n%s", test.line, diff)
			}
		})
	}
}

func TestAnUnknownShellIsAnErrorThatNamesTheOthers(t *testing.T) {
	t.Parallel()
	err := completion.Write(&bytes.Buffer{}, "tcsh", &kong.Node{})
	if err == nil || err.Error() != "tcsh: no completions for this shell; the shells are bash, zsh, fish" {
		t.Errorf("%v", err)
	}
}

// shell returns the path of a shell, and skips the test where it is not installed. bash is installed wherever make runs.
func shell(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil && name == "bash" {
		t.Fatal(err)
	}
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	return path
}

// offered runs a shell in a folder with files and returns the lines that it prints.
func offered(t *testing.T, shell *exec.Cmd) []string {
	t.Helper()
	shell.Dir = "testdata"
	shell.Env = append(shell.Environ(), "LC_ALL=C.UTF-8")
	out, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var words []string
	for line := range strings.Lines(string(out)) {
		if line = strings.TrimSpace(line); line != "" {
			words = append(words, line)
		}
	}
	return words
}
