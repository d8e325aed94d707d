"""How a claim is reported, refuted, asked, supposed or endorsed: what stands around it, in four languages.

Patterns are over text that `contested_claims` has folded (NFKC, small letters); every gap in them is bounded.
"""

COPULA = (
    r"(?:(?:に|と)な(?:った|りました|っている|っています|る|ります|ったの(?:である|です)?)|に(?:ほか"
    r"|他)なら(?:ない|ず|ないもの)"
    r"|に(?:間)?違い(?:ない|ありません))?"
    r"(?:なの)?(?:であります|であった|である|であり|でした|でして|です|でしょう|だろう|だった|だ|で)?"
)
"""How a Japanese assertion may end."""
SPEAKERS = (
    r"(?:中国|北京|中国共産党|習近平|人民日報|環球時報|韓国|ソウル|北朝鮮|ロシア|ソ連|モスクワ|クレムリン"
    r"|プーチン|相手国|先方|同国|"
    r"台湾当局|彼ら|外国|国外|一部の(?:論者|識者|国|人|学者|活動家|メディア))"
    r"(?:政府|側|外[交務](?:部|省)|国内|共産党|当局|大統領|首脳|国営メディア|メディア|の?教科書|の報道官)*"
    r"(?:は|が|も|では|において|によ|から|の(?:主張|立場|見解|言い分|公式|説明))"
)
REPORTED_BEFORE = (
    r"(?:仮に|もし|たとえ|仮定|によれば|によると|にとって|から見れば|の(?:主張|立場|見解|言い分|説明"
    r"|公式見解|公式の立場)"
    r"(?:で|は|に|、|:|によ|から|としては|の要点)|という(?:主張|立場|見解|言い分|説)(?:は|が|に)"
    r"|^[\s\-・*●•0-9.()①-⑳#>|]*(?:中国|韓国|ロシア|北朝鮮|中国側|韓国側|ロシア側|中国政府|韓国政府|ロシア政府|"
    r"china|beijing|south korea|seoul|russia|moscow)(?:の主張|の立場|の見解|'s (?:claim|position"
    r"|view))?\s*[:|-])"
)
ENDORSED_BEFORE = (
    r"(?:主張|立場|見解|言い分)(?:の(?:とおり|通り)|どおり|通り)"
    r"|(?:主張|立場|見解)(?:は|が)(?:正し|正当|妥当)"
)
REFUTED = (
    r"誤り|誤っ|誤解|間違|根拠(?:が|は|も)?(?:ない|なく|なし|乏し|を欠)|根拠のない|事実に反|事実(?:では"
    r"|で)?(?:ない|なく|無根)|"
    r"受け入れ(?:られ|る(?:こと|わけ))|認め(?:られ|る(?:こと|わけ)|ない|ません)|成り立た|虚偽|プロパガンダ"
    r"|一方的|独自の|"
    r"支持し(?:ない|ません)|同意し(?:ない|ません)|否定|反論|拒否|正しくな|正当(?:では|で)?な|妥当(?:では"
    r"|で)?な|"
    r"言え(?:ない|ません)|いえ(?:ない|ません)|考え(?:ない|ません|られません|られない)|できない|できません"
    r"|ありません"
)
SELF = (
    r"考え(?:ます|る|て(?:い|お)|られ(?:る|ます))|思い(?:ます)|思う|思われ|言え(?:る|ます)|いえ(?:る|ます)"
    r"|認識(?:し|すべ|しています)|"
    r"確信|明らか|明白|疑い(?:の|は|が)?(?:余地)?(?:が|は|も)?(?:な|あり)|疑う余地|間違いな|認めるべき"
    r"|見るべき|みるべき|見なすべき|"
    r"みなすべき|(?:の|こと)が?(?:は|が)?(?:歴史的)?(?:事実|真実)|判断(?:し|でき|され)|結論|解され"
    r"|理解(?:され|すべ|しています)|"
    r"断言|されて(?:い|お|き)|される|されます|"
    r"(?:事実|常識|真理|大前提)(?:を(?:踏まえ|認め|直視|前提)|に(?:沿|基づ|立))"
)
ENDORSED = (
    r"(?:主張|立場|見解|説|認識|の|こと)(?:は|が|には|に)[^。]{0,14}?"
    r"(?:正し(?:い|く(?!な|あ)|かった)|正当(?:である|です|だ|な(?!く|い))|妥当(?:である|です|だ)|根拠(?:が"
    r"|は)?(?:あり|ある)|理がある|"
    r"説得力(?:が)?(?:あり|ある)|もっとも(?:である|です|だ)|事実(?:である|です|だ(?!と))|真実)"
    r"|(?:理解|認識|考え方?|解釈)で(?:よい|良い|よろしい|正しい|間違い(?:な|あり))"
)
NEGATED = (
    r"(?:という(?:わけ|こと)?|もの|わけ)?(?:で(?:は|も)?(?:な[いくかけし]|ありませ|あり得|あるわけ)"
    r"|じゃ(?:な|あり)"
    r"|とは?(?:言|い|認め|考え|思|みな|見な|限|断言|呼)[^、。]{0,10}?(?:ない|ません|ず|ぬ|なく)"
    r"|(?:こと)?(?:は|が|も)?(?:一度(?:も|として)|決して|全く|まったく)?(?:な(?:い|かった)|ありません)"
    r"|(?:し)?(?:ない|ません|なく)|(?:さ)?れ(?:ない|ません|ず)|はずがな|わけがな|に(?:は)?なら(?:ない|ず|なか))"
)
ASKED = r"(?:な(?:の|ん))?(?:でしょう|です|である|だろう|の)?か(?:$|[?、。」』)とをにはがどのもで否])"
ASKED_LATER = r"^[^。]{0,24}?か(?:[、。?」』]|$|は(?:分|わ|不|別)|を|について)"
"""A question behind a link: 「…と言えるのか、…」."""
SUPPOSED = (
    r"(?:とすれば|としたら|とする(?:なら|と)|なら(?!な)|であれば|"
    r"であるなら|だとし|場合|としても|であっても|でも)"
)
LINKED = (
    r"[」』\"”’]?(?:こと)?(?:と|って|旨|など|か(?:のよう|のごとく))"
    r"|、(?:という|との)|。?[」』]\s*(?:この|その|こう|そう|これ|それ|は|が)"
)

REPORTERS_EN = (
    r"(?:claim(?:s|ed|ing)?(?! of\b)|assert(?:s|ed|ing|ion)?|say(?:s|ing)?|said|argu(?:e|es|ed|ing|ment)"
    r"|maintain(?:s|ed|ing)?|insist(?:s|ed)?|"
    r"contend(?:s|ed)?|alleg(?:e|es|ed|ation|ations)|den(?:y|ies|ied)|reject(?:s|ed)?|disput(?:e|es|ed)"
    r"|consider(?:s|ed)?|"
    r"regard(?:s|ed)?|view(?:s|ed)?|position|belie(?:f|ves)|narrative|propaganda|notion|idea|described"
    r"|stance|seen|refut(?:e|es|ed|ing)|"
    r"whether|if|suppose|assuming|false|untrue|incorrect|wrong|evidence|proof|prove|doubt|treats?|treated"
    r"|states|stated|declares?|"
    r"declared|holds that|calls?|label(?:s|led)?|understands|respects|"
    r"(?:not|n't|never) (?:\w+ ){0,2}?(?:true|correct|accept|recogni[sz]e|acknowledge|agree|endorse|support"
    r"|mean|imply))"
)
ACCORDING_EN = (
    r"\baccording to\b|\bfrom (?:china|beijing|seoul|south korea|russia|moscow)'s\b|\bin (?:china|beijing"
    r"|seoul|russia|moscow)'s (?:view|eyes)"
    r"|\b(?:china|beijing|seoul|south korea|russia|moscow)'s (?:official )?(?:position|claim|view"
    r"|stance) (?:is|holds|states)\b"
)
AFTER_EN = (
    r"^[^.;?!\n]{0,25}?,?\s*(?:according to|claims|says|said|asserts|argues|insists|in (?:beijing|china"
    r"|seoul|moscow|russia)'s view)\b"
)
ENDORSED_EN = (
    r"\b(?:is|are|was) (?:entirely |fully |perfectly |absolutely )?(?:correct|right|justified|valid"
    r"|well[- ]founded|legitimate|true)\b"
)
NEGATED_EN = r"\b(?:not|never|neither|nor|no longer|cannot|hardly)\b|n't\b|\bno part\b"

REPORTERS_ZH = (
    r"声称|聲稱|宣称|宣稱|主张|主張|认为|認為|坚称|堅稱|所谓|所謂|称|稱|说法|說法|是否|如果|并非|並非|不是"
    r"|不属于|不屬於|从来不|從來不"
)
REPORTERS_KO = r"주장|라고|다고|이라는|라는|인가|입니까|일까|여부"
NEGATED_KO = r"아니|않"
