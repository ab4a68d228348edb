package main

import "testing"

func TestALicenceIsKnownByItsText(t *testing.T) {
	t.Parallel()
	const granted = "Permission is hereby granted, free of charge, to any person obtaining a copy\nof this software"
	for _, test := range []struct{ name, text, want string }{
		{"MIT, wrapped in any way", granted + " … The above copyright notice and\n  this permission notice shall be", "MIT"},
		{"Apache", "Apache License\n Version 2.0, January 2004", "Apache-2.0"},
		{"BSD with three clauses", "Redistribution and use in source and binary forms … without specific\nprior written permission", "BSD-3-Clause"},
		{"BSD with two clauses", "Redistribution and use in source and binary forms, with or without modification", "BSD-2-Clause"},
		{"a grant without its condition is no licence that we know", granted, ""},
		{"another licence", "GNU GENERAL PUBLIC LICENSE Version 3", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := licenseOf(test.text); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}
