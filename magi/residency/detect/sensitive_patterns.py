"""What points at one person or at a case by its shape: ages, honorifics, kin, levels, endings, tables, days.

`sensitive` weighs them with the words of `words_case`. Promises: every quantifier is bounded, so each is linear.
"""

import re

HARD = re.compile(
    r"\((?:[0-9]{1,2}(?:歳|才|か月|[、,・男女][^()\n]{0,20}| [男女会無学主自職][^()\n]{0,16})"
    r"|[1-9][0-9]|(?<=[ん児君]\()[0-9])\)"
    r"|(?:さん|ちゃん|くん|氏|様)(?=[はがのをにとへ、。(もより\s]|$)|-san(?![a-z])"
    r"|[A-Z](?:[・.][A-Z](?![A-Za-z0-9・.])|さん|氏|様|くん|君|ちゃん)"
)
"""What points at one person: an age in brackets after a word, initials, an honorific after a name."""
NOBODY_BEFORE = (
    *("皆", "たく", "お客", "業者", "患者", "お子", "同", "多", "仕"),
    *("異", "両", "各", "客", "有", "模", "一", "者", "神"),
)
"""What さん and 様 follow where nobody in particular is meant, or another word is."""
AGE = re.compile(
    r"[0-9](?<![0-9.第満][0-9])[0-9]{0,2}(?:歳|才)(?!以上|未満|以下|から|まで|児健|時点|に達|以降|代の受|人口)"
    r"|[0-9]0代(?:前半|後半|半ば)?の?(?:男|女|夫|妻|母|父|単身|独居|職員|会社員|無職|[、・,)])"
    r"|(?:小学?|中学?|高校?)[1-6](?:年生?)?(?:の?男|の?女|児|生徒|の|、|です|・|が|は|で)"
    r"|[1-6](?<![0-9第][1-6])年生?(?:の|、|で|が|は|女|男)|年[長中少]児|生後[0-9]"
    r"|(?:昭和|平成|令和|大正|[SHR])[0-9元一二三四五六七八九十]{1,3}年[0-9一二三四五六七八九十]{0,3}月?"
    r"[0-9一二三四五六七八九十]{0,3}日?生|(?:19|20)[0-9]{2}年[0-9]{0,2}月?[0-9]{0,2}日?生"
)
KIN = re.compile(
    r"(?:[祖義継伯叔養実]?[父母](?<!神父)親?|両親|[夫妻](?<!工夫)|息子|娘|[長次二三][男女]|[兄弟姉妹孫]|配偶者|元?交際相手|内夫)"
    r"(?:は|が|から|に|の(?![日会])|を|と|より|宅|も|へ|、|・|\(|。|「|,|\?)"
)
LEVEL = re.compile(
    r"(?:身体|精神|療育|聴覚|視覚|肢体|内部|手帳|障害|[下上]肢|体幹|心臓|腎臓)[^0-9\n]{0,4}[0-9AB][0-9]?(?:級|度)"
    r"|(?:要介護|要支援|支援区分|障害区分)度?[0-9](?!以上|から|~|・|の方を)"
    r"|(?:[Hh][Bb][Aa]1[Cc]|γ-[Gg][Tt][Pp]|GGT|BMI|bmi|血圧|血糖|LDL|尿酸)[^0-9\n]{0,4}[0-9]"
    r"|出身(?:(?<=[ァ-ヶー]出身)|(?<=[A-Z]国出身))|国籍(?:(?<=[ァ-ヶー]国籍)|(?<=[A-Z]国国籍))"
)
"""Levels and readings that only one person has: 2級, 要介護3, HbA1c 8.4, B国出身."""
PAST = re.compile(
    r"[っいしれてえけきちりみめべ中あ有な済由模](?:(?<=[っいしれてえけきちりみめべ])た(?=[。、」\n)(]|$)"
    r"|(?:(?<=て)いる|(?<=て)いない|(?<=[あ有])り|(?<=な)し|(?<=済)み?|(?<=模)様|(?<=[中由]))(?=[。、\n」(/)]|$))"
)
LAW = re.compile(
    r"[法0-9第](?:(?<=法)(?<![方手療用技文話作寸無司]法)(?:[のでに第(は改上律及や・「が、0-9とを]|施行)"
    r"|(?<=[0-9])[0-9]{0,3}条(?!返還|徴収|か|決定|適用)|(?<=第)[0-9]{1,3}[号項])"
)
TABLE = re.compile(
    r"^[^,\n]{1,40},[^,\n]{0,40},[^\n]{0,80}\n[^,\n]{1,40},[^,\n]{0,40},|\"[A-Za-z_]{1,24}\"\s?:\s?[\"\[0-9]|^\|",
    re.MULTILINE,
)
DAY = re.compile(
    r"[01]?[0-9](?<![/.][0-9])/[0-3]?[0-9](?![0-9/])|[0-9]{1,2}日[に、付の夜朝]|[0-9]{1,3}[回度]目|[二三四五]度目"
)
PATTERNS: tuple[tuple[str, re.Pattern[str], re.Pattern[str] | None], ...] = (
    ("hard", HARD, None),
    ("age", AGE, re.compile("[0-9小中高年生昭平令大SHR]")),
    ("who", KIN, re.compile("[祖義継伯叔養実父母両夫妻息娘長次二三男女兄弟姉妹孫配元交内]")),
    ("past", PAST, None),
    ("general", LAW, None),
    ("file", TABLE, None),
    ("when", DAY, re.compile("[0-9二三四五]")),
)
"""Kind, pattern, and what every match begins with, where looking for that first is faster."""
NEEDS = {"age": "歳才代小中高生児", "file": ',"|'}
"""One of these stands somewhere near where ages and years of school are told, or a table: `1年の` alone is a year."""
LEVEL_FIRST = re.compile("[身精療聴視肢内手障下上体心腎要支HhγGBb血L尿出国]")
SPELT_AGAIN = frozenset(("bare", "untagged"))
"""Views of the same words, in which a long text is read again only for a subject that was not to be seen before."""
LEVEL_NEEDS = frozenset("級度護援区身籍血γ尿CcTtIiLl")
COMMISSION = re.compile(
    r"\s{0,8}(?![^。\n]{0,120}(?:次の|以下|この|添付|別紙|記録|面談|相談票|さん|様|氏|本人|うちの|先方|例の|あの))[^。\n]{4,120}"
    r"(?:(?:作|書|考え|教え|まとめ)[いっ]?てください|作りたいです|作ります|開きます|話します|直します|新しくします|行います"
    r"|書いています|載せます|ますので|お願いします)。"
)
"""A text that begins with what is to be written, and for whom: what follows says what shall stand in it."""
