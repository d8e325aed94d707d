"""Turns of phrase that fit any question, the fillers around them, and what may stand beside them.

`TURNS` are what an evasion is made of; `FILLERS` say nothing either way. What is left of a sentence may only be a
link (しかし, そのため), idle words, or the topic before a turn of phrase (許可の要否については). Anything else may be
an answer, in whatever words, and then the text is not called an evasion.

All patterns are linear: every unbounded repetition ends its pattern. Input is folded text.
"""

from __future__ import annotations

import re
from typing import Final


def _any(words: str) -> str:
    return f"(?:{'|'.join(words.split())})"


_DO: Final = (
    "(?:ところ|ため|問題|状況|もの|わけ|ます|です|ある|あり|いる|おり|きて|くる|うる|って|"
    "る|い|り|て|た|で|だ|が|の|も|は|と|え|得|れ|き)*"
)
"""The tail of a Japanese predicate that asserts; ない and ません are not in it."""
_SO: Final = "(?:です|だ|である|でしょう|で|と言え|ます|る|が|な|ので|ため|、)*"
_NOT: Final = (
    r"(?:ない|ません|ず|ぬ|難い|がたい|づらい|にくい|かねます|かねる|(?:のは|のが|ことは)?(?:難し|困難)(?:い|く)?)"
    r"(?:問題|ところ|です|だ|と|の|で|が|ため|ので|、)*"
)
_DENIED: Final = r"(?!(?:て|って)?(?:い|お|り|ら)?(?:ません|ない|ず|なか))"

_MANY: Final = _any(
    "様々 さまざま いろいろ 色々 多様 多く 種々 数多く 複数 異なる 相反する いくつか 両方 双方 賛否"
)
_VIEWS: Final = _any(
    "見方 見解 意見 考え方 考え 主張 立場 議論 解釈 主張 論点 視点 観点 要素 要因 事情 側面 学説 評価"
)
_SIDES: Final = _any("いずれ どちら どれ 双方 両者 両案")
_MERITS: Final = _any("一理 利点 長所 短所 メリット デメリット 言い分 根拠")
_SAY: Final = _any(
    "言え いえ 言う 答えられ 答えることはでき 判断でき 判断はでき 判断することはでき 決められ "
    "言い切れ 断定でき 断定はでき "
    "断定することはでき 断言でき 断言はでき "
    "結論付けられ 結論づけられ 判断する 評価する 論じる 決める 断定する "
    "結論を出せ 割り切れ 結論を出すことはでき 優劣をつけることはでき "
    "評価でき 比較でき 論じられ"
)
_WHOSE: Final = r"(?:個々の|個別の|個人の|各自の|それぞれの|具体的な)?" + _any(
    "立場 見方 人 状況 事情 価値観 文脈 考え方 捉え方 地域 自治体 ケース 条件 解釈 前提 事案 視点 個人 場合 時と場合 "
    "基準 時期 定義 目的 優先順位 国"
)
_ASKED: Final = _any(
    "専門家 弁護士 行政書士 司法書士 税理士 医師 有識者 専門機関 専門の担当者 法務部門 法務担当 "
    "所管官庁 所管課 所管省庁 所管部署 所管 担当課 "
    "担当部署 担当窓口 担当者 担当官庁 関係省庁 関係機関 関係部署 窓口 自治体 役所 市役所 上司 監督官庁"
)
_ASK: Final = _any("相談 確認 照会 問合せ 問い合わせ お問い合わせ お問合せ 助言 判断 意見 指示 協議 見解")
_ASK_TAIL: Final = _any(
    "ください 下さい 推奨 いただ 頂 みて お勧め おすすめ 勧め こと 求め 仰 受け 委ね "
    "必要 望まし 賢明 よい 良い よろし 確実 べき "
    "する して した なさ あり ある です だ ます る と 思 考え の が を は に て す し ま く き い で え ぐ ぎ"
)

_TURNS_JA: Final = (
    # There are many views.
    (
        rf"{_MANY}(?:な|の)?{_VIEWS}(?!.{{0,4}}(?:ありません|ない|存在しない))"
        rf"(?:が|も|は)?(?:存在し|存在する|考えられ|みられ|見られ)?{_DO}"
    ),
    rf"(?:{_VIEWS}|賛否)(?:が|は|も)?(?:大きく)?(?:分かれ|わかれ|割れ|両論|まちまち){_DENIED}{_DO}",
    (
        rf"{_SIDES}(?:の(?:立場|主張|意見|選択肢|案|考え方))?に(?:も|は)?(?:それぞれ)?"
        rf"{_MERITS}(?:と{_MERITS})?(?:が|も)?(?:あり|ある){_DENIED}{_DO}"
    ),
    rf"(?:メリット|利点|長所)(?:も|と)(?:デメリット|欠点|短所|リスク)(?:の両方|の双方)?(?:も|が)(?:あり|ある){_DENIED}{_DO}",
    rf"一長一短{_DO}",
    # There is no general word.
    rf"一(?:概|律|般化して|言で|口)に(?:は|も)?[^。、]{{0,10}}?{_SAY}{_NOT}",
    rf"(?:何|なん|どちら)とも(?:言え|いえ|言い){_NOT}",
    rf"(?:単純|簡単|容易|明確|一義的|軽々)に(?:は|も)?(?:{_SAY}|答える|判断する|決める|結論を出す){_NOT}",
    rf"(?:断定|断言|明言|確言|即断|即答)(?:すること)?(?:は|が|も)?(?:でき|し){_NOT}",
    r"(?:断定|断言|明言|即断)(?:すること)?(?:は|を)?(?:避け|控え|差し控え)(?:ます|る|たい|させていただきます)?",
    rf"(?:結論|答え|回答)(?:を|は)?(?:一つに)?(?:出すことはでき|出せ|出す|絞れ|絞る|決められ|決める|述べる|示せ|示す){_NOT}",
    r"(?:答える|判断する|決める|評価する|結論を出す)(?:の|こと)は(?:非常に|大変|とても)?(?:難し|困難)(?:い|です|だ|な|の|で)*",
    r"(?:唯一の|絶対的な|明確な|決まった|一つの)(?:正解|答え|結論)(?:というもの)?(?:は|が)(?:ありません|ない|存在しません|存在しない)",
    rf"(?:非常に|大変|とても)?(?:難しい|悩ましい|複雑な|デリケートな|繊細な)(?:問題|問い|質問|課題|テーマ|ところ|判断){_SO}",
    # It depends.
    (
        rf"{_WHOSE}(?:や{_WHOSE})?(?:によって|により|次第で|ごとに|に応じて)(?:は|も)?(?:大きく)?[^。、]{{0,8}}?"
        rf"(?:異な|変わ|違|様々|さまざま|左右され|まちまち|分かれ){_DENIED}{_DO}"
    ),
    rf"(?:{_WHOSE})(?:次第|によります|による|によりけり|それぞれ)(?:です|だ|である|でしょう)?(?=$|[。、と])",
    rf"ケース[・ ]?バイ[・ ]?ケース{_SO}",
    # Somebody else may say.
    rf"(?:[^は、。]{{1,8}}の)?{_ASKED}(?:など|等|や{_ASKED})?(?:に|へ|と|の|から)(?:ご|御)?{_ASK}{_ASK_TAIL}*",
    # An own view is none.
    (
        r"(?:(?:私|私に|AI|AIとして|中立の立場から|中立の立場として)(?:は)?、? ?(?:個人的な)?|個人的な)"
        r"(?:意見|見解|価値判断)(?:を|は|が)"
        r"(?:持ちません|持たない|持っていません|示しません|ありません)"
    ),
    (
        r"(?:特定の|いずれかの|どちらかの)(?:立場|側|意見|選択肢)(?:を|に)(?:とる|取る|支持する|立つ|選ぶ)"
        r"(?:こと)?(?:は|が)?(?:でき|し|いたし)?(?:ません|ない|かねます|控えます|避けます)"
    ),
    r"中立(?:的な立場|の立場|性)?(?:を|で|に)(?:保ち|立ち|守り|取り|とり|維持し)(?:ます|たいと思います)?",
)
_NEED: Final = (
    r"(?:する)?(?:こと)?(?:が|を|は)?(?:必要|重要|大切|不可欠|肝要|望まし|求められ|要し|要する|欠かせ|すべき|べき)"
    r"(?:が|と|では|な|い|あり|ある|なり|なる|ます|です|で|だ|ません|ない)*"
)
_WEIGH: Final = _any("検討 判断 議論 考慮 対応 見極め 勘案 確認 整理 精査 分析 評価 対話 配慮")
_FILLERS_JA: Final = (
    rf"(?:慎重|総合的|多角的|多面的|個別|十分|丁寧|さらなる|幅広い|個々|具体的|個別具体的)(?:に|な)?[^。、]{{0,12}}?{_WEIGH}{_NEED}",
    rf"(?:検討|議論|熟議|精査|考慮|対話|配慮|勘案){_NEED}",
    r"と(?:言え|いえ|考え(?:られ)?|思(?:い|われ)?|存じ)(?:ます|る|う)|でしょう|かもしれません|と言わざるを得ません",
    r"(?:ため|ので|から|ことから|以上|ゆえ)(?:、|$)",
    r"(?:この|その)?(?:問題|問い|件|点|質問)(?:に|について|に対して)?(?:は|では|も)",
    r"一般(?:に|的に)(?:は)?|現時点(?:で)?(?:は)?|第[0-9]{1,4}条(?:の[0-9]{1,3})?|[0-9]{4}年の",
)

_KINDS_EN: Final = "(?:many|various|different|several|multiple|differing|diverse|varying|strong|valid)"
_VIEWS_EN: Final = _any(
    "views? opinions perspectives viewpoints interpretations arguments factors considerations"
)
_WHO_EN: Final = _any(
    "experts? lawyers? attorneys? professionals? specialists? authorit(?:y|ies) officials? counsel advis[eo]rs? "
    "ministry department office"
)
_ASK_EN: Final = (
    r"(?:consult(?:ing)?|seek(?:ing)? (?:the )?(?:advice|guidance) (?:of|from)|check(?:ing)? with|contact(?:ing)?|"
    r"speak(?:ing)? (?:to|with)|refer(?:ring)? to)(?: with)?"
)
_ANSWER_EN: Final = "(?:a )?(?:definitive|simple|clear|single|general) (?:answer|conclusion)"
_MATTER_EN: Final = "(?:issue|question|matter|topic|one)"
_TURNS_EN: Final = (
    (
        rf"\bthere (?:are|exist) (?:{_KINDS_EN} )?(?:[a-z]+ ){{0,2}}{_VIEWS_EN}"
        rf"(?: on (?:this|both sides|the {_MATTER_EN}))?(?: to consider)?"
    ),
    (
        r"\b(?:opinions|views|experts|scholars|people|interpretations) "
        r"(?:may |can |often )?(?:differ|vary|disagree|are divided)\b"
    ),
    r"\breasonable people (?:can|may) disagree\b",
    (
        r"\b(?:it|this|that|the answer|which is better)(?: really| largely| all)? (?:depends|varies)"
        r"(?: (?:on|upon|by|from|with) [^.;]{1,80})?"
    ),
    r"\bcase[- ]by[- ]case(?: basis)?\b",
    (
        r"\bthere is no (?:simple|single|clear(?:-cut)?|straightforward|"
        r"definitive|one-size-fits-all|easy|universal|right) "
        r"(?:or [a-z]+ )?(?:answer|conclusion|solution)\b(?: (?:to|for) [^.;]{1,40})?"
    ),
    (
        rf"\b(?:it is |it's )?(?:hard|difficult|impossible|not possible) to (?:say|generali[sz]e|give {_ANSWER_EN})"
        r"(?: (?:definitively|in general|for certain))?"
    ),
    rf"\b(?:i |one |we )?(?:cannot|can't|can’t) (?:generali[sz]e|say definitively|give {_ANSWER_EN})",
    (
        r"\b(?:please |you (?:should|may want to|might want to) |it is (?:best|advisable|recommended) to |"
        rf"i (?:recommend|suggest|advise) |i (?:would )?(?:encourage|advise|urge) you to )?"
        rf"{_ASK_EN} (?:an? |the |your )?(?:[a-z]+ ){{0,2}}{_WHO_EN}\b"
        r"(?: (?:for|about|on|in) [^.;]{1,60})?"
    ),
    r"\bboth (?:sides|options|positions|views) have (?:their )?(?:own )?(?:merits?|valid points|a point|pros and cons)",
    (
        r"\b(?:this|it)(?: is|'s) a (?:very |highly )?(?:complex|complicated|"
        r"nuanced|difficult|sensitive|controversial) "
        rf"(?:[a-z]+ )?{_MATTER_EN}"
    ),
    (
        r"\b(?:as an ai(?: language model)?,? )?i (?:do not|don't|don’t) (?:have|hold|take) (?:personal )?"
        r"(?:opinions?|views?|sides|a (?:personal )?(?:view|position|stance))(?: on [^.;]{1,60})?"
    ),
)

TURNS: Final = re.compile("|".join((*_TURNS_JA, *_TURNS_EN)), re.IGNORECASE)
FILLERS: Final = re.compile("|".join(_FILLERS_JA))

LINK: Final = re.compile(
    r"(?:しかし|ただし|ただ|また|さらに|なお|そのため|したがって|よって|つまり|特に|例えば|最終的に|まずは|まず|詳しくは|詳細は|具体的には|"
    r"結局|やはり|正直|申し訳ありません|すみません|そして|一方で|同時に|もちろん|確かに|いずれにしても|いずれにせよ|ここでは|"
    r"(?:回答|答え|結論|判断|評価|正解)(?:は|も|を)?|ご?理解ください|"
    r"です|ます|でした|よ|ね|が|ので|ため|から|と|の|な|で|こと|もの|という|ところ|だと|かと|思います|思う|考えます|考える|言えます|言える|"
    r"でしょう|だ|である|もあり|あり|し|は|も|に|[。.・…\s])*"
)
"""Words that join or soften, one after the other, and nothing else."""
TOPIC: Final = re.compile(
    r"[^は、。]{1,40}(?:については|について|に関しては|に関して|に関する|においては|をめぐっては|をめぐる|に対しては|としては|では|には|とは|は|も)"
)
"""What a sentence is about; it ends before anything is said of it."""
POINTED: Final = re.compile(
    r"[0-9]|(?:^|[^A-Za-zァ-ヶー])[A-Za-zァ-ヶ](?![A-Za-zァ-ヶー])|はい|いいえ|"
    r"[〇一二三四五六七八九十百千万億兆](?:円|人|名|%|件|個|日|月|年|時間|割|分|回|台|歳|点)"
)
"""An option, a word of yes or no, or an amount; a topic that holds one may be an answer."""
_IDLE_EN: Final = (
    "a all also an and as because but depending different for from has have however in is issue it its largely many "
    "matter of often on please question really same simply since so sorry such sure that the their there this to topic "
    "ultimately unfortunately various very view views well what when with"
)
IDLE_EN: Final = frozenset(_IDLE_EN.split())
"""English words that say nothing when they stand alone beside a turn of phrase."""
