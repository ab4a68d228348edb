// Package entity divides the octets of a message into its entities (RFC 2045 §2.4) and decodes their bodies. [Read] scans
// the octets once, in time linear in their number, and keeps header fields and the extents of bodies; a body is read
// again, as a stream, when somebody opens it.
package entity
