package main

import "mailintegration/store"

type requestTypeCmd struct {
	Add  requestTypeAddCmd  `cmd:"" help:"Add a service request type to a team."`
	List requestTypeListCmd `cmd:"" help:"List the service request types."`
}

type requestTypeAddCmd struct {
	inTeam
	Name     string `arg:"" help:"Its name, as in the field Type of a message."`
	Priority string `help:"The priority of these requests, unless the mailbox or the message names another."`
	Group    string `help:"The group of these requests, unless the mailbox or the message names another."`
	Assignee string `help:"The logon of who gets these requests, unless the message names somebody or another group." placeholder:"LOGON"`
}

// Run adds a service request type.
func (c *requestTypeAddCmd) Run(e *env) error {
	return change(e, func(s *store.Store) (string, error) {
		y := store.RequestType{Team: c.Team, Name: c.Name, Priority: c.Priority, Group: c.Group, Assignee: c.Assignee}
		return "service request type " + c.Name + " added", s.AddRequestType(e.ctx, y)
	})
}

type requestTypeListCmd struct {
	output
	inTeam
}

// Run lists the service request types.
func (c *requestTypeListCmd) Run(e *env) error {
	return list(e, c.output, func(s *store.Store) ([]store.RequestType, error) { return s.RequestTypes(e.ctx, c.Team) },
		[]string{"team", "type", "priority", "group", "assignee"}, func(y store.RequestType) []any {
			return []any{y.Team, y.Name, y.Priority, y.Group, y.Assignee}
		})
}
