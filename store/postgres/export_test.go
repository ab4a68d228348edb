package postgres

// Owned reports whether this process owns the server; otherwise it shares the server of another process.
func (s *Server) Owned() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.owner != nil
}
