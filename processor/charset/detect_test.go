package charset

import "testing"

// written returns a text as octets of a charset.
func written(t *testing.T, text, name string) []byte {
	t.Helper()
	octets, err := encodingByName(name).NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatalf("%q in %s: %v", text, name, err)
	}
	return octets
}

func TestOctetsWithoutADeclarationAreReadInTheCharsetThatTheyArePlainlyIn(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, charset, text string }{
		{"French", "windows-1252", "Réunion déplacée à l’étage"},
		{"a single accent", "windows-1252", "Café"},
		{"German", "windows-1252", "Größe ändern, § 5"},
		{"Spanish", "windows-1252", "¿Cuándo vuelve el señor Muñoz?"},
		{"Portuguese", "windows-1252", "Não há ligação à rede"},
		{"Norwegian", "windows-1252", "Kan ikke åpne mappen på første maskin"},
		{"English with curved quotes", "windows-1252", "It’s the “left” lamp – again"},
		{"Czech", "windows-1250", "Změna hesla nešla uložit"},
		{"Czech of Unix", "iso-8859-2", "Klávesnice píše špatné znaky"},
		{"Polish", "windows-1250", "Proszę o nową mysz, stara się zepsuła"},
		{"Hungarian", "windows-1250", "Új fűtőtestet kérek az irodába"},
		{"Turkish", "windows-1254", "Klavyem bozuldu, yenisini alabilir miyim? Işık da yanmıyor"},
		{"Russian", "windows-1251", "Сломалась мышь"},
		{"Russian in capitals", "windows-1251", "ПРОШУ ЗАМЕНИТЬ КАРТРИДЖ"},
		{"Russian of Unix", "koi8-r", "Не работает телефон"},
		{"Russian of DOS", "ibm866", "Не работает телефон"},
		{"Ukrainian", "windows-1251", "Потрібна нова клавіатура"},
		{"Greek", "windows-1253", "Χάλασε η οθόνη μου"},
		{"Hebrew", "windows-1255", "המסך שלי לא נדלק"},
		{"Arabic", "windows-1256", "الشاشة لا تعمل منذ الصباح"},
		{"Thai", "windows-874", "จอคอมพิวเตอร์ไม่ติด"},
		{"Lithuanian", "windows-1257", "Neveikia mano ekranas, prašau pakeisti jį šiandien"},
		{"Chinese", "gb18030", "显示器不亮"},
		{"Chinese with words of ASCII", "gb18030", "关于U盘和VPN的问题"},
		{"traditional Chinese", "big5", "螢幕不亮，請派人處理"},
		{"Japanese", "shift_jis", "モニターが映らない"},
		{"Japanese of half the width", "shift_jis", "ﾓﾆﾀｰ故障"},
		{"Japanese of Unix", "euc-jp", "モニターが映らない"},
		{"Korean", "euc-kr", "모니터가 안 켜집니다"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			octets := written(t, tt.text, tt.charset)
			for _, label := range []string{"", "us-ascii", "x-unknown", "utf-8"} {
				if got := Decode(octets, label); got != tt.text {
					t.Errorf("%s declared as %q is read as %q, want %q", tt.charset, label, got, tt.text)
				}
			}
			if got := Decode(octets, tt.charset); got != tt.text {
				t.Errorf("declared as what they are, they are read as %q, want %q", got, tt.text)
			}
		})
	}
}

func TestTextThatIsPlainlyUTF8IsReadAsUTF8(t *testing.T) {
	t.Parallel()
	labels := []string{"gb2312", "gbk", "gb18030", "big5", "shift_jis", "euc-jp", "euc-kr", "iso-2022-jp", "iso-2022-kr", "utf-16", "utf-16le", "koi8-r"}
	for name, text := range map[string]string{
		"a word with an accent":         "Café",
		"a German word":                 "Größe",
		"a French sentence":             "L’écran de l’entrée est noir",
		"a Spanish word":                "Mañana",
		"Polish":                        "Łódź: żółta lampka",
		"Vietnamese":                    "Máy in bị hỏng",
		"a Russian word":                "Привет",
		"Greek":                         "Καλημέρα",
		"Hebrew":                        "שלום רב",
		"Arabic":                        "طلب مساعدة",
		"Thai":                          "จอไม่ติด",
		"Hindi":                         "प्रिंटर काम नहीं कर रहा",
		"Georgian":                      "პრინტერი",
		"a Chinese word":                "仓库",
		"traditional Chinese":           "螢幕不亮",
		"Japanese":                      "モニター",
		"Korean":                        "모니터 고장",
		"a thumb":                       "Done 👍",
		"English with a curved quote":   "It’s broken",
		"Chinese with words of English": "VPN连不上 please help",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, label := range labels {
				if got := Decode([]byte(text), label); got != text {
					t.Errorf("declared as %s, it is read as %q, want %q", label, got, text)
				}
			}
		})
	}
}

func TestAFewCharactersThatAreUTF8ByChanceAreReadAsDeclared(t *testing.T) {
	t.Parallel()
	for text, label := range map[string]string{
		"小学": "gb2312", "系统": "gbk", "一直": "gb18030", "学习小": "gb18030", "茅": "gbk", "ﾃｲ": "shift_jis", "챕": "euc-kr",
	} {
		octets := written(t, text, Name(label))
		if got := Decode(octets, label); got != text {
			t.Errorf("%q declared as %s is read as %q", text, label, got)
		}
	}
}

func TestAGuessIsMadeOnceForOctetsThatBelongTogether(t *testing.T) {
	t.Parallel()
	guess := DetectOnce()
	if got := guess(written(t, "Сломалась мышь", "windows-1251")); got != "windows-1251" {
		t.Fatalf("the first guess is %q, want windows-1251", got)
	}
	if got := guess(written(t, "Café", "windows-1252")); got != "windows-1251" {
		t.Errorf("the second guess is %q, want the first one", got)
	}
}
