package charset

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Name returns the name by which this package knows a charset, in lower case. An unknown label is returned as its own
// name. Mail programs spell a name in many ways: case, punctuation, and what stands before a number do not matter.
func Name(label string) string {
	label = strings.ToLower(label)
	if _, ok := spellings[label]; ok {
		return label // nearly all labels are spelled as this package does
	}
	label = strings.TrimPrefix(strings.Trim(label, " \t\r\n\"'`;,.<>="), "charset=")
	label, _, _ = strings.Cut(strings.Trim(label, " \t\"'`"), ":") // "iso_8859-2:1987" has a year
	if name, ok := nameOf(label); ok {
		return name
	}
	// "de_DE.ISO8859-15" is a locale of Unix, "gb2312.1980-0" a charset of X11.
	for i := range label {
		if strings.IndexByte(".; ,\"", label[i]) < 0 {
			continue
		}
		if name, ok := nameOf(label[:i]); ok {
			return name
		}
		if name, ok := nameOf(label[i+1:]); ok && label[i] == '.' {
			return name
		}
	}
	return label
}

// nameOf returns the name of a charset whose label has no dot.
func nameOf(label string) (name string, ok bool) {
	key := compact(label)
	if name, ok := names[key]; ok {
		return name, true
	}
	for _, prefix := range []string{"cs", "xx", "x"} {
		if name, ok := names[strings.TrimPrefix(key, prefix)]; ok {
			return name, true
		}
	}
	key = strings.TrimPrefix(strings.TrimPrefix(key, "cs"), "x")
	if number, ok := strings.CutPrefix(strings.TrimPrefix(key, "iso"), "8859"); ok {
		return isoName(number)
	}
	if rest, ok := strings.CutPrefix(key, "utf8"); ok && (rest == "" || rest[0] > '9') {
		return "utf-8", true
	}
	word := strings.TrimRight(key, "0123456789")
	if slices.Contains(codePagePrefixes, word) {
		name, ok = codePages[key[len(word):]]
	}
	return name, ok
}

// compact returns a label without its punctuation.
func compact(label string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, label)
}

// isoName returns the name of a part of ISO 8859, by what follows "8859": "1", "15euro", "8i".
func isoName(number string) (name string, ok bool) {
	if number == "" {
		return "windows-1252", true
	}
	for _, digits := range []int{2, 1} {
		if len(number) < digits {
			continue
		}
		switch n, err := strconv.Atoi(number[:digits]); {
		case err != nil || n == 0 || n == 12 || n > 16:
		case n == 1: // as browsers do, with the characters that Windows adds
			return "windows-1252", true
		case n == 9:
			return "windows-1254", true
		case n == 11:
			return "windows-874", true
		default:
			return "iso-8859-" + number[:digits], true
		}
	}
	return "", false
}

// codePagePrefixes holds the words before the number of a code page.
var codePagePrefixes = []string{
	"", "cp", "ms", "win", "windows", "mswin", "mscp", "microsoftcp", "ansi", "ibm", "ibmcp", "dos", "oem", "pc", "pccp", "ccsid",
	"codepage", "cpwindows", "windowscp", "wincp", "winnt", "winlatin",
}

// codePages maps the numbers of Microsoft's and IBM's code pages to names.
var codePages = map[string]string{
	"367": "us-ascii", "646": "us-ascii", "20127": "us-ascii", "65001": "utf-8", "1208": "utf-8", "65000": "utf-7",
	"1200": "utf-16le", "1201": "utf-16be", "12000": "utf-32le", "12001": "utf-32be", "1202": "utf-16le",
	"1250": "windows-1250", "1251": "windows-1251", "1252": "windows-1252", "1253": "windows-1253", "1254": "windows-1254",
	"1255": "windows-1255", "1256": "windows-1256", "1257": "windows-1257", "1258": "windows-1258", "874": "windows-874",
	"5346": "windows-1250", "5347": "windows-1251", "5348": "windows-1252", "5349": "windows-1253", "5350": "windows-1254",
	"5351": "windows-1255", "5352": "windows-1256", "5353": "windows-1257", "5354": "windows-1258", "1162": "windows-874",
	"9066": "windows-874", "1004": "windows-1252", "8859": "windows-1252", "819": "windows-1252", "28591": "windows-1252",
	"912": "iso-8859-2", "28592": "iso-8859-2", "913": "iso-8859-3", "28593": "iso-8859-3", "914": "iso-8859-4", "28594": "iso-8859-4",
	"915": "iso-8859-5", "28595": "iso-8859-5", "1089": "iso-8859-6", "28596": "iso-8859-6", "813": "iso-8859-7", "28597": "iso-8859-7",
	"916": "iso-8859-8", "28598": "iso-8859-8", "38598": "iso-8859-8", "920": "windows-1254", "28599": "windows-1254",
	"919": "iso-8859-10", "921": "iso-8859-13", "28603": "iso-8859-13", "923": "iso-8859-15", "28605": "iso-8859-15",
	"437": "ibm437", "737": "ibm737", "775": "ibm775", "850": "ibm850", "852": "ibm852", "855": "ibm855", "857": "ibm857", "858": "ibm858",
	"860": "ibm860", "861": "ibm861", "862": "ibm862", "863": "ibm863", "865": "ibm865", "866": "ibm866", "869": "ibm869",
	"878": "koi8-r", "20866": "koi8-r", "1168": "koi8-u", "21866": "koi8-u", "1051": "hp-roman8",
	"10000": "macintosh", "1275": "macintosh", "10006": "x-mac-greek", "10007": "x-mac-cyrillic", "10017": "x-mac-cyrillic",
	"10029": "x-mac-ce", "1282": "x-mac-ce", "10010": "x-mac-romanian", "10079": "x-mac-icelandic", "10081": "x-mac-turkish",
	"10082": "x-mac-croatian", "1284": "x-mac-croatian", "1281": "x-mac-turkish", "1280": "x-mac-greek", "1283": "x-mac-cyrillic",
	"932": "shift_jis", "942": "shift_jis", "943": "shift_jis", "5050": "euc-jp", "954": "euc-jp", "33722": "euc-jp",
	"20932": "euc-jp", "51932": "euc-jp", "50220": "iso-2022-jp", "50221": "iso-2022-jp", "50222": "iso-2022-jp",
	"936": "gb18030", "1386": "gb18030", "1383": "gb18030", "20936": "gb18030", "51936": "gb18030", "54936": "gb18030",
	"5488": "gb18030", "1392": "gb18030", "52936": "hz-gb-2312", "50227": "iso-2022-cn", "50229": "iso-2022-cn",
	"949": "euc-kr", "970": "euc-kr", "1363": "euc-kr", "51949": "euc-kr", "20949": "euc-kr", "50225": "iso-2022-kr",
	"950": "big5", "951": "big5", "1370": "big5", "1375": "big5", "5471": "big5",
}

// spellings holds, for each name, what else mail programs call the charset, without punctuation. The WHATWG's index
// lacks these labels, or takes them for a smaller charset than mail programs mean.
var spellings = map[string]string{
	"utf-8":        "unicode11utf8 unicode20utf8 unicodeutf8 cesu8 iso10646utf8 isoir196 wtf8",
	"utf-7":        "unicode11utf7 unicode20utf7 utf7imap unicodeutf7",
	"utf-16":       "ucs2 iso10646ucs2 unicode unicodebig unicode11 unicode20 isoir174 utf16bom",
	"utf-16le":     "ucs2le unicodelittle unicodefffe",
	"utf-16be":     "ucs2be unicodebigunmarked",
	"utf-32":       "ucs4 iso10646ucs4",
	"utf-32le":     "ucs4le",
	"utf-32be":     "ucs4be",
	"us-ascii":     "ascii 7bit ansix341968 ansix341986 iso646us us isoir6 iso646irv iso646 usascii7 c posix ascii7 ascii7bit",
	"iso-8859-2":   "latin2 l2 isolatin2 isoir101",
	"iso-8859-3":   "latin3 l3 isolatin3 isoir109",
	"iso-8859-4":   "latin4 l4 isolatin4 isoir110",
	"iso-8859-5":   "cyrillic isolatincyrillic isoir144",
	"iso-8859-6":   "arabic isolatinarabic asmo708 ecma114 isoir127",
	"iso-8859-7":   "greek greek8 isolatingreek elot928 ecma118 isoir126 suneugreek",
	"iso-8859-8":   "hebrew hebrew8 isolatinhebrew isoir138 visual logical",
	"iso-8859-10":  "latin6 l6 isolatin6 isoir157",
	"iso-8859-13":  "latin7 l7 isolatin7 balticrim isoir179",
	"iso-8859-14":  "latin8 l8 isolatin8 isoceltic isoir199",
	"iso-8859-15":  "latin9 l9 isolatin9 latin0",
	"iso-8859-16":  "latin10 l10 isolatin10 isoir226",
	"windows-1250": "easteurope centraleurope winlatin2 winee",
	"windows-1251": "wincyrillic wincyr",
	"windows-1252": "latin1 l1 isolatin1 isoir100 iso88591windowslatin1 winansi winlatin1 windowslatin1 westerneuropean " +
		"windows1252httpequivcontenttype ansi1252 we8iso8859p1 we8mswin1252 latin latin1windows",
	"windows-1253":    "wingreek",
	"windows-1254":    "latin5 l5 isolatin5 isoir148 turkish turkish8 winturkish",
	"windows-1255":    "winhebrew",
	"windows-1256":    "winarabic",
	"windows-1257":    "winbaltic baltic",
	"windows-1258":    "winvietnamese vietnamese",
	"windows-874":     "tis620 tis6200 tis62025331 tis62025330 thai thai8 isoir166 tis11",
	"koi8-r":          "koi8 koi koi8russian russian relcom gost19768",
	"koi8-u":          "koi8ru koi8ukrainian koi8uni",
	"ibm437":          "pc8codepage437 oemus",
	"ibm737":          "",
	"ibm775":          "pc775baltic",
	"ibm850":          "pc850multilingual oem",
	"ibm852":          "pcp852",
	"ibm855":          "",
	"ibm857":          "",
	"ibm858":          "pcmultilingual850euro ibm00858 cp00858",
	"ibm860":          "",
	"ibm861":          "cpis",
	"ibm862":          "pc862latinhebrew",
	"ibm863":          "",
	"ibm865":          "",
	"ibm866":          "alternativnyj alt dosrussian",
	"ibm869":          "cpgr",
	"hp-roman8":       "roman8 r8 hproman",
	"kz-1048":         "strk10482002 rk1048",
	"viscii":          "viscii111",
	"macintosh":       "mac macroman roman applemacintosh applemacroman applelatin1 macwestern macromanlatin1",
	"x-mac-ce":        "macce maccentraleurope maccentraleuroperoman maccentraleurroman macee maclatin2 maceasteurope maceasteuropean macceroman appleceroman",
	"x-mac-croatian":  "maccroatian",
	"x-mac-cyrillic":  "maccyrillic macukrainian maccyrillicukrainian maccyrl",
	"x-mac-greek":     "macgreek macgr",
	"x-mac-icelandic": "macicelandic maciceland",
	"x-mac-romanian":  "macromanian macromania",
	"x-mac-turkish":   "macturkish",
	"gb18030": "gb2312 gbk gb231280 gb23121980 gb231219800 isogb2312 isoir58 iso58gb231280 chinese chinesesimplified simplifiedchinese " +
		"euccn eucgb2312cn eucgb gb gb2312hanzi macchinesesimp macsimplifiedchinese zhcn gb180302000 gb180302005 gbk2k zhs16gbk dechanzi",
	"hz-gb-2312": "hz hzgb hzgb231280 gb2312hz",
	"big5": "big5hkscs big5hkscs2004 big5hkscs2001 big5eten big5plus chinesebig5 big5tw big5hk hkscs macchinesetrad " +
		"mactraditionalchinese zhtw chinesetraditional traditionalchinese tcabig5 zht16big5 cnbig5 cnbig5hkscs big50",
	"shift_jis": "sjis mskanji windows31j cswindows31j ms932 pck japcp macjapanese japaneseshiftjis sjisjdk117 cp943c cp942c " +
		"ms932dbcs sjisopen sjismac sjiswin shiftjisx0213 shiftjis2004 jisx0208sjis ja16sjis windowsj eucsjis sjis2004 sjiscompat",
	"euc-jp": "ujis eucj eucjis extendedunixcodepackedformatforjapanese euc eucpkdfmtjapanese ujisopen ja16euc eucjpms eucjpwin " +
		"eucjisx0213 eucjis2004 deckanji jeuc japaneseeuc eucjplinux",
	"iso-2022-jp": "jis jis7 iso2022jp1 iso2022jp2 iso2022jp3 iso2022jp2004 iso2022jpms iso2022jpext iso2022 junet jiscsiso2022jp iso2022jpmobile " +
		"iso2022jpdollarsio iso2022jpsio iso2022jpesc jisencoding cp50220raw japanesejis",
	"euc-kr": "ksc5601 ksc56011987 ksc56011989 ksc56011992 ksx1001 korean uhc windows949 isoir149 ksc5601ms mackorean koreankorean " +
		"5601 ko16ksc5601 ko16mswin949 eckr dechangul ksc56871987 wansung",
	"iso-2022-kr": "",
	"iso-2022-cn": "iso2022cnext",
	"":            "unknown unknown8bit 8bit default none null binary ansi userdefined undefined unspecified autodetect autodetectall auto charset",
}

// names maps what Name finds to names.
var names = func() map[string]string {
	all := make(map[string]string)
	for _, name := range slices.Sorted(maps.Keys(spellings)) {
		all[compact(name)] = name
		for _, spelling := range strings.Fields(spellings[name]) {
			all[spelling] = name
		}
	}
	all[""] = ""
	return all
}()
