# GNU mailutils: one mbox for each user. $1 of deliver is the message's file.
start() {
	install -o helpdesk -g mail -m 660 /dev/null /var/mail/helpdesk
	printf 'auth required pam_unix.so\naccount required pam_unix.so\n' >/etc/pam.d/gnu-pop3d
	cat >/etc/interop.conf <<-CONF
		mode daemon;
		foreground yes;
		mailbox {
		  mailbox-type mbox;
		  mail-spool /var/mail;
		}
		logging {
		  syslog no;
		}
		acl {
		  allow from any;
		}
		server 127.0.0.1:$port {
		  tls-mode no;
		}
		pam {
		  service gnu-pop3d;
		}
		auth {
		  authentication pam;
		  authorization system;
		}
	CONF
	/usr/sbin/pop3d --no-config --config-file=/etc/interop.conf &
}
deliver() {
	{ echo 'From sender@example.test Sat Nov 22 09:00:00 2026' && tr -d '\r' <"$1" && echo; } >>/var/mail/helpdesk
}
