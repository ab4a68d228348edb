package main

import "mailintegration/store"

type userSubscribeCmd struct {
	inTeam
	Logon string `arg:"" help:"The logon of the user."`
	Group string `required:"" help:"The group whose new events the user gets a mail for."`
}

// Run subscribes a user to the new events of a group.
func (c *userSubscribeCmd) Run(e *env) error {
	return change(e, func(s *store.Store) (string, error) {
		return "user " + c.Logon + " is notified of new events of the group " + c.Group, s.Subscribe(e.ctx, c.Logon, c.Team, c.Group)
	})
}

type userUnsubscribeCmd struct {
	inTeam
	Logon string `arg:"" help:"The logon of the user."`
	Group string `required:"" help:"The group whose new events the user gets no mail for any more."`
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
