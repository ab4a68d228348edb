package processor

// NoDirectory is a Directory that knows no user and no request: a decision with it shows how a message is read.
type NoDirectory struct{}

// Request implements Directory.
func (NoDirectory) Request(int64) (Request, bool) { return Request{}, false }

// RequestOf implements Directory.
func (NoDirectory) RequestOf(string) (Request, bool) { return Request{}, false }

// UserByAddress implements Directory.
func (NoDirectory) UserByAddress(string) (User, bool) { return User{}, false }

// OpenedBy implements Directory.
func (NoDirectory) OpenedBy(SenderKey) (int, Request, bool) { return 0, Request{}, false }

// MailCount implements Directory.
func (NoDirectory) MailCount(string, ReplyKind) int { return 0 }

// UsersNamed implements Directory: it takes a name as that of one user.
func (NoDirectory) UsersNamed(name string) []User { return []User{unresolvedUser(name)} }

// List implements Directory.
func (NoDirectory) List(ListName) ([]Listed, bool) { return nil, false }

// Unresolved returns References that hold the names as they are, without rows.
func (n Names) Unresolved() References {
	var filters []FilterReferences
	for _, f := range n.Filters {
		filters = append(filters, FilterReferences{
			Group: Ref{Name: f.Group}, Priority: Ref{Name: f.Priority}, Site: Ref{Name: f.Site}, Assignee: unresolvedUser(f.Assignee),
		})
	}
	return References{
		FilterSettings: filters,
		Unresolved:     true,
		Team:           Ref{Name: n.Team}, Login: unresolvedUser(n.Login),
		FallbackUser: unresolvedUser(n.FallbackUser), FallbackSite: Ref{Name: n.FallbackSite},
		Source: Ref{Name: n.Source}, Priority: Ref{Name: n.Priority}, Group: Ref{Name: n.Group},
		Assignee: unresolvedUser(n.Assignee),
	}
}

func unresolvedUser(logon string) User { return User{Logon: logon, Name: logon} }
