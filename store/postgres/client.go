package postgres

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Program is one of PostgreSQL's client programs.
type Program struct {
	Path    string
	Version string // such as 15.18
	Major   int
}

// ProgramError says that a client program is not installed in a version that fits.
type ProgramError struct {
	Name  string
	Major int      // the oldest version that fits
	Found []string // what there is, with the folder of each
}

func (e *ProgramError) Error() string {
	if len(e.Found) == 0 {
		return fmt.Sprintf("PostgreSQL's program %s is not installed", e.Name)
	}
	return fmt.Sprintf("PostgreSQL's program %s is needed in version %d or newer, and there is only %s", e.Name, e.Major, strings.Join(e.Found, ", "))
}

// Hint returns what a person can do.
func (e *ProgramError) Hint() string {
	version := ""
	if e.Major > 0 {
		version = fmt.Sprintf("-%d", e.Major)
	}
	return fmt.Sprintf("install PostgreSQL's client programs (Debian, Ubuntu: apt-get install postgresql-client%s; Fedora, RHEL: dnf install "+
		"postgresql), or name their folder in %s", version, BinEnvironment)
}

// FindProgram returns the client program for a server of a major version: of the same version, or else the oldest of those that are
// newer, because none of them works with a newer server; for version 0, the first one. It looks in $MAILINTEGRATION_PG_BIN, in the usual folders and in PATH.
func FindProgram(ctx context.Context, name string, major int) (Program, error) {
	missing := &ProgramError{Name: name, Major: major}
	var fitting []Program
	for _, path := range programPaths(name) {
		p, err := inspectProgram(ctx, path)
		switch {
		case err != nil:
			return Program{}, err
		case major == 0 || p.Major == major:
			return p, nil
		case p.Major > major:
			fitting = append(fitting, p)
		default:
			missing.Found = append(missing.Found, fmt.Sprintf("%s (%s)", p.Version, filepath.Dir(path)))
		}
	}
	if len(fitting) == 0 {
		return Program{}, missing
	}
	return slices.MinFunc(fitting, func(a, b Program) int { return a.Major - b.Major }), nil
}

// programPaths returns where a client program lies, the preferred place first. Root runs only what nobody else can change.
func programPaths(name string) (paths []string) {
	var folders []string
	if named := os.Getenv(BinEnvironment); named != "" {
		folders = append(folders, named)
	}
	for _, pattern := range usualFolders() {
		m, _ := filepath.Glob(pattern) // the patterns are constants and well formed
		folders = append(folders, m...)
	}
	for _, folder := range append(folders, filepath.SplitList(os.Getenv("PATH"))...) {
		path := binaries{directory: folder}.program(name)
		info, err := os.Stat(path)
		if !filepath.IsAbs(folder) || err != nil || info.IsDir() || slices.Contains(paths, path) {
			continue
		}
		if real, err := filepath.EvalSymlinks(path); err == nil && distrustProgram(real) == "" {
			paths = append(paths, path)
		}
	}
	return paths
}

// inspectProgram returns a client program, having asked it for its version.
func inspectProgram(ctx context.Context, path string) (Program, error) {
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return Program{}, fmt.Errorf("ask %s for its version: %w", path, err)
	}
	m := versionOutput.FindSubmatch(out)
	if m == nil {
		return Program{}, fmt.Errorf("%s --version printed %q, not its version: reinstall PostgreSQL's client programs, or name their folder in %s",
			path, strings.TrimSpace(string(out)), BinEnvironment)
	}
	major, err := strconv.Atoi(string(m[2]))
	return Program{Path: path, Version: string(m[1]), Major: major}, err
}

// variables are the environment variables by which PostgreSQL's programs know the settings of an address, beside host, port, user,
// password and database.
var variables = map[string]string{
	"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY", "sslcrl": "PGSSLCRL",
	"sslsni": "PGSSLSNI", "sslnegotiation": "PGSSLNEGOTIATION", "ssl_min_protocol_version": "PGSSLMINPROTOCOLVERSION",
	"ssl_max_protocol_version": "PGSSLMAXPROTOCOLVERSION", "target_session_attrs": "PGTARGETSESSIONATTRS", "passfile": "PGPASSFILE",
	"require_auth": "PGREQUIREAUTH", "channel_binding": "PGCHANNELBINDING", "options": "PGOPTIONS", "krbsrvname": "PGKRBSRVNAME",
	"gssencmode": "PGGSSENCMODE", "connect_timeout": "PGCONNECT_TIMEOUT",
}

// ClientEnvironment returns the environment variables with which PostgreSQL's programs connect to the database at an address: a URL,
// or words such as host=…. The password is among them, so that no list of processes shows it.
func ClientEnvironment(address string) ([]string, error) {
	config, err := pgconn.ParseConfig(address)
	if err != nil {
		return nil, err // the caller has used the address before
	}
	hosts, ports := []string{config.Host}, []string{strconv.Itoa(int(config.Port))}
	for _, f := range config.Fallbacks { // other servers, and the same ones without TLS
		port := strconv.Itoa(int(f.Port))
		if i := slices.Index(hosts, f.Host); i < 0 || ports[i] != port {
			hosts, ports = append(hosts, f.Host), append(ports, port)
		}
	}
	env := []string{
		"PGHOST=" + strings.Join(hosts, ","), "PGPORT=" + strings.Join(ports, ","), "PGUSER=" + config.User, "PGDATABASE=" + config.Database,
		"PGAPPNAME=mailintegration",
	}
	if config.Password != "" {
		env = append(env, "PGPASSWORD="+config.Password)
	}
	for name, value := range addressSettings(address) {
		if variable := variables[name]; variable != "" {
			env = append(env, variable+"="+value)
		}
	}
	slices.Sort(env)
	return env, nil
}

// ClientDatabase returns the argument that names the database of an address to PostgreSQL's programs. With it, they notice within
// about a minute that the server's host is gone.
func ClientDatabase(address string) (string, error) {
	config, err := pgconn.ParseConfig(address)
	if err != nil {
		return "", err // the caller has used the address before
	}
	quoted := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(config.Database)
	return "dbname='" + quoted + "' keepalives_idle=30 keepalives_interval=10 keepalives_count=3 tcp_user_timeout=60000", nil
}

// addressSettings returns the settings that an address, which pgconn can parse, has by name.
func addressSettings(address string) map[string]string {
	all := map[string]string{}
	if strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://") {
		if u, err := url.Parse(address); err == nil {
			for name, values := range u.Query() {
				all[name] = values[0]
			}
		}
		return all
	}
	for rest := strings.TrimSpace(address); rest != ""; rest = strings.TrimSpace(rest) {
		var name string
		name, rest, _ = strings.Cut(rest, "=")
		var value strings.Builder
		rest = word(strings.TrimLeft(rest, " \t\r\n"), &value)
		all[strings.TrimSpace(name)] = value.String()
	}
	return all
}

// word takes the first value from words such as host=…, which may be in single quotes with a backslash before a quote, and returns
// the rest.
func word(text string, value *strings.Builder) (rest string) {
	end := " \t\r\n"
	if strings.HasPrefix(text, "'") {
		text, end = text[1:], "'"
	}
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text):
			i++
			value.WriteByte(text[i])
		case strings.IndexByte(end, text[i]) >= 0:
			return text[i+1:]
		default:
			value.WriteByte(text[i])
		}
	}
	return ""
}
