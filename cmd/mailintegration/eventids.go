package main

// eventIDs are the numbers that events have in the event log of Windows: those that tell of start, stop and trouble. A number
// never changes and is never given to another event, because administrators filter by it. They are below 1000, since the
// source of the events has the messages of EventCreate.exe.
var eventIDs = map[string]uint32{
	"daemon started":  10,
	"daemon stopped":  11,
	"database usable": 20,

	"database outage":                               21,
	"schema does not fit":                           22,
	"attachment directory unusable":                 23,
	"private postgresql could not be started again": 24,

	"poll failed":                        30,
	"poll panicked":                      31,
	"poll does not add up":               32,
	"message set aside":                  40,
	"message too large":                  41,
	"mail loop":                          42,
	"mail given up":                      50,
	"mail cannot be sent":                51,
	"trouble not reported":               60,
	"collection panicked":                61,
	"receipts and attachments not swept": 62,
	"daemon makes no progress":           63,

	"mailbox not polled":          70,
	"mailbox polled as before":    71,
	"configuration refused":       72,
	"configuration not applied":   73,
	"reload panicked":             74,
	"not listening":               75,
	"listening as before":         76,
	"log directory unusable":      80,
	"log file not written":        81,
	"new executable does not run": 90,
	"call as Octopus failed":      91,
}

// otherEvent is the number of an event that the table does not have.
const otherEvent = 1

// eventID returns the number of an event in the event log of Windows.
func eventID(event string) uint32 {
	if id, has := eventIDs[event]; has {
		return id
	}
	return otherEvent
}
