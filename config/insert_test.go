package config

import (
	"strings"
	"testing"
)

func TestTagsAreInsertedAndTheRestOfTheFileStaysAsItIs(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ file, want string }{
		"UTF-8": {
			"<?xml version=\"1.0\" encoding=\"utf-8\" ?>\n<!-- é -->\n<Mail a=\"1\">\n <X/><!-- b -->\n</mail>",
			"<?xml version=\"1.0\" encoding=\"utf-8\" ?>\n<!-- é -->\n<Mail a=\"1\">\n  <Name>a</Name>\n <X/><!-- b -->\n</mail>",
		},
		"Windows ends of lines":              {"<Mail>\r\n</Mail>", "<Mail>\r\n  <Name>a</Name>\r\n</Mail>"},
		"code page 1252":                     {"<?xml version='1.0' encoding='windows-1252'?><Mail>\xE9</Mail>", "<?xml version='1.0' encoding='utf-8'?><Mail>\n  <Name>a</Name>é</Mail>"},
		"UTF-16":                             {"\xFF\xFE<\x00M\x00>\x00\xE9\x00<\x00/\x00M\x00>\x00", "<M>\n  <Name>a</Name>é</M>"},
		"a file that says UTF-16 and is not": {`<?xml version="1.0" encoding="utf-16"?><M></M>`, `<?xml version="1.0" encoding="utf-8"?><M>` + "\n  <Name>a</Name></M>"},
	} {
		got, err := InsertTags([]byte(tc.file), "\n  <Name>a</Name>")
		if err != nil || string(got) != tc.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", name, err, got, tc.want)
		}
	}
	for _, file := range []string{"", "no tags", `<?xml version="1.0" encoding="klingon"?><M/>`} {
		if got, err := InsertTags([]byte(file), "x"); err == nil {
			t.Errorf("%s has become %s", file, got)
		}
	}
}

func TestTheTagsOfAFileAreKnownByTheirNames(t *testing.T) {
	t.Parallel()
	got := HasTags([]byte(strings.ReplaceAll("<M><server><PORT>1</port></server><login>a</login><Filters><Filter><Name>x</Name></Filter></Filters></M>", "'", `"`)))
	if !got["Port"] || !got["Login"] || got["Name"] || len(got) != 2 {
		t.Errorf("the tags are %v", got)
	}
}
