package main

import (
	"fmt"

	"mailintegration/store"
)

type userSubscribeCmd struct {
	inTeam
	Logon string `arg:"" help:"The logon of the user."`
	Group string `required:"" placeholder:"GROUP" help:"The group whose new events the user gets a mail for."`
}

// Run subscribes a user to the new events of a group. It warns if the service cannot send.
func (c *userSubscribeCmd) Run(e *env) error {
	in, err := open(e, logWarnings)
	if err != nil {
		return err
	}
	defer in.close()
	if err := in.store.Subscribe(e.ctx, c.Logon, c.Team, c.Group); err != nil {
		return err
	}
	fmt.Fprintln(e.stdout, "user "+c.Logon+" is notified of new events of the group "+c.Group)
	if in.service.Smtp == nil {
		fmt.Fprintln(e.stderr, "warning: nothing is sent yet: add <Smtp> to the service file")
	}
	return nil
}

type userUnsubscribeCmd struct {
	inTeam
	Logon string `arg:"" help:"The logon of the user."`
	Group string `required:"" placeholder:"GROUP" help:"The group whose new events the user gets no mail for any more."`
}

// Run ends a subscription.
func (c *userUnsubscribeCmd) Run(e *env) error {
	return change(e, func(s *store.Store) (string, error) {
		return "user " + c.Logon + " is no longer notified of new events of the group " + c.Group, s.Unsubscribe(e.ctx, c.Logon, c.Team, c.Group)
	})
}

type userSubscriptionsCmd struct{ output }

// Run lists the subscriptions.
func (c *userSubscriptionsCmd) Run(e *env) error {
	return list(e, c.output, func(s *store.Store) ([]store.Subscription, error) { return s.Subscriptions(e.ctx) },
		[]string{"team", "group", "logon", "name", "address"}, func(n store.Subscription) []any {
			return []any{n.Team, n.Group, n.Logon, n.Name, n.Address}
		})
}
