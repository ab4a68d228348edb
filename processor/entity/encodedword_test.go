package entity

import "testing"

func TestEncodedWordsAreDecoded(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, value, want string }{
		{"no encoded-word", "hello  world", "hello  world"},
		{"B", "=?utf-8?B?w6k=?=", "é"},
		{"Q", "=?iso-8859-1?Q?caf=E9_=20x?=", "café  x"},
		{"a small letter for the encoding", "=?UTF-8?q?=c3=a9?=", "é"},
		{"text around it", "a =?utf-8?Q?b?= c", "a b c"},
		{"two with white space between them", "=?utf-8?Q?a?= \t =?utf-8?Q?b?=", "ab"},
		{"two in different charsets", "=?utf-8?Q?=C3=A9?= =?iso-8859-1?Q?=E9?=", "éé"},
		{"a character split between two", "=?utf-8?B?w?= =?utf-8?B?w6k=?=", "é"},
		{"octets of one character in two words", "=?utf-8?Q?=E2=82?= =?utf-8?Q?=AC?=", "€"},
		{"an escape sequence split between two", "=?iso-2022-jp?Q?=1B$B$3?= =?iso-2022-jp?Q?$s=1B(B?=", "こん"},
		{"no padding", "=?utf-8?B?w6kh?==?utf-8?B?w6k?=", "é!é"},
		{"no white space around it", "x=?utf-8?Q?y?=z", "xyz"},
		{"white space in the text", "=?utf-8?Q?a b?= c", "a b c"},
		{"a language", "=?utf-8*fr?Q?=C3=A9?=", "é"},
		{"text that begins with an equals sign", "=?utf-8?Q?=41?=", "A"},
		{"UTF-7", "=?utf-7?Q?a+AOk-b?=", "aéb"},
		{"ISO-2022-KR", "=?iso-2022-kr?B?GyQpQw4+SDNnDw==?=", "안녕"},
		{"a character split between two unknown charsets", "=?x-a?Q?=C3?= =?x-b?Q?=A9?=", "é"},
		{"an unknown charset", "=?x-klingon?Q?abc?=", "abc"},
		{"an unknown encoding", "=?utf-8?X?abc?=", "=?utf-8?X?abc?="},
		{"an encoded-word that is not closed", "=?utf-8?Q?abc", "=?utf-8?Q?abc"},
		{"an empty encoded-word", "a =?utf-8?Q??= b", "a  b"},
		{"invalid codes", "=?utf-8?Q?100=%_=zz?=", "100=% =zz"},
		{"raw UTF-8 beside it", "é =?utf-8?Q?=C3=A9?=", "é é"},
		{"raw windows-1252", "caf\xe9", "café"},
		{"windows-1252 declared as iso-8859-1", "=?iso-8859-1?Q?=80_5?=", "€ 5"},
		{"only question marks", "=?=?=?=?", "=?=?=?=?"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := decodeWords(tt.value, ""); got != tt.want {
				t.Errorf("decodeWords(%q) = %q, want %q", tt.value, got, tt.want)
			}
		})
	}
}

func TestAFieldIsNotReadAsUTF16EvenIfTheBodyIs(t *testing.T) {
	t.Parallel()
	if got := decodeWords("Gr\xf6\xdfe", "UTF-16"); got != "Größe" {
		t.Errorf("got %q, want %q", got, "Größe")
	}
}
