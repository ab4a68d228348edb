package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mailintegration/config"
	"mailintegration/daemon"
	"mailintegration/mailbox/oauth"
	"mailintegration/mailbox/smtp"
	"mailintegration/processor"
)

// senders are the addresses that an account sends from, for check.
type senders struct {
	what    string // "smtp of mailbox helpdesk"
	account *daemon.SendingAccount
	options *oauth.Options // of tokens of its own, nil for none
	from    []string
	unknown []string // mailboxes whose mail has no address to be sent from
}

// ownTokens returns the options of the tokens that an account for sending does not share with its mailbox, nil if there are
// none.
func ownTokens(of string, s *config.Smtp, tokens *oauth.Store) *oauth.Options {
	if s == nil || s.Authentication != config.Azure || s.SharesTokens {
		return nil
	}
	options := sendingOptions(of, s, tokens)
	return &options
}

// sends notes that an account sends the mail of a mailbox, or the notifications of the service. The team's address is "" if
// the team has none.
func (c *checking) sends(what string, a *daemon.SendingAccount, options *oauth.Options, teamAddress, mailbox string) {
	if a == nil {
		return
	}
	i := slices.IndexFunc(c.senders, func(s *senders) bool { return s.account == a })
	if i < 0 {
		i, c.senders = len(c.senders), append(c.senders, &senders{what: what, account: a, options: options})
	}
	s := c.senders[i]
	from := senderAddress(a, teamAddress)
	switch {
	case from == "" && mailbox != "":
		s.unknown = append(s.unknown, mailbox)
	case from != "" && !slices.Contains(s.from, from):
		s.from = append(s.from, from)
	}
}

// senderAddress returns the address that an account sends the mail of a team from, "" if there is none.
func senderAddress(a *daemon.SendingAccount, teamAddress string) string {
	if !a.AlwaysUseFrom && teamAddress != "" {
		return teamAddress
	}
	return a.From.Address
}

// sending checks the accounts for sending: the log-in, the certificate, and the addresses. It sends nothing.
func (c *checking) sending() {
	for _, s := range c.senders {
		if len(s.unknown) > 0 {
			c.failed(exitConfiguration, s.what, fmt.Errorf("%w for the mail of %s", smtp.ErrNoSender, strings.Join(s.unknown, ", ")),
				"set Address in <Smtp>, or give the team an address with mailintegration team edit NAME --address ADDRESS")
		}
		if s.options != nil {
			steps, isUsable := c.token("", s.account.Token, *s.options)
			for _, step := range steps {
				c.add(exitUnreachable, named(s.what, step))
			}
			if !isUsable {
				continue
			}
		}
		for _, from := range s.from {
			c.mayBeSentFrom(s, from)
		}
	}
}

// mayBeSentFrom logs in to an account and finds out whether it may send from an address.
func (c *checking) mayBeSentFrom(s *senders, from string) {
	account := s.account.Account
	account.From = smtp.Address{Address: from}
	t := newSMTPTrial(account, c.resolver)
	t.run(c.ctx)
	c.tried(s.what, "mail from "+from+" cannot be sent: ", t.steps(c.ctx), t.summary)
}

// teamAddress returns the address of a team, "" if it has none or the database does not know it.
func (c *checking) teamAddress(in *installation, names processor.Names) string {
	if in == nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(c.ctx, checkTimeout)
	defer cancel()
	refs, err := in.store.EventReferences(ctx, "", processor.Names{Team: names.Team, Login: names.Login})
	if err != nil {
		return ""
	}
	return refs.TeamAddress
}
