package main

import (
	"errors"

	"mailintegration/config"
	"mailintegration/daemon"
	"mailintegration/mailbox"
	"mailintegration/processor"
)

// wire turns a mailbox's configuration into what the daemon polls.
func wire(m *config.Mailbox) daemon.Mailbox {
	return daemon.Mailbox{
		Name: m.Name,
		Account: mailbox.Account{
			Server: m.ServerName, Port: m.Port, Security: mailbox.Security(m.Security), Roots: m.Roots,
			UserName: m.UserName, Password: m.Password.Reveal(),
			StepTimeout: m.StepTimeout, MaxOctets: m.MaxOctets,
		},
		LeaveOnServer: daemon.Leave(m.LeaveOnServer), SleepAfterDeletion: m.SleepAfterDeletion, TraceMessageInfo: m.TraceMessageInfo,
		Rules: rules(m), Schedule: m.Schedule, Problem: unsupported(m),
	}
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
	switch {
	case m.Authentication == config.Azure:
		return errors.New("mailbox has Authentication Azure, which this version does not support (use Basic, or set Enabled to False)")
	case m.Processor == config.EndUserServiceRequest:
		return errors.New("service requests from mail (MessageProcessorTypeName) are not supported by this version (use another processor, or set Enabled to False)")
	}
	return nil
}
