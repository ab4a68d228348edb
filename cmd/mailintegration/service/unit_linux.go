package service

import (
	"path/filepath"
	"slices"
	"strings"
)

// notifyReload is the version of systemd that has Type=notify-reload.
const notifyReload = 253

// render returns the unit for the options: ours with another command line, account and directories.
func render(unit string, o Options, version int) string {
	set := map[string]string{
		"ExecStart":      quoted(o.Executable) + " --config " + quoted(o.Config) + " run",
		"LoadCredential": "secret:" + escaped(o.Credentials),
	}
	if version >= notifyReload {
		set["Type"], set["ExecReload"] = "notify-reload", ""
	}
	if o.Account != defaultAccount {
		set["User"], set["Group"] = o.Account, ""
	}
	if !isSystemFolder(o.Executable) { // such an installation has no manual pages
		set["Documentation"] = ""
	}
	homes, others := apart(o)
	if len(homes) > 0 {
		set["ProtectHome"] = "tmpfs\n" + strings.Join(homes, "\n")
	}
	if len(others) > 0 {
		set["UMask"] = valueOf(unit, "UMask") + "\n" + strings.Join(others, "\n")
	}
	return edit(unit, set)
}

// edit replaces the values of a unit's settings. An empty value removes the line.
func edit(unit string, set map[string]string) string {
	var b strings.Builder
	for line := range strings.Lines(unit) {
		name, _, _ := strings.Cut(line, "=")
		value, replaced := set[name]
		switch {
		case !replaced:
			b.WriteString(line)
		case value != "":
			b.WriteString(name + "=" + value + "\n")
		}
	}
	return b.String()
}

// valueOf returns the value of a setting of a unit.
func valueOf(unit, name string) string {
	_, value, _ := strings.Cut(unit, "\n"+name+"=")
	value, _, _ = strings.Cut(value, "\n")
	return value
}

// apart returns the settings for the paths that the unit does not open by itself: first for those in home directories and other
// places that the daemon does not see, which are bound into the empty ones that it sees, then for those that it shall write to.
func apart(o Options) (hidden, written []string) {
	for _, path := range sorted(o.Writes) {
		switch {
		case isHidden(path):
			hidden = append(hidden, "BindPaths=-"+quoted(path))
		case !isOwn(path):
			written = append(written, "ReadWritePaths=-"+quoted(path))
		}
	}
	reads := []string{o.Executable}
	for _, path := range append([]string{o.Config}, o.Reads...) {
		reads = append(reads, filepath.Dir(path)) // an editor replaces a file, and the daemon would go on seeing the old one
	}
	for _, path := range sorted(reads) {
		if isHidden(path) && !slices.ContainsFunc(o.Writes, func(w string) bool { return isBelow(path, w) }) {
			hidden = append(hidden, "BindReadOnlyPaths=-"+quoted(path))
		}
	}
	return hidden, written
}

// isHidden reports whether the daemon does not see a path, because of ProtectHome and PrivateTmp.
func isHidden(path string) bool {
	return slices.ContainsFunc([]string{"/home", "/root", "/run/user", "/tmp", "/var/tmp"}, func(d string) bool { return isBelow(path, d) })
}

// isOwn reports whether a path is in the directories that systemd gives to the account.
func isOwn(path string) bool {
	return isBelow(path, "/var/lib/"+Name) || isBelow(path, "/var/log/"+Name)
}

// isSystemFolder reports whether a program is where packages put it.
func isSystemFolder(program string) bool { return filepath.Dir(program) == "/usr/bin" }

// isBelow reports whether a path is a directory or something in it.
func isBelow(path, directory string) bool {
	return path == directory || strings.HasPrefix(path, strings.TrimSuffix(directory, "/")+"/")
}

// quoted returns a path as a word of a setting (systemd.syntax(7)).
func quoted(path string) string {
	if !strings.ContainsAny(path, " \t\"'\\$;") {
		return escaped(path)
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `$$`).Replace(escaped(path)) + `"`
}

// escaped returns a path without specifiers (systemd.unit(5)).
func escaped(path string) string { return strings.ReplaceAll(path, "%", "%%") }
