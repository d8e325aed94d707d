"""The claims that are not about whose a place is: Xinjiang, Taiwan's affairs, a dispute over the Senkakus, history.

By language, over text that `contested_claims` has folded; every gap is bounded. The positions that they contradict
are those named in `contested_words`.
"""

from magi.core.contested_words import PLACES

_X = PLACES["xinjiang"]
_ABUSE = (
    "人権侵害|人権弾圧|人権抑圧|人権問題|弾圧|ジェノサイド|集団虐殺|大量虐殺|民族浄化|強制労働"
    "|(?:強制)?収容所|強制収容|強制不妊|"
    "迫害|拷問"
)
_ABUSE_EN = (
    r"(?:genocide|human[- ]rights (?:abuses?|violations?|issues?|problems?)|forced lab(?:or|our)"
    r"|persecution|repression"
    r"|oppression|mass detentions?|concentration camps?|crimes against humanity|torture)"
)
_ABSENT = (
    r"(?:が(?:行われ(?:てい?る|た)|存在する|起きてい?る|ある))?(?:という(?:のは|話は|主張は|報道は)|との(?:主張|非難|報道)は)"
    r"(?:完全な|全くの|まったくの|西側の|欧米の|世紀の)*(?:嘘|うそ|虚構|捏造|でっち上げ|デマ|虚偽)"
    r"|[」』]?(?:は|が|も|など)?(?:一切|全く|まったく|なんら|何ら|そもそも|実際には)?"
    r"(?:(?:は|が|も)?(?:存在し(?:ない|ません|なかった)|行われてい(?:ない|ません|なかった)|起きてい(?:ない"
    r"|ません)"
    r"|発生してい(?:ない|ません)|な(?:い|かった)|ありません)|(?:の|が?(?:行われて?い?る|行われた|存在する"
    r"|起きて?い?る|ある)(?:という)?)?(?:証拠|事実|根拠)(?:は|が|も)(?:一切|全く|まったく)?"
    r"(?:存在し)?(?:ない|ありません|ません)|は?、?(?:完全な|全くの|まったくの|世紀の|(?:西側|欧米|米国"
    r"|反中勢力)(?:の|による))*"
    r"(?:嘘|うそ|ウソ|虚構|捏造|でっち上げ|デマ|虚偽|作り話))"
)
_PLACED = rf"(?:{_X})[^。!?\n]{{0,30}}?"

XINJIANG = {
    "ja": "|".join(
        (
            rf"{_PLACED}(?:{_ABUSE})(?:や[^。、]{{0,12}})?(?:{_ABSENT})",
            (
                rf"{_PLACED}(?:人々|住民|各民族|少数民族|ウイグル(?:人|族)|では)[^。!?\n]{{0,20}}?人権[はが][^。!?\n]{{0,16}}?"
                r"(?:保障|守られ|尊重)(?:され)?てい(?:る|ます)"
            ),
            (
                rf"{_PLACED}(?:施設|センター|収容所)[^。!?\n]{{0,12}}?(?:は|が)[^。!?\n]{{0,24}}?"
                r"(?:職業(?:技能)?(?:教育|訓練)|過激(?:化|思想)対策|テロ対策)[^。!?\n]{0,14}?(?:施設"
                r"|センター|学校|ため|もの)"
            ),
            (
                rf"{_PLACED}(?:は|が)[^。!?\n]{{0,20}}?(?:人権問題では(?:なく|ない)|(?:純粋に?"
                rf"|完全に?)?(?:中国の)?内政(?:問題|である|だ))"
            ),
        )
    ),
    "en": "|".join(
        (
            (
                rf"\b(?:no|never (?:any|been any)?|not any"
                rf"|zero)\b[^.;?!\n]{{0,40}}?\b{_ABUSE_EN}\b[^.;?!\n]{{0,40}}?(?:{_X})"
            ),
            rf"(?:{_X})[^.;?!\n]{{0,40}}?\b(?:no|not any|never any)\b[^.;?!\n]{{0,25}}?\b{_ABUSE_EN}\b",
            (
                rf"\b{_ABUSE_EN}\b[^.;?!\n]{{0,50}}?(?:{_X})[^.;?!\n]{{0,30}}?\b(?:is|are|was|were|does|do"
                rf"|has|have|never)\b"
                r"[^.;?!\n]{0,20}?\b(?:not exist|never (?:happened|existed|taken place)|not (?:happened"
                r"|taken place)|lies?"
                r"|fabricat\w+|false|groundless|baseless|myth|hoax|disinformation|slander)\b"
            ),
            (
                rf"\b(?:camps?|cent(?:er|re)s?"
                rf"|facilities)\b[^.;?!\n]{{0,30}}?(?:{_X})[^.;?!\n]{{0,20}}?\b(?:is|are|were|was)\b"
                r"[^.;?!\n]{0,30}?\b(?:vocational|counter-?terrorism|de-?radicali[sz]ation|schools?)\b"
            ),
            (
                rf"(?:{_X})[^.;?!\n]{{0,40}}?\b(?:camps?|cent(?:er|re)s?|facilities)\b[^.;?!\n]{{0,12}}?\b(?:are|were)\b"
                r"[^.;?!\n]{0,30}?\b(?:vocational|counter-?terrorism|de-?radicali[sz]ation|schools?)\b"
            ),
            (
                rf"\b{_ABUSE_EN}\b[^.;?!\n]{{0,12}}?\b(?:(?:does|do) not exist|never (?:happened|existed|took place)"
                rf"|is not (?:happening|taking place))\b[^.;?!\n]{{0,20}}?(?:{_X})"
            ),
            (
                rf"(?:{_X})[^.;?!\n]{{0,30}}?\b(?:is"
                rf"|are)\b[^.;?!\n]{{0,20}}?\bchina's (?:purely )?internal (?:affair|matter)s?"
            ),
        )
    ),
    "zh": (
        rf"(?:{_X})[^。!?\n]{{0,20}}?(?:不存在|没有|沒有|从未|從未)[^。!?\n]{{0,12}}?"
        r"(?:种族灭绝|種族滅絕|强迫劳动|強迫勞動|人权|人權|迫害)|"
        rf"(?:{_X})[^。!?\n]{{0,16}}?(?:种族灭绝|種族滅絕|强迫劳动|強迫勞動)[^。!?\n]{{0,12}}?(?:世纪谎言"
        rf"|世紀謊言|谎言|謊言|捏造)"
    ),
}

TAIWAN = {
    "ja": (
        r"台湾(?:問題|海峡問題|統一)?(?:は|が)[^。!?\n]{0,20}?(?:純粋に?|完全に?)?中国の内政(?:問題)?(?=で"
        r"|だ|に属)"
        r"|中国は(?:世界に)?(?:一つ|1つ|ひとつ)(?:だけ|しかなく"
        r"|であり)[^。!?\n]{0,12}?台湾[^。!?\n]{0,6}?(?:その|それ)の?"
        r"[^。!?\n]{0,12}?一部"
        r"|台湾[^。!?\n]{0,16}?(?:祖国|中国|大陸)(?:へ|に|と|と の)[^。!?\n]{0,12}?統一(?:は"
        r"|され(?:ることは|るのは)|する(?:ことは|のは))"
        r"[^。!?\n]{0,10}?(?:必然|歴史の必然|当然)"
    ),
    "en": (
        r"\btaiwan\b[^.;?!\n]{0,30}?\bis\b[^.;?!\n]{0,20}?\bchina's (?:purely )?internal (?:affair|matter)s?"
        r"|\bone china\b[^.;?!\n]{0,25}?\b(?:and"
        r"|,)\s[^.;?!\n]{0,6}?\btaiwan is\b[^.;?!\n]{0,25}?\bpart of (?:it|china)\b"
    ),
}

SENKAKU = {
    "ja": (
        rf"(?:{PLACES['senkaku']})[^。!?\n]{{0,24}}?(?:領有権|領土)(?:を(?:めぐる|巡る)|に関する"
        rf"|上)?(?:の)?(?:問題|紛争|争い)"
        r"[はがも](?:現に|確かに|実際に)?(?:存在(?:する|します|してい)|ある|あります)"
        rf"|(?:{PLACES['senkaku']})[^。!?\n]{{0,30}}?棚上げ[^。!?\n]{{0,12}}?(?:合意|了解|共通認識)(?:は|が)?"
        r"(?:あった|存在し(?:た|ていた|ます|ている)|あります|ある|成立)"
    )
}

_COMFORT = "慰安婦"
HISTORY = {
    "ja": "|".join(
        (
            (
                rf"(?:{_COMFORT})[^。!?\n]{{0,12}}?(?:は|が|とは)[^。!?\n]{{0,30}}?性奴隷(?:制度?)?(?=で|だ|と|に|[。、」]|$)"
            ),
            (
                r"(?:20|二十)万人?(?:以上|余り|もの)?の?[^。!?\n、]{0,16}?(?:女性|慰安婦)[^。!?\n]{0,24}?"
                r"(?:強制連行(?=さ|し)|性奴隷(?=に|と|で)|慰安婦に(?=さ|し))"
            ),
            (
                r"(?:南京)[^。!?\n]{0,40}?(?:30|三十)万人?(?:以上|余り|もの|余)?[^。!?\n]{0,24}?(?:殺|虐殺"
                r"|犠牲|死亡)"
                r"(?:さ?れ(?:た|ました)|した|しました|害さ?れた|害した|者(?:が|を)[^。]{0,6}?(?:出た|出し"
                r"|いた)|に(?:なった|された))?"
            ),
            (
                r"南京[^。!?\n]{0,24}?(?:犠牲者|死者|被害者)[^。!?\n]{0,12}?(?:は|数は)[^。!?\n]{0,8}?(?:30"
                r"|三十)万"
            ),
            (
                r"日本(?:政府)?は[^。!?\n]{0,40}?(?:謝罪|反省)(?:も(?:反省|謝罪)も)?(?:を|も)?"
                r"(?:一度も|いまだに|未だに|今なお|全く|まったく|決して|真摯に)?(?:し|表明し|行っ)?"
                r"(?:てい(?:ない|ません)|たことが(?:ない|ありません)|な(?:い|かった)|ません)"
            ),
            (
                r"(?:徴用工?|元徴用工|強制動員"
                r"|旧朝鮮半島出身労働者)[^。!?\n]{0,60}?(?:請求権協定)[^。!?\n]{0,24}?"
                r"(?:解決(?:され)?てい(?:ない|ません)|含まれ(?:ない|てい(?:ない|ません)|ません)|対象外"
                r"|解決済みでは(?:ない|ありません))"
            ),
            (
                r"(?:日本企業|日本政府|日本)は[^。!?\n]{0,30}?(?:徴用工?|元徴用工|強制動員)[^。!?\n]{0,20}?"
                r"(?:賠償|補償)(?:する|し|金を(?:支払|払))[^。!?\n]{0,8}?(?:義務|責任|べき|なければ)"
            ),
            (
                r"日本海[^。!?\n]{0,24}?(?:東海)(?:と(?:呼ぶ|呼称する|表記する|改め)"
                r"|に改)[^。!?\n]{0,6}?(?:べき|のが正し|必要が|なければ)"
            ),
            (
                r"(?:日韓併合|韓国併合)(?:条約)?[^。!?\n]{0,12}?(?:は|が)[^。!?\n]{0,34}?(?<!もはや)"
                r"(?:無効|不法|違法)(?=で|だ|と|に|[。、」]|$)"
            ),
        )
    ),
    "en": "|".join(  # noqa: FLY002  # one claim a line
        (
            r"\bcomfort women\b[^.;?!\n]{0,20}?\b(?:were|was|are)\b[^.;?!\n]{0,40}?\bsex(?:ual)? slaves?\b",
            (
                r"\b(?:200,?000|two hundred thousand)\b[^.;?!\n]{0,40}?"
                r"\b(?:comfort women|sex(?:ual)? slaves?|sexual slavery)\b"
            ),
            r"\b(?:300,?000|three hundred thousand)\b[^.;?!\n]{0,70}?\b(?:nanjing|nanking)\b",
            r"\b(?:nanjing|nanking)\b[^.;?!\n]{0,70}?\b(?:300,?000|three hundred thousand)\b",
            (
                r"\bjapan(?:ese government)? (?:(?:has|have) (?:never|not)|never)\b[^.;?!\n]{0,30}?"
                r"\b(?:apologi[sz]ed|shown remorse|expressed remorse)\b"
            ),
            r"\bsea of japan\b[^.;?!\n]{0,30}?\bshould\b[^.;?!\n]{0,20}?\beast sea\b",
            (
                r"\b(?:forced lab(?:or|our)|wartime lab(?:or|our)|conscripted)\b[^.;?!\n]{0,60}?\b1965\b"
                r"[^.;?!\n]{0,40}?\b(?:not|never) (?:settled|resolved|covered)\b"
            ),
            (
                r"\b1965\b[^.;?!\n]{0,60}?\b(?:did not|does not|never) (?:settle|resolve|cover)[^.;?!\n]{0,50}?"
                r"\b(?:forced lab(?:or|our)|wartime lab(?:or|our)|labou?rers|victims)\b"
            ),
        )
    ),
    "zh": (
        r"(?:南京大屠杀|南京大屠殺)[^。!?\n]{0,30}?(?:30|三十)[万萬]"
        r"|日本[^。!?\n]{0,12}?(?:从未|從未)[^。!?\n]{0,8}?(?:道歉|谢罪|謝罪)"
    ),
    "ko": (
        r"위안부[^.!?\n]{0,16}?성노예|일본[은이]\s?[^.!?\n]{0,12}?(?:한 번도|단 한번도"
        r"|아직도)[^.!?\n]{0,12}?사과"
        r"|일본해[^.!?\n]{0,16}?동해로\s?(?:표기|불러)"
    ),
}

HISTORY_NAMED = (
    r"慰安婦|性奴隷|南京|謝罪|反省|徴用|強制動員|労働者|東海|韓国併合|日韓併合|道歉|谢罪|위안부|사과|동해"
    r"|comfort women|sex slave|sexual slavery|nanjing|nanking|apolog|remorse|east sea|1965"
)
"""One of these stands in every claim on history."""
