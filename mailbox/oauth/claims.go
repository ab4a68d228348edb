package oauth

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Claims is the content of a Microsoft access token (RFC 7519 §4.1, and Microsoft's own claims). It is read without
// verifying the signature: only the server that the token was issued for can do that, and only it must.
type Claims struct {
	Audience    string   // the server that the token was issued for, "aud"
	Scopes      []string // permissions of a person, "scp"
	Roles       []string // permissions of the application itself, "roles"
	Tenant      string   // identifier of the directory, "tid"
	Application string   // "appid" or "azp"
	User        string   // "upn", "preferred_username" or "unique_name"; "" in the application's own token
	NotBefore   time.Time
	Expires     time.Time
}

// errOpaque says that a token is not a JWT: only the server can read it.
var errOpaque = errors.New("the token is not a JWT (RFC 7519), so its permissions cannot be checked")

// ReadClaims parses the claims of a token, without verifying it.
func ReadClaims(token string) (Claims, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return Claims{}, errOpaque
	}
	text, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return Claims{}, errOpaque
	}
	var c struct {
		Audience          names   `json:"aud"`
		Scopes            string  `json:"scp"`
		Roles             names   `json:"roles"`
		Tenant            string  `json:"tid"`
		AppID             string  `json:"appid"`
		AuthorizedParty   string  `json:"azp"`
		UPN               string  `json:"upn"`
		PreferredUserName string  `json:"preferred_username"`
		UniqueName        string  `json:"unique_name"`
		NotBefore         float64 `json:"nbf"`
		Expires           float64 `json:"exp"`
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return Claims{}, errOpaque // the cause may quote the token
	}
	return Claims{
		Audience: printable(strings.Join(c.Audience, " ")), Scopes: strings.Fields(printable(c.Scopes)), Roles: c.Roles,
		Tenant:      printable(c.Tenant),
		Application: printable(cmp.Or(c.AppID, c.AuthorizedParty)),
		User:        printable(cmp.Or(c.UPN, c.PreferredUserName, c.UniqueName)),
		NotBefore:   date(c.NotBefore), Expires: date(c.Expires),
	}, nil
}

// names is a list that a token may write as one string (RFC 7519 §4.1.3).
type names []string

// UnmarshalJSON implements json.Unmarshaler.
func (n *names) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*n = names{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(n))
}

// date converts a NumericDate (RFC 7519 §2); it returns the zero time when there is none.
func date(seconds float64) time.Time {
	if seconds <= 0 || seconds > 1<<40 {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0).UTC()
}

// String describes the token in one line.
func (c Claims) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "audience %s", cmp.Or(c.Audience, "none"))
	if len(c.Roles) > 0 {
		fmt.Fprintf(&b, ", roles %s", printable(strings.Join(c.Roles, " ")))
	}
	if len(c.Scopes) > 0 {
		fmt.Fprintf(&b, ", scopes %s", strings.Join(c.Scopes, " "))
	}
	if len(c.Roles)+len(c.Scopes) == 0 {
		b.WriteString(", no roles and no scopes")
	}
	if c.User != "" {
		fmt.Fprintf(&b, ", user %s", c.User)
	}
	fmt.Fprintf(&b, ", tenant %s", cmp.Or(c.Tenant, "none"))
	if !c.Expires.IsZero() {
		fmt.Fprintf(&b, ", expires %s", c.Expires.Format(time.RFC3339))
	}
	return b.String()
}

// audiences are the names of Exchange Online in the public and the national clouds, and its identifier.
var audiences = []string{
	"https://outlook.office365.com", "https://outlook.office.com", "https://ps.outlook.com",
	"https://outlook.office365.us", "https://outlook-dod.office365.us", "https://webmail.apps.mil",
	"https://partner.outlook.cn", "https://outlook.office.de", "00000002-0000-0ff1-ce00-000000000000",
}

// The permissions that reading mail over POP3 and sending it over SMTP need.
const (
	popRole   = "POP.AccessAsApp"
	popClaim  = "POP.AccessAsUser.All"
	smtpRole  = "SMTP.SendAsApp"
	smtpClaim = "SMTP.Send"
)

// clockSkew is how much the clocks of this machine and of the endpoint may differ.
const clockSkew = 5 * time.Minute

// Missing returns the reasons why a server will refuse the token for the purpose of opts, each with a remedy; none
// when the token should be accepted.
func (c Claims) Missing(opts Options, now time.Time) []string {
	opts = opts.withDefaults()
	var wrong []string
	if !slices.Contains(opts.audiences(), strings.ToLower(strings.TrimRight(c.Audience, "/"))) {
		wrong = append(wrong, fmt.Sprintf(
			"the audience is %s, not Exchange Online (https://outlook.office365.com): correct Scope", cmp.Or(c.Audience, "none")))
	}
	if opts.Purpose != Sending {
		wrong = append(wrong, c.missingPermission(opts.Grant(), popRole, popClaim)...)
	}
	if opts.Purpose != Reading {
		wrong = append(wrong, c.missingPermission(opts.Grant(), smtpRole, smtpClaim)...)
	}
	if isGUID(opts.TenantID) && c.Tenant != "" && !strings.EqualFold(opts.TenantID, c.Tenant) {
		wrong = append(wrong, fmt.Sprintf("the tenant is %s, not the one in TenantId: correct TenantId", c.Tenant))
	}
	if !c.Expires.IsZero() && !now.Before(c.Expires) {
		wrong = append(wrong, fmt.Sprintf("the token expired at %s: check this machine's clock", c.Expires.Format(time.RFC3339)))
	}
	if now.Add(clockSkew).Before(c.NotBefore) {
		wrong = append(wrong, fmt.Sprintf("the token is not valid before %s: check this machine's clock", c.NotBefore.Format(time.RFC3339)))
	}
	return wrong
}

// IsOfAnother reports whether the token belongs to a person other than userName. It may be valid all the same, for a
// shared mailbox.
func (c Claims) IsOfAnother(userName string) bool {
	return c.User != "" && !strings.EqualFold(c.User, userName)
}

// missingPermission says that the token lacks a permission and how to get it, nothing when it does not. The permission of the
// application itself is a role, that of a person a scope.
func (c Claims) missingPermission(g Grant, role, scope string) []string {
	switch {
	case g == ClientCredentials && !containsFold(c.Roles, role):
		return []string{"the role " + role + " is missing: add the application permission " + role +
			" of Office 365 Exchange Online to the registration, and let an administrator consent"}
	case g != ClientCredentials && !containsFold(c.Scopes, scope):
		return []string{"the scope " + scope + " is missing: add the delegated permission " + scope +
			" of Office 365 Exchange Online to the registration, and consent"}
	}
	return nil
}

// audiences returns the audiences that are right for the options: Exchange Online's, and those that Scope names.
func (o Options) audiences() []string {
	known := slices.Clone(audiences)
	for _, scope := range o.Scopes {
		if u, err := url.Parse(scope); err == nil && u.Host != "" {
			known = append(known, strings.ToLower(u.Scheme+"://"+u.Host))
		}
	}
	return known
}

// containsFold reports whether the list contains the name, in any case.
func containsFold(list []string, name string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, name) })
}

// isGUID reports whether s is a tenant's identifier, not a domain.
func isGUID(s string) bool {
	return len(s) == 36 && strings.Count(s, "-") == 4 && !strings.Contains(s, ".")
}
