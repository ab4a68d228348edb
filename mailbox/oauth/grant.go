package oauth

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Grant says how a token is obtained.
type Grant string

// The grants.
const (
	ClientCredentials Grant = "client credentials"     // RFC 6749 §4.4
	DeviceCode        Grant = "device code"            // RFC 8628, then RFC 6749 §6
	UserPassword      Grant = "user name and password" // RFC 6749 §4.3, "ROPC" with Microsoft
)

// Purpose says what tokens are used for.
type Purpose int

// The purposes.
const (
	Reading           Purpose = iota // POP3
	ReadingAndSending                // POP3 and SMTP
	Sending                          // SMTP
)

// DefaultAuthority is the base address of the endpoints for the public cloud.
const DefaultAuthority = "https://login.microsoftonline.com"

// The permissions to request. A person's are named one by one; an application cannot name its own: .default stands for
// those to which an administrator consented.
const (
	applicationScope = "https://outlook.office365.com/.default"
	popScope         = "https://outlook.office.com/POP.AccessAsUser.All"
	smtpScope        = "https://outlook.office.com/SMTP.Send"
	refreshScope     = "offline_access"
)

// Options are the settings of a Source. Mailbox, TenantID, ClientID and UserName are required, Store for a device code.
type Options struct {
	Mailbox      string // name of the mailbox, under which its refresh token is stored
	AuthorityURL string // base address of the endpoints, "" for DefaultAuthority
	TenantID     string // identifier or domain
	ClientID     string
	UserName     string
	ClientSecret string   // for ClientCredentials
	Password     string   // for UserPassword, without ClientSecret
	Scopes       []string // permissions to request, nil for those that the purpose needs
	Purpose      Purpose

	Store     *Store            // for refresh tokens
	Timeout   time.Duration     // for one request; 0 means 30 s
	Transport http.RoundTripper // nil means HTTPS through the proxy that the environment names
	Now       func() time.Time  // nil means time.Now
}

// Grant returns the configured grant.
func (o Options) Grant() Grant {
	switch {
	case o.ClientSecret != "":
		return ClientCredentials
	case o.Password != "":
		return UserPassword
	}
	return DeviceCode
}

// withDefaults returns the options with their zero values replaced.
func (o Options) withDefaults() Options {
	o.AuthorityURL = strings.TrimRight(cmp.Or(o.AuthorityURL, DefaultAuthority), "/")
	o.Timeout = cmp.Or(o.Timeout, 30*time.Second)
	if len(o.Scopes) == 0 {
		o.Scopes = o.Grant().scopes(o.Purpose)
	}
	if o.Transport == nil {
		o.Transport = newTransport()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// scopes returns the permissions that the grant requests by default. A person is asked for both at once, so that nobody has
// to authorize a mailbox again when it begins to send.
func (g Grant) scopes(p Purpose) []string {
	switch {
	case g == ClientCredentials:
		return []string{applicationScope}
	case g == UserPassword && p == Reading:
		return []string{popScope}
	case g == UserPassword && p == Sending:
		return []string{smtpScope}
	case g == UserPassword:
		return []string{popScope, smtpScope}
	}
	return []string{popScope, smtpScope, refreshScope}
}

// check returns an error for options that cannot work.
func (o Options) check() error {
	u, err := url.Parse(o.AuthorityURL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return errors.New("AuthorityURL is not an HTTP or HTTPS address")
	case o.Mailbox == "" || o.TenantID == "" || o.ClientID == "":
		return errors.New("the mailbox's name, TenantId or ClientId is missing")
	case o.Grant() == DeviceCode && o.Store == nil:
		return errors.New("a device code needs a store for refresh tokens")
	}
	return nil
}

// endpoint returns the address of the endpoint "token" or "devicecode".
func (o Options) endpoint(name string) string {
	return o.AuthorityURL + "/" + url.PathEscape(o.TenantID) + "/oauth2/v2.0/" + name
}

// host returns the endpoint's name for errors.
func (o Options) host() string {
	u, err := url.Parse(o.AuthorityURL)
	if err != nil {
		return "the token endpoint"
	}
	return u.Host
}
