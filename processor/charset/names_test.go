package charset

import (
	"strings"
	"testing"
)

func TestACharsetIsKnownByTheNamesThatMailProgramsGiveIt(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, labels string }{
		{"utf-8", "UTF-8 utf8 UTF_8 'utf-8' charset=utf-8 utf-8-sig utf8mb4 unicode-1-1-utf-8 x-utf-8 cp65001 65001 en_US.UTF-8 utf-8; utf8n"},
		{"utf-7", "utf-7 unicode-1-1-utf-7 UNICODE-2-0-UTF-7 x-unicode-2-0-utf-7 csUnicode11UTF7 cp65000"},
		{"utf-16", "utf-16 ucs-2 unicode iso-10646-ucs-2"},
		{"us-ascii", "us-ascii ASCII ANSI_X3.4-1968 iso-646-us 646 ibm367 cp367 csASCII us 7bit cp20127"},
		{"", "8bit unknown-8bit x-unknown default ansi x-user-defined binary _autodetect_all ??? none"},
		{"windows-1252", "iso-8859-1 ISO8859-1 iso8859_1 ISO_8859-1:1987 latin1 latin-1 l1 IBM819 cp819 csISOLatin1 iso-ir-100 windows-1252 " +
			"win-1252 cp1252 cp-1252 x-cp1252 ms-1252 ibm-5348 x-ansi-1252 iso-8859-1-windows-3.1-latin-1 en_US.ISO8859-1 8859-1 1252 WE8MSWIN1252"},
		{"iso-8859-2", "iso8859_2 ISO-8859-2:1987 latin2 L2 csISOLatin2 ibm912 cp28592 iso_8859_2"},
		{"iso-8859-8", "iso-8859-8-i iso-8859-8-e hebrew csISOLatinHebrew cp38598 logical"},
		{"iso-8859-13", "iso-8859-13 latin7 ibm-921"},
		{"iso-8859-15", "latin9 latin-9 iso8859-15 iso-8859-15-euro ibm923 de_DE.ISO8859-15@euro"},
		{"windows-874", "cp874 tis-620 x-windows-874 iso-8859-11 ibm-874 thai8 TIS620.2533-1"},
		{"windows-1250", "cp-1250 win1250 windows1250 x-cp1250 cp_1250"},
		{"windows-1251", "cp1251 win-1251 microsoft-cp1251 ms1251 windows_1251"},
		{"windows-1254", "iso-8859-9 latin5 turkish cp1254"},
		{"ibm850", "cp850 cp-850 ibm-850 850 dos-850 PC850 x-cp850 csPC850Multilingual IBM_850"},
		{"ibm866", "cp-866 ibm866 dos866 csIBM866 oem866"},
		{"koi8-r", "koi8-r koi8r koi8 csKOI8R cp20866 ibm-878 ru_RU.KOI8-R"},
		{"x-mac-ce", "x-mac-ce MacCE x-mac-centraleurroman mac-centraleurope x-MacCentralEurope cp10029 mac-latin2"},
		{"macintosh", "macintosh mac x-mac-roman MacRoman x-macroman csMacintosh cp10000"},
		{"x-mac-cyrillic", "x-mac-cyrillic MacCyrillic x-mac-ukrainian cp10007"},
		{"shift_jis", "Shift_JIS shift-jis sjis x-sjis ms932 cp932 windows-31j csWindows31J ms_kanji MS_Kanji PCK ja_JP.PCK ibm943 x-mac-japanese " +
			"windows-932 csShiftJIS"},
		{"euc-jp", "euc-jp EUC_JP eucjp x-euc-jp x-euc ujis ja_JP.eucJP cp51932 csEUCPkdFmtJapanese"},
		{"iso-2022-jp", "iso-2022-jp csISO2022JP iso-2022-jp-ms cp50220 cp50221 JIS iso-2022-jp-3 _iso-2022-jp$SIO"},
		{"gb18030", "gb2312 GB_2312-80 gbk x-gbk cp936 windows-936 ms936 euc-cn EUC_CN x-mac-chinesesimp gb2312.1980-0 chinese iso-ir-58 x-mswin-936"},
		{"hz-gb-2312", "hz-gb-2312 HZ x-hz"},
		{"big5", "big5 big-5 x-x-big5 Big5_HKSCS big5-hkscs cp950 windows-950 cn-big5 zh_TW.Big5 csBig5 x-mac-chinesetrad ms950"},
		{"euc-kr", "euc-kr EUC_KR ks_c_5601-1987 ks_c_5601 ksc5601 KSC5601 x-windows-949 cp949 ms949 korean csKSC56011987 uhc x-mac-korean windows-949"},
		{"iso-2022-kr", "iso-2022-kr csISO2022KR"},
		{"x-klingon", "x-klingon X-Klingon"},
	}
	for _, tt := range tests {
		for _, label := range strings.Fields(tt.labels) {
			if got := Name(label); got != tt.name {
				t.Errorf("Name(%q) = %q, want %q", label, got, tt.name)
			}
		}
		if got := Name(tt.name); got != Name(got) {
			t.Errorf("the name of %q is %q, and the name of that is %q", tt.name, got, Name(got))
		}
	}
}

func TestEachNameHasADecoderAndEachSpellingOneName(t *testing.T) {
	t.Parallel()
	owner := map[string]string{}
	for name, all := range spellings {
		if !HasDecoder(name) && name != "" && name != "utf-8" && name != "us-ascii" && name != "utf-7" && !isShiftedLabel(name) {
			t.Errorf("%q has no decoder", name)
		}
		for _, spelling := range append(strings.Fields(all), compact(name)) {
			if other, ok := owner[spelling]; ok {
				t.Errorf("%q is a spelling of %q and of %q", spelling, name, other)
			}
			owner[spelling] = name
		}
	}
	for number, name := range codePages {
		if _, ok := spellings[name]; !ok {
			t.Errorf("code page %s has the name %q, which is unknown", number, name)
		}
	}
	for name, half := range upperHalves {
		if len(half) != 128 {
			t.Errorf("%s has %d characters in its upper half, want 128", name, len(half))
		}
	}
}
