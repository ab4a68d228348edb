package processor_test

import (
	"fmt"
	"strings"
	"time"

	"mailintegration/processor"
)

const question = `From: =?utf-8?Q?Bruno_C=C3=B4t=C3=A9?= <bruno@example.com>
To: helpdesk@example.com
Message-ID: <1@example.com>
Subject: Printer

It is jammed.
--
Bruno
`

func ExampleParse() {
	raw := strings.NewReader(question)
	m := processor.Parse(raw, raw.Size())
	fmt.Println(m.From.Name)
	fmt.Println(m.Subject)
	fmt.Println(m.ReplyText)
	// Output:
	// Bruno Côté
	// Printer
	// It is jammed.
}

func ExamplePolicy_Decide() {
	rules := processor.Rules{
		Processor:         processor.EndUserIncident,
		CreateNewRequests: true,
		Names:             processor.Names{Team: "IT", Login: "daemon", FallbackUser: "unknown"},
	}
	policy := processor.NewPolicy(rules, rules.Names.Unresolved())
	raw := strings.NewReader(question)
	m := processor.Parse(raw, raw.Size())
	switch d := policy.Decide(m, processor.NoDirectory{}, time.Now()).(type) {
	case processor.OpenRequest:
		fmt.Println("open an", d.Kind.Words())
		for _, clause := range d.Reason.Clauses {
			fmt.Println("-", clause)
		}
	default:
		fmt.Println(d.Why().Detail())
	}
	// Output:
	// open an incident
	// - no request is named
	// - opened for Bruno Côté, who is not known, in the name of unknown
}
