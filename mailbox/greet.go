package mailbox

import "context"

// Greet opens a session up to its log-in: connection, TLS, greeting and capabilities. It sends no credentials, so that it
// disturbs no other session and no LOGIN-DELAY counts from it. Where a step fails, Greet closes the connection and returns
// the session all the same: TLS and Capabilities tell what the server has shown until then.
func Greet(ctx context.Context, a Account) (*Session, error) {
	a = a.withDefaults()
	s := &Session{account: a}
	if err := a.check(); err != nil {
		return s, s.failure("open", err)
	}
	for _, step := range []func(context.Context) error{s.connect, s.greeting, s.AskCapabilities, s.startTLS} {
		if err := step(ctx); err != nil {
			_ = s.Close()
			return s, markBroken(err)
		}
	}
	return s, nil
}

// LogIn logs in to a session that Greet opened. It closes the connection on any error.
func (s *Session) LogIn(ctx context.Context) error {
	if err := s.fetchToken(ctx); err != nil {
		_ = s.Close()
		return markBroken(err)
	}
	s.conn.secrets = s.secrets() // the token is one, too
	for _, step := range []func(context.Context) error{s.enableUTF8, s.logIn} {
		if err := step(ctx); err != nil {
			_ = s.Close()
			return markBroken(err)
		}
	}
	return nil
}
