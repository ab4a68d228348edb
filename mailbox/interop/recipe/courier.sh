# Courier: one Maildir for each user, log-in through its own daemon and PAM. $1 of deliver is the message's file.
start() {
	su helpdesk -c 'maildirmake ~/Maildir'
	mkdir -p /run/courier/authdaemon
	chown -R courier:courier /run/courier
	sed -i 's/^authmodulelist=.*/authmodulelist="authpam"/' /etc/courier/authdaemonrc
	sed -i 's/^POP3AUTH=.*/POP3AUTH="PLAIN LOGIN"/; s/^ADDRESS=.*/ADDRESS=127.0.0.1/; s/^PORT=.*/PORT='"$port"'/
		s/^MAXPERIP=.*/MAXPERIP=40/; s/^TCPDOPTS=.*/TCPDOPTS="-nodnslookup -noidentlookup"/' /etc/courier/pop3d
	/usr/sbin/authdaemond start
	/usr/sbin/pop3d start
}
deliver() {
	local name
	name=$(basename "$1" .eml)
	tr -d '\r' <"$1" >"/home/helpdesk/Maildir/tmp/$name"
	chown helpdesk: "/home/helpdesk/Maildir/tmp/$name"
	mv "/home/helpdesk/Maildir/tmp/$name" "/home/helpdesk/Maildir/new/17000$name.M${name}P1.interop"
}
