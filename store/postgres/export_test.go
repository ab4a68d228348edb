package postgres

// Owned reports whether this process owns the server; otherwise it shares the server of another process.
func (s *Server) Owned() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.owner != nil
}

// PID returns the process id of the server that this process owns, 0 when it owns none or while the server is down.
func (s *Server) PID() int {
	p := s.process()
	if p == nil {
		return 0
	}
	return p.pid
}
