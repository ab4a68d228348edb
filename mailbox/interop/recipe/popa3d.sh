# popa3d: its own port is fixed, so the recipe starts it for each connection, like inetd. $1 of deliver is the message's
# file.
start() {
	install -o helpdesk -g mail -m 660 /dev/null /var/mail/helpdesk
	perl -MIO::Socket::INET -e '
		my $listener = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $ARGV[0], Listen => 20, ReuseAddr => 1)
			or die "listen: $!";
		$SIG{CHLD} = "IGNORE";
		while (my $connection = $listener->accept) {
			if (!fork) {
				$SIG{CHLD} = "DEFAULT";
				open STDIN, "<&", $connection;
				open STDOUT, ">&", $connection;
				exec "/usr/sbin/popa3d";
			}
			close $connection;
		}' "$port" &
}
deliver() {
	{ echo 'From sender@example.test Sat Nov 22 09:00:00 2026' && tr -d '\r' <"$1" && echo; } >>/var/mail/helpdesk
}
