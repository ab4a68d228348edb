package config

import (
	"go/build"
	"slices"
	"strings"
	"testing"
)

func TestEveryTagIsDocumentedAndItsDefaultAndExampleAreValid(t *testing.T) {
	t.Parallel()
	docs, err := documentations()
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range slices.Concat(MailboxTags(), ServiceTags(), FilterTags(), SmtpTags()) {
		t.Run(tag.Name, func(t *testing.T) {
			t.Parallel()
			if docs[tag.field].text == "" {
				t.Errorf("field %s has no comment that documents the tag", tag.field)
			}
			if tag.Section == "" || tag.Values == "" || tag.Example == "" {
				t.Errorf("something is missing: %+v", tag)
			}
			for _, text := range []string{tag.Default, tag.Example} {
				if text == "" {
					continue
				}
				value, detail, ok := tag.kind.parse(text)
				if !ok {
					t.Fatalf("%q is refused: %s", text, tag.kind.wrong(text, detail, false))
				}
				if again := tag.kind.format(value); !tag.Secret() && !isSameValue(tag.kind, again, value) {
					t.Errorf("%q is written as %q, which means something else", text, again)
				}
			}
		})
	}
}

// isSameValue reports whether parse reads text as value.
func isSameValue(k kind, text string, value any) bool {
	again, _, ok := k.parse(text)
	return ok && k.format(again) == k.format(value)
}

func TestNoTwoTagsOfAFileHaveOneName(t *testing.T) {
	t.Parallel()
	for _, tags := range [][]Tag{MailboxTags(), ServiceTags(), FilterTags(), SmtpTags()} {
		seen := map[string]bool{}
		for _, tag := range tags {
			if key := strings.ToLower(tag.Name); seen[key] {
				t.Errorf("two tags are called %s", tag.Name)
			} else {
				seen[key] = true
			}
		}
	}
}

func TestTheNearestTagIsFound(t *testing.T) {
	t.Parallel()
	names := []string{"Port", "ServerName", "UserName", "Password", "IncidentPriority"}
	for _, test := range []struct{ name, want string }{
		{"Prot", "Port"}, {"Ports", "Port"}, {"USERNAM", "UserName"}, {"ServreName", "ServerName"},
		{"Pasword", "Password"}, {"IncidentsPriorty", "IncidentPriority"}, {"Colour", ""}, {"X", ""}, {"", ""},
		{strings.Repeat("Port", 100), ""},
	} {
		if got := nearest(test.name, names); got != test.want {
			t.Errorf("nearest to %q is %q, want %q", test.name, got, test.want)
		}
	}
}

func TestThePackageImportsNoOtherOfThisModule(t *testing.T) {
	t.Parallel()
	pkg, err := build.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range pkg.Imports {
		if strings.HasPrefix(path, "mailintegration") && !strings.HasPrefix(path, "mailintegration/config/") {
			t.Errorf("the package imports %s", path)
		}
	}
}
