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
		{"a group that keeps the author in X-Original-Sender alone", "From: 'bob@b.example' via Help <help@g.example>\nReply-To: Help <help@g.example>\nX-Original-Sender: bob@b.example\nList-Post: <mailto:help@g.example>", "bob@b.example <bob@b.example>"},
		{"a group without via in the name, known by its List-ID", "From: Help <help@g.example>\nX-Original-Sender: bob@b.example\nList-ID: Help <help.g.example>", "bob@b.example"},
		{"a group known by Mailing-list", "From: Help <help@g.example>\nX-Original-Sender: bob@b.example\nMailing-list: list help@g.example; contact help+owners@g.example", "bob@b.example"},
		{"X-Original-From comes before X-Original-Sender", "From: Bob via Help <help@g.example>\nX-Original-Sender: bounces@b.example\nX-Original-From: Bob <bob@b.example>", "Bob <bob@b.example>"},
		{"a Reply-To with the author's name comes before X-Original-Sender", "From: Bob via Help <help@g.example>\nX-Original-Sender: bounces@b.example\nReply-To: Bob <bob@b.example>", "Bob <bob@b.example>"},
		{"another Reply-To comes after X-Original-Sender", "From: Bob via Help <help@g.example>\nX-Original-Sender: bob@b.example\nReply-To: help-owners@g.example", "Bob <bob@b.example>"},
		{"X-Original-Sender beside a person", "From: Ann <ann@a.example>\nX-Original-Sender: boss@a.example", "Ann <ann@a.example>"},
		{"X-Original-Sender beside a person who writes through a list", "From: Ann <ann@a.example>\nX-Original-Sender: boss@a.example\nList-Post: <mailto:desk@l.example>\nList-ID: <desk.l.example>", "Ann <ann@a.example>"},
		{"X-Original-Sender that mail cannot reach", "From: Bob via Help <help@g.example>\nX-Original-Sender: bob@localhost", "Bob via Help <help@g.example>"},
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

func TestAnAddressThatMailCannotReachIsNoAuthorWhileAnotherIsThere(t *testing.T) {
	t.Parallel()
	for _, from := range []string{
		"www-data", "<www-data>", "ann@", "<ann@>", "@a.example", "<@a.example>", "root@localhost", "Root <ROOT@LOCALHOST.LocalDomain>", "a@localhost6.localdomain6", "a@host.localhost",
		"a@x.invalid", "a@invalid", "a@b..example", "a@.b.example", "a@[127.0.0.1]", "a@[IPv6:::1]", "a@127.0.0.1", "a@[]", "a@b!c.example", "a@{domain}", "a@%DOMAIN%", "a@undefined",
		"<{email}>", "<{email}@b.example>", "<{{ email }}@b.example>", "<{{contact.email}}>", "<${user}@b.example>", "<$user@b.example>", "<%email%@b.example>", "<[email]@b.example>", "<[[email]]@b.example>",
		"<*|EMAIL|*@b.example>", "<##email##@b.example>", "<__email__@b.example>", "<#{user}@b.example>", "<undefined@b.example>", "<null@b.example>", "<>", `<""@b.example>`,
	} {
		for _, next := range []string{"Sender: bob@b.example", "Reply-To: bob@b.example", "Return-Path: <bob@b.example>", "Sender: root@localhost\nReply-To: x@, bob@b.example"} {
			if got := parseString("From: " + from + "\n" + next + "\n\nx").Author(); got.Addr != "bob@b.example" {
				t.Errorf("From: %s, %s: the author is %q", from, next, got)
			}
		}
	}
}

func TestAnAuthorWhoCanBeReachedStays(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{
		"ann@corp.local", "ann@mailhost", "ann@b.example", "o'neil@b.example", "a+b=c@b.example", "a%b@b.example", "a.@b.example", "{a@b.example", "a}b{@b.example", "zoë@bücher.example", "a@sub_net.b.example",
		"a@[192.0.2.1]", "a@[IPv6:2001:db8::1]", "a@192.0.2.1", "_a@b.example", "$@b.example", "#1@b.example", "user_name_@b.example", "null-pointer@b.example", "a@null.example", "a@invalid.example", "a@localhost.example", `"a b"@b.example`,
		"SRS0=hash=tt=c.example=a@b.example", "bounce+id-a=c.example@b.example",
	} {
		m := parseString("From: <" + addr + ">\nReply-To: bob@b.example\nReturn-Path: <bob@b.example>\n\nx")
		if got := m.Author(); got.Addr != addr {
			t.Errorf("From: %s: the author is %q", addr, got)
		}
	}
	if got := parseString("From: root@localhost\nReturn-Path: <>\n\nx").Author(); got.Addr != "root@localhost" {
		t.Errorf("nothing else is there, but the author is %q", got)
	}
	if got := parseString("From: root@localhost, ann@b.example\nReply-To: bob@b.example\n\nx").Author(); got.Addr != "ann@b.example" {
		t.Errorf("of two authors, %q counts", got)
	}
}

// shownAddress returns an address as mail programs show it.
func shownAddress(a Address) string {
	if a.Name == "" {
		return a.Addr
	}
	return a.Name + " <" + a.Addr + ">"
}
