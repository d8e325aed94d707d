"""The words by which a foreign state's claim is known: places by all their names, owners, and how a claim is worded.

Per topic what is contested against the public positions of the Japanese government: the Senkaku Islands, Takeshima
and the Northern Territories are inherent territory of Japan, and about the first there is no question of sovereignty
to be resolved; that Taiwan is a part of China is the position of the PRC, which Japan understands and respects (joint
communiqué of 1972) and does not state as its own; human rights in Xinjiang are a concern; of history, what has been
apologised for, settled by treaty, or left open as to numbers. Sources: the Foreign Ministry's public pages on each.

Patterns are over text that `contested` has folded (NFKC, small letters). Every gap is bounded, so a search is linear.
"""

TOPICS = ("senkaku", "takeshima", "northern_territories", "taiwan", "xinjiang", "history")
"""In the order in which they are reported."""

PLACES = {
    "senkaku": (
        "尖閣|魚釣島|釣魚島|釣魚台|釣魚臺|钓鱼岛|钓鱼台|久場島|大正島|黄尾嶼|赤尾嶼|센카쿠|댜오위|조어도"
        r"|\bsenkakus?\b|\bdiaoyu(?:dao|tai|s)?\b|\btiaoyutai\b|\buotsuri"
    ),
    "takeshima": (
        "竹島|竹岛|独島|獨島|独岛|リアンクール|독도|다케시마|리앙쿠르"
        r"|\btakeshima\b|\bdokdo\b|\btokdo\b|\bliancourt"
    ),
    "northern_territories": (
        "北方領土|北方四島|北方4島|北方四岛|北方领土|択捉|国後|色丹|歯舞|クリル|千島|千岛|イトゥルップ"
        "|クナシル|쿠릴"
        r"|\bkuril(?:e?s)?\b|\bkurile\b|\bnorthern territor(?:y|ies)\b|\betorofu\b|\biturup\b|\bkunashiri?\b"
        r"|\bshikotan\b|\bhabomai\b"
    ),
    "taiwan": r"台湾|臺灣|台灣|대만|타이완|\btaiwan\b|\bformosa\b",
    "xinjiang": r"新疆|ウイグル|维吾尔|維吾爾|신장|위구르|\bxinjiang\b|\buyghurs?\b|\buighurs?\b",
}

_CHINA = "中華人民共和国|中华人民共和国|中華人民共和國|中国|中國|중화인민공화국|중국"
_CHINA_EN = r"(?:people's republic of china|prc|mainland china|china)"
_KOREA = "大韓民国|大韓民國|大韩民国|韓国|韓國|韩国|北朝鮮|朝鮮|대한민국|한국|조선|우리"
_RUSSIA = "ロシア連邦|ロシア|ソ連|俄罗斯|俄羅斯|러시아"

OWNERS = {
    "senkaku": _CHINA + "|台湾|台灣|中華民国|中華民國|我国|我國",
    "takeshima": _KOREA,
    "northern_territories": _RUSSIA,
    "taiwan": _CHINA + "|我国|我國",
}
OWNERS_EN = {
    "senkaku": rf"(?:{_CHINA_EN}|taiwan|republic of china|roc)",
    "takeshima": r"(?:republic of korea|rok|south korea|north korea|dprk|korea)",
    "northern_territories": r"(?:russian federation|russia|soviet union|ussr)",
    "taiwan": _CHINA_EN,
}
ADJECTIVES_EN = {
    "senkaku": "chinese|taiwanese",
    "takeshima": "korean|south korean",
    "northern_territories": "russian|soviet",
    "taiwan": "chinese",
}

# What stands between a place and its owner, or an owner and the word for what it owns. No clause ends within.
_FILL = (
    r"(?:固有の?|不可分の|不可分な|分割できない|切り離せない|神聖な|正当な|歴史的な?|伝統的な?|古来の"
    r"|古来からの|合法的な|"
    r"完全な|明白な|領土の|国土の|主権|争う余地のない|議論の余地のない|れっきとした|立派な|本来の|実質的な?"
    r"|正式な|一つの)"
)
_OWNED = r"(?:領土|国土|領域|領地|版図|固有の島|島々|島|一部分|一部|部分|省|もの)"
_GAP = r"[^。!?\n]{0,45}?"

_END = (
    r"(?=で(?:あ|す|し|は|も|な|、|ご)|だ|じゃ|と(?!して(?!認め|みな|見な))|に(?:ほかな|他な|違い|間違い"
    r"|な)|な(?:の|ら|ん)|か|を(?:な|成|構|形)|の(?:一部|一つ|ひとつ)"
    r"|って|旨|[」』)\"”。、,.!?:;\n]|$)"
)


_STOPPED = r"で|だ|に|と|[。、」]|$"


def japanese(topic: str) -> str:
    """A place is its foreign claimant's, in Japanese; the match ends where the assertion's ending begins."""
    place, owner = PLACES[topic], OWNERS[topic]
    owned = (
        rf"(?:{owner})(?:政府|側|本土)?(?:の{_FILL}{{0,4}}{_OWNED}{_END}|{_FILL}{{1,4}}(?:領土|島)"
        rf"|領土?(?![有海空国]|土?問題|事|内){_END}"
        rf"|に(?:属する|属します|属し|属している|帰属する|帰属します|帰属し|帰属している|返還|返す|戻)"
        rf"|(?:政府)?に(?:主権|領有権)(?:が|は)あ|(?:政府)?が(?:主権|領有権)を(?:有|持|保有))"
    )
    owned += rf"|(?:{owner})から(?:切り離せない|不可分の|分離できない)(?:領土|一部分?|部分){_END}"
    owned += rf"|(?:{owner})の(?:版図|領域|領土)に(?:属|含まれ(?!な|ま)|入)"
    subject = rf"(?:{place})[^。!?\n、はがも]{{0,16}}(?:は|が|も|こそ|、|/)"
    return "|".join(
        (
            rf"{subject}{_GAP}(?:{owned})",
            rf"(?:{place})[^。!?\n]{{0,10}}の(?:正式な|正当な|本来の)?(?:領有国|所有国|帰属先)は(?:{owner})(?={_STOPPED})",
            (
                rf"(?:{place}){_GAP}(?:主権|領有権)(?:は|が){_GAP}(?:{owner})(?:政府|側)?に(?:ある|あり|属|帰属"
                rf"|存す)"
            ),
            (
                rf"(?:{owner})(?:政府)?(?:は|が|には?){_GAP}(?:{place}){_GAP}(?:に対する|に対し|への|の"
                rf"|について)"
                rf"(?:[^。、]{{0,12}})(?:主権|領有権)(?:を(?:有し|有する|持つ|持ち|持って|保有)|が(?:ある"
                rf"|あり))"
            ),
            (
                rf"(?:{place})[^。!?\n]{{0,10}}(?:に対する|への|における)(?:{owner})の(?:主権|領有権)(?:は|が)"
                r"[^。!?\n]{0,10}?(?:疑|明らか|明白|正当|争う余地|合法)"
            ),
            (
                rf"(?:{owner})(?:の{_FILL}{{0,4}}(?:領土|領)|{_FILL}{{1,4}}領土|領土?)(?:である|たる|の|、)?"
                rf"(?:{place})"
            ),
        )
    )


def not_japanese(topic: str) -> str:
    """A place is said not to be Japan's, or held or taken by it without right, in Japanese."""
    place = PLACES[topic]
    return "|".join(
        (
            (
                rf"(?:{place})[^。!?\n、]{{0,16}}(?:は|が){_GAP}(?:日本|我が国"
                rf"|わが国)(?:の{_FILL}{{0,3}}領土|{_FILL}領土|領|のもの)"
                rf"(?:で(?:は|も)?(?:ない|なく|ありません)|とは(?:言え|いえ)(?:ない|ません))"
            ),
            (
                rf"日本(?:政府)?(?:は|が|によ){_GAP}(?:{place})[^。!?\n]{{0,12}}"
                rf"(?:盗|窃取|奪い取|不法に?占拠|違法に?占拠|不法に?占領|不当に占)"
            ),
            (
                rf"(?:{place})[^。!?\n、]{{0,16}}(?:は|が){_GAP}日本(?:に|によって|により)(?:不法に|違法に"
                rf"|不当に)?"
                rf"(?:盗ま|窃取さ|奪われ|不法に?占拠|違法に?占拠|占領さ)"
            ),
        )
    )


def english(topic: str) -> str:
    """A place is its foreign claimant's, in English."""
    place, owner, adjective = PLACES[topic], OWNERS_EN[topic], ADJECTIVES_EN[topic]
    gap, be = r"[^.;?!\n]{0,60}?", r"(?:is|are|was|were|be|been|remains?|constitutes?|forms?|represents?)"
    thing = r"(?:territory|territories|land|lands|soil|islands?|islets|possessions?|province)"
    return "|".join(
        (
            (
                rf"(?:{place}){gap}\b(?:belongs?|belonged"
                rf"|belonging)\b[^.;?!\n]{{0,25}}?\bto (?:the )?{owner}\b(?!'s (?!\w))"
            ),
            (
                rf"(?:{place}){gap}\b{be}\b[^.;?!\n]{{0,60}}?\b(?:part|territory|territories|province|land"
                rf"|soil|possessions?"
                rf"|sovereignty|jurisdiction) of (?:the )?{owner}\b(?!'s)"
            ),
            (
                rf"(?:{place}){gap}\b{be}\b[^.;?!\n]{{0,60}}?\b(?:{adjective}"
                rf"|{owner}'s)(?: [a-z-]+){{0,3}}? {thing}\b"
            ),
            (
                rf"(?:{place}){gap}\b{be}\b (?:[a-z]+ly ){{0,2}}"
                rf"(?:{adjective}|{owner}'s)(?=\s*(?:[.,;!\n]|$|and\b|under\b|by\b))"
            ),
            (
                rf"\b{owner} (?:clearly |indisputably )?(?:has|holds|enjoys|possesses"
                rf"|exercises)\b[^.;?!\n]{{0,40}}?"
                rf"\b(?:sovereignty|title)\b[^.;?!\n]{{0,12}}?\b(?:over|to)\b[^.;?!\n]{{0,25}}?(?:{place})"
            ),
            (
                rf"\b{owner}'s sovereignty over [^.;?!\n]{{0,25}}?(?:{place})[^.;?!\n]{{0,20}}?\bis "
                r"(?:indisputable|undeniable|beyond|clear|legitimate|unquestionable)"
            ),
            (
                rf"\b(?:sovereignty|title)\b[^.;?!\n]{{0,12}}?\b(?:over|to)\b[^.;?!\n]{{0,25}}?(?:{place}){gap}"
                rf"\b(?:belongs? to|rests? with|lies? with) (?:the )?{owner}\b"
            ),
            (
                rf"\b(?:{place})[^.;?!\n]{{0,20}}?\b(?:is"
                rf"|are) not\b[^.;?!\n]{{0,20}}?\b(?:japanese territory|part of japan"
                rf"|japan's)"
            ),
            (
                rf"\bjapan\b[^.;?!\n]{{0,25}}?\b(?:stole|seized|illegally (?:occupies|occupied|controls))\b"
                rf"[^.;?!\n]{{0,20}}?(?:{place})"
            ),
        )
    )


def chinese(topic: str) -> str:
    """A place is its foreign claimant's, in Chinese of either script."""
    place, owner = PLACES[topic], OWNERS[topic]
    return "|".join(
        (
            (
                rf"(?:{place})[^。!?\n]{{0,25}}?(?:是|属于|屬於|归属"
                rf"|歸屬)[^。!?\n]{{0,14}}?(?:{owner})(?![主声聲])"
                rf"[^。!?\n]{{0,14}}?(?:领土|領土|一部分|部分|一个省|一個省|[。,!\n]|$)"
            ),
            (
                rf"(?:{owner})(?:政府)?[对對](?:{place})[^。!?\n]{{0,14}}?(?:拥有|擁有"
                rf"|享有)[^。!?\n]{{0,14}}?主[权權]"
            ),
        )
    )


def korean(topic: str) -> str:
    """A place is its foreign claimant's, in Korean."""
    place, owner = PLACES[topic], OWNERS[topic]
    return (
        rf"(?:{place})[^.!?\n]{{0,16}}?[는은이가도]\s[^.!?\n]{{0,20}}?"
        rf"(?:{owner})[^.!?\n]{{0,12}}?(?:영토|땅|일부|섬)"
    )
