package main

import (
	"context"
	"fmt"
	"strings"

	"mailintegration/config"
	"mailintegration/daemon"
	"mailintegration/mailbox"
	"mailintegration/mailbox/oauth"
	"mailintegration/mailbox/smtp"
)

// wiring turns the configuration of a service into mailboxes and accounts for the daemon.
type wiring struct {
	service *config.Service
	tokens  *oauth.Store
	sending *daemon.SendingAccount // of the service, nil if it has no Smtp
}

func newWiring(service *config.Service, tokens *oauth.Store) *wiring {
	w := &wiring{service: service, tokens: tokens}
	if service.Smtp != nil {
		w.sending = w.account("the service", service.Smtp, nil)
	}
	return w
}

// ownAddresses returns the addresses that the daemon reads or sends from, as far as the configuration names them: those of a
// team and those that all teams share, or all addresses if team is "".
func ownAddresses(service *config.Service, team string) (own []string) {
	known := map[string]bool{}
	add := func(address string) {
		if strings.Contains(address, "@") && !known[address] {
			known[address] = true
			own = append(own, address)
		}
	}
	if service.Smtp != nil {
		add(service.Smtp.Address)
	}
	for _, m := range service.Mailboxes {
		if team != "" && !strings.EqualFold(m.Team, team) {
			continue
		}
		add(m.UserName)
		if m.Smtp != nil {
			add(m.Smtp.Address)
		}
	}
	return own
}

// sendingOf returns the account that sends the mail of a mailbox: its own, else that of the service, else nil. source has the
// tokens of the mailbox, nil if it uses none.
func (w *wiring) sendingOf(m *config.Mailbox, source *oauth.Source) *daemon.SendingAccount {
	if m.Smtp == nil {
		return w.sending
	}
	return w.account(m.Name, m.Smtp, source)
}

// account returns an account for sending. shared has the tokens of the mailbox that it belongs to.
func (w *wiring) account(of string, s *config.Smtp, shared *oauth.Source) *daemon.SendingAccount {
	a := &daemon.SendingAccount{
		Account: smtp.Account{
			Server: s.ServerName, Port: s.Port, Security: mailbox.Security(s.Security), Roots: s.Roots,
			UserName: s.UserName, Password: s.Password.Reveal(), From: smtp.Address{Address: s.Address}, StepTimeout: s.StepTimeout,
		},
		AlwaysUseFrom: s.AlwaysUseThisAddress,
	}
	if s.Authentication != config.Azure {
		return a
	}
	a.Password = ""
	source := shared
	if !s.SharesTokens {
		var err error
		if source, err = oauth.New(sendingOptions(of, s, w.tokens)); err != nil {
			a.Token = func(context.Context) (string, error) { return "", fmt.Errorf("%w: %w", mailbox.ErrTokenRefused, err) }
			return a
		}
	}
	if source != nil {
		a.Token, a.TokenRefused = source.Token, source.Forget
	}
	return a
}

// sendingOptions returns the options for obtaining access tokens for a registration of its own.
func sendingOptions(of string, s *config.Smtp, tokens *oauth.Store) oauth.Options {
	return oauth.Options{
		Mailbox: "Smtp of " + of, AuthorityURL: s.AuthorityURL, TenantID: s.TenantID, ClientID: s.ClientID, UserName: s.UserName,
		ClientSecret: s.ClientSecret.Reveal(), Scopes: strings.Fields(s.Scope), Purpose: oauth.Sending, Store: tokens,
	}
}
