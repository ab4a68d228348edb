package charset

import (
	"sync"
	"unicode"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// The languages, each made when octets are first compared with it. The letters of an alphabet, and the ideographs, stand
// in the order of their frequency in texts.
var (
	western = sync.OnceValue(func() *language {
		return latin("éèäüàöóíáçñãåøæêßúâôðþëîõòùïûœìÿýžš").done()
	})
	portuguese = sync.OnceValue(func() *language { return latin("ãçéáíóêõàâúü").done() })
	czech      = sync.OnceValue(func() *language { return latin("íáéěřšžýčůúňťďóäľôĺŕ").done() })
	polish     = sync.OnceValue(func() *language { return latin("ąęłóżśćńź").done() })
	hungarian  = sync.OnceValue(func() *language { return latin("áéöóőüíúű").done() })
	romanian   = sync.OnceValue(func() *language { return latin("ăîâșțşţ").done() })
	croatian   = sync.OnceValue(func() *language { return latin("čšžćđ").done() })
	turkish    = sync.OnceValue(func() *language { return latin("ıişçğüöİâîû").done() })
	latvian    = sync.OnceValue(func() *language { return latin("āīēūšņļžķčģ").done() })
	lithuanian = sync.OnceValue(func() *language { return latin("ėšųįžąūęč").done() })
	estonian   = sync.OnceValue(func() *language { return latin("äõüöšž").done() })

	cyrillic = sync.OnceValue(func() *language {
		return alphabet("оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъіїёєґўјљњђћџ", 2.2, 0.13).done()
	})
	greek = sync.OnceValue(func() *language {
		return alphabet("αοιετσνηυρπκμλςάίόέωδγήχύθφώβξζψϊϋΐΰ", 2.2, 0.13).done()
	})
	hebrew = sync.OnceValue(func() *language {
		return alphabet("יוהלאתרמבשנםחדעקפכגטסזןצךףץ", 2.2, 0.13).done()
	})
	arabic = sync.OnceValue(func() *language {
		return alphabet("ايلمنروتبةعدسفهقكحجشطصخىأءئزضذثغظؤإآیکپچگژ،؟؛ً", 2.2, 0.13).done()
	})
	thai = sync.OnceValue(func() *language {
		return alphabet("านรอก่เง้มยลวดทสตะปั ีบคหิแจพชข์ืใไโุผูธำ็ศณถึฟฉซภญฐษฎฏฑฒฆฌฝฮๆฯ", 2.4, 0.07).done()
	})

	simplifiedChinese = sync.OnceValue(func() *language {
		level1 := octetPairs(0xb0, 0xd7, 0xa1, 0xfe)
		return ideographs(simplifiedFrequent, charactersOf(simplifiedchinese.GB18030, level1)).done()
	})
	traditionalChinese = sync.OnceValue(func() *language {
		level1 := append(octetPairs(0xa4, 0xc6, 0x40, 0x7e), octetPairs(0xa4, 0xc5, 0xa1, 0xfe)...)
		return ideographs(traditionalFrequent, charactersOf(traditionalchinese.Big5, level1)).done()
	})
	japaneseText = sync.OnceValue(func() *language {
		l := ideographs("", charactersOf(japanese.EUCJP, octetPairs(0xb0, 0xcf, 0xa1, 0xfe)))
		l.ranked(hiraganaFrequent, 2.6, 0.6).ranked(katakanaFrequent, 3.4, 0.5).ranked(kanjiFrequent, 5, 0.6)
		for r := '｡'; r <= 'ﾟ'; r++ {
			l.costs[r] = 5.5 // of half the width: one octet in Shift_JIS
		}
		return l.done()
	})
	koreanText = sync.OnceValue(func() *language {
		l := ideographs("", charactersOf(korean.EUCKR, octetPairs(0xb0, 0xc8, 0xa1, 0xfe)))
		l.isSpaced = true
		return l.ranked(hangulFrequent, 3.8, 0.55).done()
	})

	// anyScript is for texts in a script of which nothing else is known: its letters are together in Unicode.
	anyScript = sync.OnceValue(func() *language {
		l := &language{isLatin: true, isSpaced: true, other: func(r rune) float64 {
			if unicode.In(r, unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Han, unicode.Hangul, unicode.Inherited, unicode.Coptic) {
				return foreign
			}
			return 5
		}}
		return l.done()
	})
)

// Groups of languages that share charsets.
var (
	westEuropean    = []func() *language{western, portuguese, estonian}
	centralEuropean = []func() *language{czech, polish, hungarian, romanian, croatian}
	balticStates    = []func() *language{latvian, lithuanian, estonian}
	allLanguages    = []func() *language{
		western, portuguese, czech, polish, hungarian, romanian, croatian, turkish, latvian, lithuanian, estonian, cyrillic, greek, hebrew,
		arabic, thai, simplifiedChinese, traditionalChinese, japaneseText, koreanText, anyScript,
	}
)

// octetPairs returns the characters of two octets with these first and second octets, one after another.
func octetPairs(firstFrom, firstTo, secondFrom, secondTo int) []byte {
	var octets []byte
	for first := firstFrom; first <= firstTo; first++ {
		for second := secondFrom; second <= secondTo; second++ {
			octets = append(octets, byte(first), byte(second))
		}
	}
	return octets
}

// charactersOf returns a function that returns the characters which octets stand for.
func charactersOf(enc encoding.Encoding, octets []byte) func() map[rune]bool {
	return sync.OnceValue(func() map[rune]bool {
		text, _ := decodeWith(enc, octets)
		all := make(map[rune]bool)
		for _, r := range text {
			all[r] = true
		}
		return all
	})
}

// Frequent characters: those of general texts, then those of mail to a service desk.
const (
	hiraganaFrequent = "のにはをたがでとしいてなれるかもまさうっりすこあくきせえけんおつみよらどめちそわひろやげふほごだじずびばべぶぼぎぐぜぞねゃゅょぁぇゆへむざぬぱぷぽ"
	katakanaFrequent = "ーンスルトリアイラクドシロジタレマッコフプグメテバサデキカムパナミウチオエビブツニボセハヘモワソヤズユヨノヒホケネベペポガギザダゾャュョァィェォヴ"
	kanjiFrequent    = "日一大年中会人本月長国出上十生子分東三行同今高金時手見市力米自前円合立内二事社者地京間田体学下目五後新明方部女八心四民対主正代言九小思七山実入回場野開万全定家北六問話文動度県水安氏和政保表道" +
		"相意発不党印刷機障害至急紙詰確認設定接続様具更変依頼報告連絡番号管理情利用使送受信電源画面室議席棚鍵故修交換注理件名部署員務業契約書類登録申請在庫料数量商品届予約可能起動停止線資"
	hangulFrequent = "이다는에의을가고하지로기를한사대인도어리서자은시나것해있으스그일아수정부과들주제여장보전구원라상만와동게세안성면비공국전관화요청드립니까문확용설치컴퓨터프린네트워크오류메일습무진행단체신입력재작업" +
		"건생때할연경물위방모소민조영발등명간계본중내분개통실최현당거남회없년월초미저선교양차거름됩음금결규식직후유추였겠데며우려야말적회의실고장접수처완료출퇴근번호변경품의서울"
	simplifiedFrequent = "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因" +
		"只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立" +
		"及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王" +
		"象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运笔请帮忙检查服器密码错误登录账号邮系网络故障会议室投影仪派修重启连脑键盘鼠标显示屏软装更附通知申审批测试客户订单" +
		"采购发票财经您谢印扫描枪仓库坏卡纸换墨盒灯锁钥匙椅桌插座空调断线慢快急速尽早晚联系办公楼层职权限"
	traditionalFrequent = "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因" +
		"只從想實日軍者意無力它與長把機十民第公此已工使情明性知全三又關點正業外將兩高間由問很最重並物手應戰向頭文體政美相見被利什二等產或新己制身果加西斯月話合回特代內信表化老給世位次度門任常先海通教兒原東聲提立" +
		"及比員解水名真論處走義各入幾口認條平系氣題活爾更別打女變四神總何電數安少報才結反受目太量再感建務做接必場件計管期市直德資命山金指克許統區保至隊形社便空決治展馬科司五基眼書非則聽白卻界達光放強即像難且權思王" +
		"象完設式色路記南品住告類求據程北邊死張該交規萬取拉格望覺術領共確傳師觀清今切院讓識候帶導爭運筆請幫忙檢查服器密碼錯誤登錄帳號郵網路故障會議室投影機派修重啟連腦鍵盤滑鼠標顯示螢幕軟裝更附通知申審批測試客戶訂單" +
		"採購發票財經您謝印表掃描倉庫壞卡紙換墨盒燈鎖鑰匙椅桌插座空調斷線慢快急速盡早晚聯繫辦公樓層職權限"
)
