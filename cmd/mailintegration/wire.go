package main

import (
	"errors"
	"path/filepath"
	"strings"

	"mailintegration/config"
	"mailintegration/daemon"
	"mailintegration/mailbox"
	"mailintegration/mailbox/oauth"
	"mailintegration/processor"
)

// wire turns a mailbox's configuration into what the daemon polls.
func wire(m *config.Mailbox, tokens *oauth.Store) daemon.Mailbox {
	w := daemon.Mailbox{
		Name: m.Name,
		Account: mailbox.Account{
			Server: m.ServerName, Port: m.Port, Security: mailbox.Security(m.Security), Roots: m.Roots,
			UserName: m.UserName, Password: m.Password.Reveal(),
			StepTimeout: m.StepTimeout, MaxOctets: m.MaxOctets,
		},
		Rules: rules(m), Schedule: m.Schedule, Problem: unsupported(m),
	}
	if m.Authentication == config.Azure && w.Problem == nil {
		source, err := oauth.New(tokenOptions(m, tokens))
		if err != nil {
			w.Problem = err
			return w
		}
		w.Account.Password, w.Account.Token, w.Account.TokenRefused = "", source.Token, source.Forget
	}
	return w
}

// tokenOptions is what the access tokens of a mailbox with Authentication Azure are obtained with.
func tokenOptions(m *config.Mailbox, tokens *oauth.Store) oauth.Options {
	return oauth.Options{
		Mailbox: m.Name, AuthorityURL: m.AuthorityURL, TenantID: m.TenantID, ClientID: m.ClientID, UserName: m.UserName,
		ClientSecret: m.ClientSecret.Reveal(), Password: m.Password.Reveal(), Scopes: strings.Fields(m.Scope),
		Store: tokens,
	}
}

// tokenStore is where the refresh tokens of a service's mailboxes are.
func tokenStore(s *config.Service) *oauth.Store {
	return oauth.NewStore(filepath.Join(s.DataDirectory, "tokens"))
}

// rules turns a mailbox's configuration into what deciding goes by.
func rules(m *config.Mailbox) processor.Rules {
	r := processor.Rules{
		Processor: processor.Processor(m.Processor),
		Names: processor.Names{
			Team: m.Team, Login: m.Login, Source: m.Source, Priority: m.Priority,
			FallbackUser: m.FallbackUser, FallbackSite: m.FallbackSite, Group: m.IncidentGroup,
		},
		IgnoredAttachments: m.IgnoredAttachments,
		CreateNewRequests:  m.CreateNewRequests,
		AttachRaw:          m.AttachRaw,
		UnknownFollowUp:    processor.FollowUp(m.UnknownFollowUp),
		ClosedFollowUp:     processor.FollowUp(m.ClosedFollowUp),
		CommunicationTypes: m.CommunicationTypes,
		SubjectNames:       []string{m.Team},
	}
	if r.Processor == processor.Monitoring {
		r.Names.Group, r.Names.Assignee = m.Group, m.Assignee
	}
	return r
}

// unsupported says what a mailbox's configuration asks for that this version cannot do; nil when it can do all.
func unsupported(m *config.Mailbox) error {
	if m.Processor == config.EndUserServiceRequest {
		return errors.New("MessageProcessorTypeName: service requests from mail are not supported by this version (use another processor, or set Enabled to False)")
	}
	return nil
}
