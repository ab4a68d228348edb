package oauth

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Grant is how a token is obtained.
type Grant string

// The grants.
const (
	ClientCredentials Grant = "client credentials"     // RFC 6749 §4.4
	DeviceCode        Grant = "device code"            // RFC 8628, then RFC 6749 §6
	UserPassword      Grant = "user name and password" // RFC 6749 §4.3, "ROPC" with Microsoft
)

// DefaultAuthority is the base of the endpoints for the public cloud.
const DefaultAuthority = "https://login.microsoftonline.com"

// The permissions that are asked for. Those of a person are named each, that of an application cannot be: .default
// stands for what an administrator consented to.
const (
	applicationScope = "https://outlook.office365.com/.default"
	popScope         = "https://outlook.office.com/POP.AccessAsUser.All"
	smtpScope        = "https://outlook.office.com/SMTP.Send"
	refreshScope     = "offline_access"
)

// Options are what a Source is made of. Mailbox, TenantID, ClientID and UserName are required, Store for a device code.
type Options struct {
	Mailbox      string // name of the mailbox, under which its refresh token is stored
	AuthorityURL string // base of the endpoints, "" for DefaultAuthority
	TenantID     string // identifier or domain
	ClientID     string
	UserName     string
	ClientSecret string   // for client credentials
	Password     string   // for UserPassword, when there is no ClientSecret
	Scopes       []string // what to ask for, nil for what reading mail needs

	Store     *Store            // where refresh tokens are kept
	Timeout   time.Duration     // for one request; 0 means 30 s
	Transport http.RoundTripper // nil means HTTPS over the proxy that the environment names
	Now       func() time.Time  // nil means time.Now
}

// Grant returns the grant that is configured.
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
		o.Scopes = o.Grant().scopes()
	}
	if o.Transport == nil {
		o.Transport = newTransport()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// scopes are what the grant asks for by default.
func (g Grant) scopes() []string {
	switch g {
	case ClientCredentials:
		return []string{applicationScope}
	case UserPassword:
		return []string{popScope}
	}
	return []string{popScope, smtpScope, refreshScope}
}

// check refuses what could not work.
func (o Options) check() error {
	u, err := url.Parse(o.AuthorityURL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return errors.New("the authority is not the address of an endpoint")
	case o.Mailbox == "" || o.TenantID == "" || o.ClientID == "":
		return errors.New("the mailbox's name, tenant or client is missing")
	case o.Grant() == DeviceCode && o.Store == nil:
		return errors.New("a device code needs a store")
	}
	return nil
}

// endpoint returns the address of "token" or "devicecode".
func (o Options) endpoint(name string) string {
	return o.AuthorityURL + "/" + url.PathEscape(o.TenantID) + "/oauth2/v2.0/" + name
}

// host is the endpoint as errors name it.
func (o Options) host() string {
	u, err := url.Parse(o.AuthorityURL)
	if err != nil {
		return "the token endpoint"
	}
	return u.Host
}
