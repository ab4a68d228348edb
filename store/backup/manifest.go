package backup

import (
	"time"

	"mailintegration/store"
)

// format is the number of the archive's layout.
const format = 1

// Manifest says what an archive holds. It is the entry manifest.json.
type Manifest struct {
	Format     int       `json:"format"`
	Program    string    `json:"program"` // version of MailIntegration
	Schema     int64     `json:"schema"`
	PostgreSQL string    `json:"postgresql"` // version of the server
	PgDump     string    `json:"pg_dump"`    // version of the program
	TakenAt    time.Time `json:"taken_at"`   // of the snapshot, by the database's clock

	Database    Dump          `json:"database"`
	Attachments Attachments   `json:"attachments"`
	Records     store.Records `json:"records"`
	Highest     int64         `json:"highest"`      // the highest number of a request, 0 for none
	RecentDaily int64         `json:"recent_daily"` // requests that were opened on an average day of the last 30
	Checksums   string        `json:"checksums"`    // SHA-256 of SHA256SUMS
}

// Dump says what the dump of the database is.
type Dump struct {
	Octets int64  `json:"octets"`
	SHA256 string `json:"sha256"`
}

// Attachments says which files of the attachment directory the archive has.
type Attachments struct {
	Directory string   `json:"directory"` // identity of the attachment directory, "" for none
	Files     int64    `json:"files"`
	Octets    int64    `json:"octets"`
	Missing   int64    `json:"missing"`            // files that rows name and the directory lacks, or has damaged
	Examples  []string `json:"examples,omitempty"` // SHA-256 of some of them
}

// maxExamples is how many missing files a manifest names.
const maxExamples = 5

// miss counts a file that the directory lacks.
func (a *Attachments) miss(digest string) {
	a.Missing++
	if len(a.Examples) < maxExamples {
		a.Examples = append(a.Examples, digest)
	}
}

// minNumbers is how many numbers a restore leaves out at least.
const minNumbers = 1000

// FirstNumber returns a number above all that were likely given out between the backup and now: four times as many as usual.
func (m Manifest) FirstNumber(now time.Time) int64 {
	days := max(0, int64(now.Sub(m.TakenAt)/(24*time.Hour)))
	first := m.Highest + minNumbers + 4*m.RecentDaily*(days+1)
	return min((first+99)/100*100, max(store.MaxFirstNumber, m.Highest+1))
}

// major returns the major version of the server.
func (m Manifest) major() int { return majorOf(m.PostgreSQL) }

// majorOf returns the number that a version of PostgreSQL begins with.
func majorOf(version string) int {
	n := 0
	for _, r := range version {
		if r < '0' || r > '9' {
			break
		}
		n = 10*n + int(r-'0')
	}
	return n
}
