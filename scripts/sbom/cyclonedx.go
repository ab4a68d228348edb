package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"time"
)

// The parts of a CycloneDX 1.5 document that this program writes (https://cyclonedx.org/docs/1.5/json/).
type (
	bom struct {
		Format       string       `json:"bomFormat"`
		Spec         string       `json:"specVersion"`
		Serial       string       `json:"serialNumber"`
		Version      int          `json:"version"`
		Metadata     metadata     `json:"metadata"`
		Components   []component  `json:"components"`
		Dependencies []dependency `json:"dependencies"`
	}
	metadata struct {
		Timestamp string    `json:"timestamp"`
		Component component `json:"component"`
	}
	component struct {
		Type       string     `json:"type"`
		Ref        string     `json:"bom-ref"`
		Name       string     `json:"name"`
		Version    string     `json:"version"`
		Hashes     []hash     `json:"hashes,omitempty"`
		Licenses   []license  `json:"licenses"`
		PURL       string     `json:"purl"`
		Properties []property `json:"properties,omitempty"`
	}
	hash struct {
		Algorithm string `json:"alg"`
		Content   string `json:"content"`
	}
	license struct {
		License struct {
			ID string `json:"id"`
		} `json:"license"`
	}
	property struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	dependency struct {
		Ref string   `json:"ref"`
		On  []string `json:"dependsOn"`
	}
)

// document returns the document of a program: digest is the SHA-256 of its file.
func document(version, digest string, at time.Time, info *debug.BuildInfo, modules []module) ([]byte, error) {
	program := component{
		Type: "application", Name: "mailintegration", Version: version, PURL: "pkg:golang/mailintegration@" + version,
		Hashes: []hash{{"SHA-256", digest}}, Licenses: licensed("Apache-2.0"),
	}
	program.Ref = program.PURL
	for _, s := range info.Settings {
		if s.Key == "GOOS" || s.Key == "GOARCH" || s.Key == "vcs.revision" {
			program.Properties = append(program.Properties, property{"go:" + s.Key, s.Value})
		}
	}
	doc := bom{
		Format: "CycloneDX", Spec: "1.5", Serial: "urn:uuid:" + serial(digest), Version: 1,
		Metadata:     metadata{Timestamp: at.Format(time.RFC3339), Component: program},
		Dependencies: []dependency{{Ref: program.Ref}},
	}
	for _, m := range modules {
		c := component{Type: "library", Name: m.path, Version: m.version, PURL: "pkg:golang/" + m.path + "@" + m.version, Licenses: licensed(m.license)}
		c.Ref = c.PURL
		if m.sum != "" {
			c.Properties = []property{{"go:sum", m.sum}}
		}
		doc.Components = append(doc.Components, c)
		doc.Dependencies[0].On = append(doc.Dependencies[0].On, c.Ref)
	}
	text, err := json.MarshalIndent(doc, "", "  ")
	return append(text, '\n'), err
}

// licensed returns a licence by its SPDX identifier.
func licensed(id string) []license {
	var l license
	l.License.ID = id
	return []license{l}
}

// serial returns the identity of the document, which the program determines.
func serial(digest string) string {
	sum := sha256.Sum256([]byte("bill of materials of " + digest))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80 // RFC 9562 §5.8: an identity of our own making
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
