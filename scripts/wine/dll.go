package main

import (
	"bytes"
	"encoding/binary"
)

// The runtime of Go calls ProcessPrng of bcryptprimitives.dll (since Windows 7), which wine has from version 9 on. The DLL
// forwards it to SystemFunction036 of advapi32.dll, also called RtlGenRandom, which takes the same arguments.
const (
	dllName = "bcryptprimitives.dll"
	export  = "ProcessPrng"
	target  = "ADVAPI32.SystemFunction036"
)

// The places of the DLL's only section: in the file, and in memory relative to the DLL's base.
const (
	fileAlignment = 0x200
	sectionRVA    = 0x1000
)

// forwarder returns the DLL: headers, and one section with an export table (Microsoft's "PE Format", PE32+).
func forwarder() []byte {
	table := exportTable()
	var dll bytes.Buffer
	write := func(values ...any) {
		for _, v := range values {
			_ = binary.Write(&dll, binary.LittleEndian, v) // never fails: a buffer, and values of a fixed size
		}
	}
	write([60]byte{'M', 'Z'}, uint32(64)) // the MS-DOS header: where the next one begins
	write([4]byte{'P', 'E'}, fileHeader(), optionalHeader(len(table)), section(len(table)))
	return append(padded(dll.Bytes()), padded(table)...)
}

// padded returns octets, filled up to a multiple of the file's alignment.
func padded(b []byte) []byte {
	return append(b, make([]byte, (fileAlignment-len(b)%fileAlignment)%fileAlignment)...)
}

// exportTable returns the section: the export directory, its three tables of one entry each, and its strings. An address
// that points into the section itself is a forwarder.
func exportTable() []byte {
	const functions, names, ordinals, text = 40, 44, 48, 52
	const dllText, exportText = text, text + uint32(len(dllName)) + 1
	const targetText = exportText + uint32(len(export)) + 1
	table := make([]byte, text, fileAlignment)
	table = append(table, dllName+"\x00"+export+"\x00"+target+"\x00"...)
	for at, value := range map[int]uint32{
		12: sectionRVA + dllText, 16: 1, 20: 1, 24: 1, // the name, the first ordinal, how many functions and names
		28: sectionRVA + functions, 32: sectionRVA + names, 36: sectionRVA + ordinals,
		functions: sectionRVA + targetText, names: sectionRVA + exportText,
	} {
		binary.LittleEndian.PutUint32(table[at:], value)
	}
	return table
}

// fileHeader returns the COFF file header: x86-64, one section, an optional header of 240 octets, a DLL.
func fileHeader() any {
	return struct {
		Machine, Sections             uint16
		Time, Symbols, SymbolCount    uint32
		OptionalSize, Characteristics uint16
	}{Machine: 0x8664, Sections: 1, OptionalSize: 240, Characteristics: 0x2022}
}

// optionalHeader returns the optional header of PE32+, with its 16 data directories, of which the first is the export table.
func optionalHeader(size int) any {
	return struct {
		Magic                                     uint16
		Linker                                    [2]uint8
		Code, Data, Uninitialized, Entry, Base    uint32
		ImageBase                                 uint64
		SectionAlignment, FileAlignment           uint32
		System, Image, Subsystem                  [2]uint16
		Win32Version, ImageSize, Headers, Sum     uint32
		Kind, DLLCharacteristics                  uint16
		StackReserve, StackCommit, Heap, HeapPart uint64
		LoaderFlags, DirectoryCount               uint32
		ExportRVA, ExportSize                     uint32
		OtherDirectories                          [30]uint32
	}{
		Magic: 0x20b, Linker: [2]uint8{14}, Data: fileAlignment, Base: sectionRVA, ImageBase: 0x180000000,
		SectionAlignment: sectionRVA, FileAlignment: fileAlignment, System: [2]uint16{6}, Subsystem: [2]uint16{6},
		ImageSize: 2 * sectionRVA, Headers: fileAlignment, Kind: 3, DLLCharacteristics: 0x0160,
		StackReserve: 0x100000, StackCommit: 0x1000, Heap: 0x100000, HeapPart: 0x1000,
		DirectoryCount: 16, ExportRVA: sectionRVA, ExportSize: uint32(size),
	}
}

// section returns the header of the section: initialized data that can be read.
func section(size int) any {
	return struct {
		Name                          [8]byte
		Size, Address, RawSize, RawAt uint32
		Relocations, Lines            uint32
		RelocationCount, LineCount    uint16
		Characteristics               uint32
	}{
		Name: [8]byte{'.', 'e', 'd', 'a', 't', 'a'}, Size: uint32(size), Address: sectionRVA,
		RawSize: fileAlignment, RawAt: fileAlignment, Characteristics: 0x40000040,
	}
}
