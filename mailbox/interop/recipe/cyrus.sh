# Cyrus: its own store, log-in by SASL. $1 of deliver is the message's file.
# Setting: login_delay, the least number of minutes between two log-ins (default 0).
start() {
	echo secret | saslpasswd2 -p -c helpdesk
	chown cyrus /etc/sasldb2
	cat >/etc/cyrus.conf <<-CONF
		START {
		  recover cmd="/usr/sbin/cyrus ctl_cyrusdb -r"
		}
		SERVICES {
		  pop3 cmd="pop3d" listen="127.0.0.1:$port" prefork=0 maxchild=20
		  lmtpunix cmd="lmtpd" listen="/run/cyrus/socket/lmtp" prefork=0 maxchild=20
		}
		EVENTS {
		  checkpoint cmd="/usr/sbin/cyrus ctl_cyrusdb -c" period=30
		}
	CONF
	# Cyrus does not start when an option occurs twice.
	sed -i '/^popminpoll/d; /^sasl_/d; /^allowplaintext/d; /^autocreate_/d' /etc/imapd.conf
	cat >>/etc/imapd.conf <<-CONF
		popminpoll: ${login_delay:-0}
		sasl_pwcheck_method: auxprop
		sasl_mech_list: PLAIN LOGIN
		allowplaintext: yes
		autocreate_post: yes
		autocreate_quota: 0
	CONF
	mkdir -p /run/cyrus/{proc,lock,socket}
	chown -R cyrus:mail /run/cyrus
	{ command -v cyrmaster >/dev/null && cyrmaster -d; } || /usr/lib/cyrus/bin/master -d
}
deliver() {
	su cyrus -s /bin/sh -c "/usr/lib/cyrus/bin/deliver -a helpdesk helpdesk <$1"
}
