package main

import (
	"bytes"
	"cmp"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"mailintegration/config"
	"mailintegration/daemon"
	"mailintegration/mailbox"
	"mailintegration/mailbox/oauth"
	"mailintegration/processor"
	"mailintegration/store"
)

// wire returns a mailbox for the daemon, from its configuration and its service's.
func wire(service *config.Service, m *config.Mailbox, tokens *oauth.Store) daemon.Mailbox {
	return newWiring(service, tokens).mailbox(m)
}

// mailbox returns a mailbox for the daemon.
func (all *wiring) mailbox(m *config.Mailbox) daemon.Mailbox {
	w := daemon.Mailbox{
		Name: m.Name,
		Account: mailbox.Account{
			Server: m.ServerName, Port: m.Port, Security: mailbox.Security(m.Security), Roots: m.Roots,
			UserName: m.UserName, Password: m.Password.Reveal(),
			StepTimeout: m.StepTimeout, MaxOctets: m.MaxOctets, SpoolDirectory: all.service.SpoolDirectory,
		},
		SecurityAssumed: m.SecurityAssumed,
		LeaveOnServer:   daemon.LeavePolicy(m.LeaveOnServer), SleepAfterDeletion: m.SleepAfterDeletion, TraceMessageInfo: m.TraceMessageInfo,
		Rules: rules(all.service, m), Schedule: m.Schedule, File: m.File, ConfigurationXML: configurationXML(m),
	}
	if m.Debug {
		w.RawMessageFile = filepath.Join(cmp.Or(all.service.LogDirectory, all.service.DataDirectory), "RawMessage.txt")
	}
	var source *oauth.Source
	if m.Authentication == config.Azure {
		w.Tenant = tenant(m)
		var err error
		if source, err = oauth.New(tokenOptions(m, all.tokens)); err != nil {
			w.Problem = err
			return w
		}
		w.Account.Password, w.Account.Token, w.Account.TokenRefused = "", source.Token, source.Forget
	}
	w.Sending = all.sendingOf(m, source)
	return w
}

// eventNames returns the names that the events of the daemon have: those of the service file, and where it has none, the account
// and the team of the mailboxes.
func eventNames(s *config.Service) []processor.Names {
	names := []processor.Names{{Login: s.Login, Team: s.Team, Group: s.EventGroup, GroupTag: "EventGroup"}}
	for _, m := range s.Mailboxes {
		isKnown := slices.ContainsFunc(names, func(n processor.Names) bool { return n.Login == m.Login && n.Team == m.Team })
		if !isKnown && len(names) < maxEventNames {
			names = append(names, processor.Names{Login: m.Login, Team: m.Team})
		}
	}
	return names
}

// maxEventNames limits how many names are tried.
const maxEventNames = 10

// configurationXML returns a mailbox's configuration without secrets.
func configurationXML(m *config.Mailbox) []byte {
	var b bytes.Buffer
	_ = m.XML(&b) // a buffer takes everything
	return b.Bytes()
}

// tenant returns the authority and the tenant that issue the tokens of a mailbox, such as
// login.microsoftonline.com/contoso.example.
func tenant(m *config.Mailbox) string {
	_, authority, _ := strings.Cut(cmp.Or(m.AuthorityURL, oauth.DefaultAuthority), "://")
	return strings.TrimRight(authority, "/") + "/" + m.TenantID
}

// tokenOptions returns the options for obtaining the access tokens of a mailbox with Authentication Azure.
func tokenOptions(m *config.Mailbox, tokens *oauth.Store) oauth.Options {
	purpose := oauth.Reading
	if m.Smtp != nil && m.Smtp.SharesTokens {
		purpose = oauth.ReadingAndSending
	}
	return oauth.Options{
		Purpose: purpose,
		Mailbox: m.Name, AuthorityURL: m.AuthorityURL, TenantID: m.TenantID, ClientID: m.ClientID, UserName: m.UserName,
		ClientSecret: m.ClientSecret.Reveal(), Password: m.Password.Reveal(), Scopes: strings.Fields(m.Scope),
		Store: tokens,
	}
}

// tokenStore returns the store of the refresh tokens, in the service's data directory.
func tokenStore(s *config.Service) *oauth.Store {
	return oauth.NewStore(filepath.Join(s.DataDirectory, "tokens"))
}

// smtpOf returns how the mail of a mailbox is sent: as its own file says, else as the service file says; nil if neither does.
func smtpOf(service *config.Service, m *config.Mailbox) *config.Smtp {
	return cmp.Or(m.Smtp, service.Smtp)
}

// sendingOf returns what the store needs to know of how mail is sent.
func sendingOf(service *config.Service) store.Sending {
	sending := store.Sending{Notifies: service.Smtp != nil}
	all := []*config.Smtp{service.Smtp}
	for _, m := range service.Mailboxes {
		all = append(all, m.Smtp)
	}
	for _, s := range all {
		if s == nil || sending.Domain != "" {
			continue
		}
		_, sending.Domain, _ = strings.Cut(s.Address, "@")
	}
	return sending
}

// rules returns the rules of deciding, from a mailbox's configuration and its service's.
func rules(service *config.Service, m *config.Mailbox) processor.Rules {
	r := processor.Rules{
		Processor: processor.Processor(m.Processor),
		Names: processor.Names{
			Team: m.Team, Login: m.Login, Source: m.Source, Priority: m.Priority,
			FallbackUser: m.FallbackUser, FallbackSite: m.FallbackSite, Group: m.IncidentGroup,
		},
		IgnoredAttachments: m.IgnoredAttachments,
		CreateNewRequests:  m.CreateNewRequests,

		Replies:                smtpOf(service, m) != nil,
		AcknowledgeNewRequests: m.AcknowledgeNewRequests,
		AnswerClosedFollowUp:   m.AnswerClosedFollowUp,
		MaxReplies:             m.MaxReplies,
		OwnAddresses:           ownAddresses(service, ""),
		DeskAddresses:          ownAddresses(service, m.Team),

		MaxNewRequests:     processor.Limit(m.MaxNewRequests),
		AttachRaw:          m.AttachRaw,
		UnknownFollowUp:    processor.FollowUp(m.UnknownFollowUp),
		Filters:            filters(m),
		ClosedFollowUp:     processor.FollowUp(m.ClosedFollowUp),
		CommunicationTypes: m.CommunicationTypes,
		EnclosingToken:     m.EnclosingToken,
		SubjectNames:       append([]string{m.Team}, m.DatabaseNames...),
	}
	if r.Processor == processor.Monitoring {
		r.Names.Group, r.Names.GroupTag, r.Names.Assignee = m.Group, "Group", m.Assignee
	}
	for _, f := range m.Filters {
		r.Names.Filters = append(r.Names.Filters, processor.FilterNames{
			Filter: f.Name, Group: f.SetGroup, Priority: f.SetPriority, Assignee: f.SetAssignee, Site: f.SetSite,
		})
	}
	return r
}

// filters returns the filters of deciding, from a mailbox's configuration.
func filters(m *config.Mailbox) []processor.Filter {
	var all []processor.Filter
	for _, f := range m.Filters {
		filter := processor.Filter{
			Name: f.Name, LargerThan: f.LargerThan, Ignore: f.Ignore, Stop: f.Stop,
			Sender: pattern(f.Sender), Recipient: pattern(f.Recipient), Subject: pattern(f.Subject),
			AttachmentType: pattern(f.AttachmentType), AttachmentName: pattern(f.AttachmentName),
		}
		for _, h := range f.Headers {
			name, text := config.HeaderPattern(h)
			filter.Headers = append(filter.Headers, processor.HeaderCondition{Field: name, Pattern: text.Regexp()})
		}
		all = append(all, filter)
	}
	return all
}

// pattern returns the regular expression of a pattern, nil for "".
func pattern(p config.Pattern) *regexp.Regexp {
	if p == "" {
		return nil
	}
	return p.Regexp()
}
