package main

type runCmd struct{}

// Run polls every mailbox at its schedule until a signal stops the program.
func (runCmd) Run(e *env) error {
	in, err := open(e, logConfigured)
	if err != nil {
		return err
	}
	defer in.close()
	d, err := in.daemon(nil)
	if err != nil {
		return err
	}
	in.logConfiguration()
	return d.Run(e.ctx)
}
