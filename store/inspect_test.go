package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mailintegration/processor"
	"mailintegration/store"
	"mailintegration/store/storetest"
)

func TestACheckFindsWhatIsWrongWithTheAttachments(t *testing.T) {
	t.Parallel()
	type result struct{ missing, damaged int }
	tests := []struct {
		name            string
		spoil           func(t *testing.T, d *desk)
		marker, removal error
		want            result
	}{
		{"nothing is wrong", func(*testing.T, *desk) {}, nil, nil, result{}},
		{"a file is missing and another is damaged", func(t *testing.T, d *desk) {
			must(t, os.Remove(d.path("content 1")))
			writeOld(t, d.path("content 2"), "torn", 0)
		}, nil, nil, result{1, 1}},
		{"the share is not mounted", func(t *testing.T, d *desk) {
			must(t, os.Rename(d.files, d.files+".share"))
			must(t, os.Mkdir(d.files, 0o755))
		}, store.ErrNoMarker, store.ErrNoMarker, result{missing: 3}},
		{"another database has adopted the directory", func(t *testing.T, d *desk) {
			_, err := openAt(t, store.Options{URL: storetest.New(t).URL, AttachmentDirectory: d.files, Adopt: true})
			must(t, err)
		}, store.ErrForeignDirectory, store.ErrForeignDirectory, result{}},
		{"the database was moved", func(t *testing.T, d *desk) {
			d.exec(t, `UPDATE attachment_directory SET instance = jsonb_set(instance, '{system}', '"7"')`)
		}, nil, store.ErrCopy, result{}},
		{"the directory is not claimed yet", func(t *testing.T, d *desk) {
			d.exec(t, `DELETE FROM attachment_directory`)
			must(t, os.Remove(filepath.Join(d.files, markerName)))
		}, nil, nil, result{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			refuse := d.exceptFor("about refused", func() processor.Decision { return processor.Refuse{} })
			d.accept(t, refuse, mail("1", "a", with(attachment("x", "content 1"), attachment("y", "content 2"))), mail("2", "refused"))
			test.spoil(t, d)
			before := d.fileNames(t)
			reader, err := openAt(t, store.Options{URL: d.url, ReadOnly: true})
			must(t, err)
			check, err := reader.CheckAttachments(t.Context(), d.files, 10)
			must(t, err)
			if !errors.Is(check.Marker, test.marker) || !errors.Is(check.Removal, test.removal) || check.Writable != nil {
				t.Errorf("%+v", check)
			}
			if check.Sampled != 3 || check.Missing != test.want.missing || check.Damaged != test.want.damaged ||
				len(check.Examples) != test.want.missing+test.want.damaged {
				t.Errorf("%+v, want %+v", check, test.want)
			}
			equal(t, before, d.fileNames(t))
		})
	}
}

func TestACheckFindsThatTheDirectoryIsNotWritable(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	check, err := d.store.CheckAttachments(t.Context(), file, 10)
	if err != nil || check.Writable == nil || check.Marker == nil {
		t.Errorf("%+v, %v", check, err)
	}
}

func TestACheckOfAShareThatHangsEnds(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	hang(t, d.store, "read marker", true)
	if _, err := d.store.CheckAttachments(t.Context(), d.files, 10); !errors.Is(err, store.ErrHanging) {
		t.Errorf("error is %v", err)
	}
}

func TestAnExampleOfACheckIsThePathOfTheFile(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.accept(t, d.clerk(), mail("1", "a", with(attachment("x", "content"))))
	writeOld(t, d.path("content"), "torn", time.Hour)
	check, err := d.store.CheckAttachments(t.Context(), d.files, 10)
	must(t, err)
	equal(t, []string{d.path("content")}, check.Examples)
}
