package main

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

// module is one module that is linked into the program, or the standard library.
type module struct {
	path, version, sum string
	folder             string
	license            string // its SPDX identifier
	texts              []text
}

// text is a file that states terms or copyrights.
type text struct{ name, content string }

func run(args []string) error {
	if len(args) != 4 {
		return errors.New("usage: sbom PROGRAM VERSION BOM.json LICENSES.txt")
	}
	program, version, bom, licenses := args[0], args[1], args[2], args[3]
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return err
	}
	modules, err := modulesOf(info)
	if err != nil {
		return err
	}
	octets, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	at, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64)
	if err != nil {
		return fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
	}
	digest := sha256.Sum256(octets)
	doc, err := document(version, hex.EncodeToString(digest[:]), time.Unix(at, 0).UTC(), info, modules)
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(bom, doc, 0o644), os.WriteFile(licenses, texts(modules), 0o644))
}

// modulesOf returns the modules of a program with their licences, the standard library first.
func modulesOf(info *debug.BuildInfo) ([]module, error) {
	root, err := output("go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	all := []module{{path: "std", version: strings.TrimPrefix(info.GoVersion, "go"), folder: root}}
	for _, dep := range info.Deps {
		if dep.Replace != nil {
			dep = dep.Replace
		}
		all = append(all, module{path: dep.Path, version: dep.Version, sum: dep.Sum})
	}
	if err := findFolders(all[1:]); err != nil {
		return nil, err
	}
	for i := range all {
		if err := all[i].read(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// findFolders asks go for the folders of modules in its cache.
func findFolders(modules []module) error {
	args := []string{"mod", "download", "-json"}
	for _, m := range modules {
		args = append(args, m.path+"@"+m.version)
	}
	listed, err := output("go", args...)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(strings.NewReader(listed))
	for decoder.More() {
		var one struct{ Path, Version, Dir string }
		if err := decoder.Decode(&one); err != nil {
			return err
		}
		i := slices.IndexFunc(modules, func(m module) bool { return m.path == one.Path && m.version == one.Version })
		if i >= 0 {
			modules[i].folder = one.Dir
		}
	}
	return nil
}

// output runs a command and returns what it prints.
func output(name string, args ...string) (string, error) {
	out, err := exec.Command(name, args...).Output()
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		err = fmt.Errorf("%s %s: %w: %s", name, args[0], err, exit.Stderr)
	}
	return strings.TrimSpace(string(out)), err
}

// read reads the module's files about terms, and finds out the licence.
func (m *module) read() error {
	files, err := os.ReadDir(m.folder)
	if err != nil {
		return fmt.Errorf("%s: %w", m.path, err)
	}
	for _, f := range files {
		if f.Type().IsRegular() && isTerms(f.Name()) {
			content, err := os.ReadFile(filepath.Join(m.folder, f.Name()))
			if err != nil {
				return err
			}
			m.texts = append(m.texts, text{f.Name(), string(content)})
		}
	}
	for _, t := range m.texts {
		if m.license = licenseOf(t.content); m.license != "" {
			return nil
		}
	}
	return fmt.Errorf("%s@%s: no known licence in %s: look at it, and add it to licenseOf", m.path, m.version, m.folder)
}

// texts returns the terms of all modules as one text.
func texts(modules []module) []byte {
	var b bytes.Buffer
	b.WriteString("MailIntegration contains the following modules. Their terms follow, each under a line of equals signs.\n\n")
	for _, m := range modules {
		fmt.Fprintf(&b, "  %s %s (%s)\n", m.path, m.version, m.license)
	}
	for _, m := range modules {
		for _, t := range m.texts {
			fmt.Fprintf(&b, "\n%s\n%s %s, %s\n\n%s\n", strings.Repeat("=", 78), m.path, m.version, t.name, strings.TrimSpace(t.content))
		}
	}
	return b.Bytes()
}
