package main

import "strings"

// isTerms reports whether a file of that name states terms or copyrights.
func isTerms(name string) bool {
	name = strings.ToUpper(name)
	if strings.HasSuffix(name, ".SH") || strings.HasSuffix(name, ".GO") {
		return false
	}
	for _, begin := range []string{"LICENSE", "LICENCE", "COPYING", "NOTICE", "PATENTS"} {
		if strings.HasPrefix(name, begin) {
			return true
		}
	}
	return strings.Contains(name, "-LICENSE")
}

// licenseOf returns the SPDX identifier of a licence, "" for a text that it does not know.
func licenseOf(content string) string {
	words := strings.Join(strings.Fields(content), " ")
	has := func(all ...string) bool {
		for _, part := range all {
			if !strings.Contains(words, part) {
				return false
			}
		}
		return true
	}
	switch {
	case has("Apache License", "Version 2.0, January 2004"):
		return "Apache-2.0"
	case has("Permission is hereby granted, free of charge, to any person obtaining a copy of this software", "the above copyright notice and this permission notice"),
		has("Permission is hereby granted, free of charge, to any person obtaining a copy of this software", "The above copyright notice and this permission notice"):
		return "MIT"
	case has("Redistribution and use in source and binary forms", "without specific prior written permission"):
		return "BSD-3-Clause"
	case has("Redistribution and use in source and binary forms"):
		return "BSD-2-Clause"
	case has("This software is provided 'as-is', without any express or implied warranty.", "Altered source versions must be plainly marked"):
		return "Zlib"
	case has("Permission to use, copy, modify, and/or distribute this software for any purpose"):
		return "ISC"
	}
	return ""
}
