package main

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"mailintegration/config"
)

// Tags whose value is the logon of a user, or the name of a team.
var (
	userTags = []string{"Login", "IncidentFallbackUserLogon", "Assignee", "SetAssignee"}
	teamTags = []string{"Team"}
)

// namedBy returns where the configuration names a user or a team, such as "Team in helpdesk.xml:14".
func namedBy(e *env, tags []string, name string) ([]string, error) {
	service, _, _, err := load(e)
	if err != nil {
		return nil, err
	}
	all, err := service.Settings()
	if err != nil {
		return nil, err
	}
	for _, m := range service.Mailboxes {
		settings, err := m.Settings(service)
		if err != nil {
			return nil, err
		}
		all = append(all, settings...)
	}
	var places []string
	for _, s := range all {
		if slices.Contains(tags, path.Base(s.Tag)) && strings.EqualFold(strings.TrimSpace(s.Value), name) && isWritten(s) {
			place := path.Base(s.Tag) + " in " + s.From
			if !slices.Contains(places, place) { // each mailbox has the settings of the service file, too
				places = append(places, place)
			}
		}
	}
	return places, nil
}

// isWritten reports whether a file has the setting; otherwise it comes from another tag, which is among the settings too.
func isWritten(s config.Setting) bool { return strings.Contains(s.From, ".xml:") }

// refuseNamed returns an error if the configuration names a user or a team: the daemon would record nothing without it.
func refuseNamed(e *env, what string, tags []string, name string) error {
	places, err := namedBy(e, tags, name)
	if err != nil || len(places) == 0 {
		return err
	}
	return &failure{
		code: exitFailed, err: fmt.Errorf("%s is not removed: the configuration names it (%s)", what, strings.Join(places, ", ")),
		hint: "name another one there first",
	}
}

// noteRenamed says where the configuration still has the name that a user or a team had.
func noteRenamed(e *env, tags []string, was string, is *string) error {
	if is == nil || strings.EqualFold(*is, was) {
		return nil
	}
	places, err := namedBy(e, tags, was)
	if err == nil && len(places) > 0 {
		printLine(e.stderr, "Write %s now: %s. Until then the mail of those mailboxes waits.", *is, strings.Join(places, ", "))
	}
	return err
}
