package processor

import "testing"

func TestTheAuthorIsTheWriterAndNotAListOrGateway(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, header, want string
	}{
		{"From comes before Reply-To and Sender", "From: Ann <ann@a.example>\nReply-To: Bob <bob@b.example>\nSender: carl@c.example", "Ann <ann@a.example>"},
		{"Sender counts where From is missing", "Sender: carl@c.example\nReply-To: bob@b.example", "carl@c.example"},
		{"the reverse-path counts where it is alone", "Return-Path: <dora@d.example>", "dora@d.example"},
		{"a list that replaced From", "From: Ann via Desk <desk@l.example>\nReply-To: ann@a.example\nList-Post: <mailto:desk@l.example>", "Ann <ann@a.example>"},
		{"a list that replaced From without via in the name", "From: Desk <DESK@l.example>\nReply-To: Ann <ann@a.example>\nList-Post: <mailto:desk@l.example?subject=x>", "Ann <ann@a.example>"},
		{"a list that set Reply-To to itself", "From: Ann via Desk <desk@l.example>\nReply-To: desk@l.example\nList-Post: <mailto:desk@l.example>", "Ann via Desk <desk@l.example>"},
		{"a list that keeps From", "From: Ann <ann@a.example>\nReply-To: desk@l.example\nList-Post: <mailto:desk@l.example>", "Ann <ann@a.example>"},
		{"a gateway that put via into the name", "From: Ann Lee via Sign <dse@sign.example>\nReply-To: Ann Lee <ann@a.example>", "Ann Lee <ann@a.example>"},
		{"a name that has fewer octets in lower case", "From: \u212a日 VIA Desk <list@l.example>\nReply-To: ann@a.example", "\u212a日 <ann@a.example>"},
		{"X-Original-From with another name", "From: Ann <ann@a.example>\nX-Original-From: Eve <eve@e.example>", "Ann <ann@a.example>"},
		{"X-Original-From with the same name", "From: Ann Lee <gateway@g.example>\nX-Original-From: \"Ann  LEE\" <ann@a.example>", "Ann LEE <ann@a.example>"},
		{"X-Original-From without a name beside a noreply address", "From: Ann Lee <noreply@g.example>\nX-Original-From: ann@a.example\nReply-To: x@x.example", "Ann Lee <ann@a.example>"},
		{"X-Original-From with another name beside a noreply address", "From: Ann Lee <noreply@g.example>\nX-Original-From: Eve <eve@e.example>", "Ann Lee <noreply@g.example>"},
		{"X-Original-From beside a noreply address, both without a name", "From: noreply@g.example\nX-Original-From: ann@a.example", "noreply@g.example"},
		{"X-Original-From without a name beside a person's address", "From: Ann <ann@a.example>\nX-Original-From: eve@e.example", "Ann <ann@a.example>"},
		{"a noreply address without X-Original-From", "From: Ann Lee <noreply@g.example>\nReply-To: x@x.example", "Ann Lee <noreply@g.example>"},
		{"X-Original-From beside via in the name", "From: 'Ann' via G <g@g.example>\nX-Original-From: ann@a.example\nReply-To: x@x.example", "Ann <ann@a.example>"},
		{"a name that is only the word Via", "From: Via <via@a.example>\nReply-To: bob@b.example", "Via <via@a.example>"},
		{"a list that nobody may write to", "From: Ann <ann@a.example>\nReply-To: bob@b.example\nList-Post: NO", "Ann <ann@a.example>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := shownAddress(parseString(tt.header + "\n\nx").Author()); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// shownAddress returns an address as mail programs show it.
func shownAddress(a Address) string {
	if a.Name == "" {
		return a.Addr
	}
	return a.Name + " <" + a.Addr + ">"
}
