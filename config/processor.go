package config

import (
	"slices"
	"strings"
)

// Processor is the name of a way to process messages: it says what the daemon makes of the messages of a mailbox.
type Processor string

// The processors, by their short names in MessageProcessorTypeName.
const (
	EndUserIncident       Processor = "EndUserIncidentMailMessageProcessor"
	EndUserServiceRequest Processor = "EndUserNewSRMailMessageProcessor"
	Monitoring            Processor = "EventMailMessageProcessor"
)

// processors are the values of MessageProcessorTypeName.
var processors = []string{string(EndUserIncident), string(EndUserServiceRequest), string(Monitoring)}

// processorKind reads the short name of a processor, alone or within a .NET type name: "Namespace.Name, Assembly".
func processorKind() kind {
	return kind{
		noun: "a known processor", values: strings.Join(processors, ", "),
		parse: func(text string) (any, string, bool) {
			name, _, _ := strings.Cut(text, ",")
			name = strings.TrimSpace(name[strings.LastIndexByte(name, '.')+1:])
			i := slices.IndexFunc(processors, func(p string) bool { return strings.EqualFold(p, name) })
			if i >= 0 {
				return Processor(processors[i]), "", true
			}
			if near := nearest(name, processors); near != "" {
				return nil, "did you mean " + near + "?", false
			}
			return nil, "", false
		},
		format: func(v any) string { return string(v.(Processor)) },
	}
}
