"""Reading Japanese names in running text: where a full name starts and ends. Pure.

A name is a family name of the list with a given name behind it. After words such as 申請者 or 氏名, and alone in a
field of a table or a file name, an unlisted family name counts too (`loose`), if what follows it can be a given
name. All functions look at a bounded number of characters. Leaves to others: whether the name is a case at all
(`persons`).
"""

from magi.residency.detect.reading import reading
from magi.residency.detect.wordlist import word_list
from magi.residency.detect.words_given import GIVEN_HIRAGANA, GIVEN_LETTERS, GIVEN_NAMES, GIVEN_READINGS
from magi.residency.detect.words_surnames import MAX_SURNAME, SURNAME_READINGS, SURNAMES

MAX_RUN = 8
"""Longest run of kanji that is looked at; a name with its honorific is shorter."""

MAX_GIVEN = 3
"""Kanji of a given name that is not of the list, at most."""
MAX_KANA = 16
"""Longest run of katakana that is looked at."""

PACKED = 4
"""Kanji of most full names: two of the family, two given."""

_SPACES = " \t　・"
_PACKED_ENDS = ("", *"はがのをにとへも、。,(様氏殿さ")
_HONORIFIC = "様氏殿君"
_PARTICLES = frozenset("はがのをにとへもやでかよさくちだ")
_GIVEN_CHARS = frozenset("".join(GIVEN_NAMES | GIVEN_LETTERS)) - frozenset(
    "等計大学公国東西中十百千万年月日田所部員者"
)
_NOUNS = frozenset(
    word_list(
        """
    正規 希望 公平 公明 文明 正直 大成 元気 青葉 若葉 一成 安代 大和 平成 昭和 保守 共子 大空 英文 政治 文治
    正義 公子 直行 信行 正文 正一 一行 高志 初音 実子 養子 女子 男子 様子 利子 原子 電子 分子 冊子 団子 調子
    明治 大正 令和 平和 一美 光明 久美 千代 八代 三代 一代 大地 海人 雅文
    """,
    )
) - frozenset(["久美", "千代", "高志", "初音", "公子", "雅文"])
_STRONG = frozenset(
    "子美郎夫雄男彦介輔也哉恵江枝香奈菜樹斗翔太吾司志治吉助蔵希紀里莉織乃帆花華音羽弘宏博浩之"
)
"""Last letters that make a word of two a given name, listed or not."""
_LETTER_NOUNS = frozenset("錦洋大海空新文史正法力央円歩望元明星光全学一通要覚功治")
"""Letters that end everyday words (山形大, 瀬戸海): given names only behind a space or a strong sign."""
_NOT_FAMILY = frozenset(
    word_list(
        """
    氏名 住所 電話 性別 年齢 番号 生年 職業 続柄 備考 本籍 所属 役職 担当 課長 係長 部長 主任 主査 合計 日付
    年度 大字 区分 申請 届出 提出 新規 更新 変更 追加 削除 処理 完了 受付 対象 地区 地域 市区 都道 法人 会社
    株式 有限 社団 財団 第一 第二 東京 大阪 京都 北海 全国 日本 中央 総務 財政 税務 市民 福祉 教育 建設 環境
    産業 農林 水産 文化 観光 健康 保険 年金 医療 平成 令和 昭和 大正 明治 午前 午後 今年 来年 昨年 同上 不明
    未定 予定 検討 確認 連絡 相談 窓口 資料 会議 議事 報告 代理 本人 個人 法人 後見 保証 支配
    """,
    )
)


def is_kanji(char: str) -> bool:
    """Whether a character is a kanji or stands among kanji in names."""
    return "一" <= char <= "鿿" or char in "々ヶ﨑〆"


def kanji_run(text: str, at: int) -> str:
    """The kanji from this place on, at most `MAX_RUN`."""
    end = at
    limit = min(len(text), at + MAX_RUN)
    while end < limit and is_kanji(text[end]):
        end += 1
    return text[at:end]


def kanji_before(text: str, end: int) -> int:
    """Where the run of kanji that ends before this place starts, at most `MAX_RUN` back."""
    start = end
    limit = max(0, end - MAX_RUN)
    while start > limit and is_kanji(text[start - 1]):
        start -= 1
    return start


def full_name(text: str, at: int, *, loose: bool = False) -> int:
    """Where the full name that starts at this place ends; 0 if there is none. `loose`: behind a word such as 氏名."""
    for size in range(MAX_SURNAME, 0, -1):
        if text[at : at + size] in SURNAMES:
            end = _given(text, at + size, size, loose=loose)
            if end:
                return end
    return _unlisted(text, at, sure=False) if loose else 0


def field_name(text: str, at: int) -> int:
    """Where the full name that starts a field ends: any family name, but a given name of the list."""
    return full_name(text, at) or _unlisted(text, at, sure=True)


def packed_name(text: str, at: int) -> int:
    """Where the full name ends that has lost the white space around it: of the lists, or four letters of names."""
    for size in range(MAX_SURNAME, 1, -1):
        if text[at : at + size] in SURNAMES:
            for given in (3, 2):
                if text[at + size : at + size + given] in GIVEN_NAMES:
                    return at + size + given
    run = kanji_run(text, at)
    built = len(run) == PACKED and run[:2] not in _NOT_FAMILY and _can_be_given(run[2:])
    ended = text[at + len(run) : at + len(run) + 1] in _PACKED_ENDS
    return at + PACKED if built and ended else 0


def family_name(text: str, at: int) -> int:
    """Where the listed family name that starts here and stands alone ends; 0 if there is none."""
    run = kanji_run(text, at)
    for size in range(min(MAX_SURNAME, len(run)), 1, -1):
        if run[:size] in SURNAMES and (size == len(run) or run[size] in _HONORIFIC):
            return at + size
    return 0


def given_name(text: str, at: int) -> int:
    """Where the listed given name that starts here and stands alone ends; 0 if there is none."""
    run = kanji_run(text, at)
    if run:
        return at + len(run) if run in GIVEN_NAMES and run not in _NOUNS else 0
    return _given_kana(text, at, loose=False)


def family_before(text: str, end: int) -> int:
    """Where the listed family name (or full name) that ends before this place starts; -1 if there is none."""
    start = kanji_before(text, end)
    if text[start:end] in SURNAMES:
        return start
    for first in range(start, end - 1):
        if full_name(text, first) == end:
            return first
    given = text[start:end]
    if given and start and text[start - 1] in _SPACES:
        family = kanji_before(text, start - 1)
        if text[family : start - 1] in SURNAMES and _can_be_given(given):
            return family
    return -1


def kana_is_name(family: str, given: str) -> tuple[bool, bool]:
    """Whether two katakana words read as a listed family name and a listed given name."""
    return reading(family) in _FAMILY_READINGS, reading(given) in _GIVEN_READINGS


def _given(text: str, at: int, family: int, *, loose: bool) -> int:
    """Where the given name ends that starts here, behind a family name of so many letters; 0 if there is none."""
    spaced = at < len(text) and text[at] in _SPACES
    start = at + spaced
    run = kanji_run(text, start)
    if not run:
        return _given_kana(text, start, loose=loose)
    for size in (3, 2):
        piece = run[:size]
        named = piece in GIVEN_NAMES and (loose or piece not in _NOUNS) and _ends(run, size)
        if named and (family > 1 or loose or spaced):
            return start + size
    if run[0] in GIVEN_LETTERS and _ends(run, 1) and (loose or spaced or run[0] not in _LETTER_NOUNS):
        return start + 1 if family > 1 or (loose and spaced) else 0
    size = next((n for n, char in enumerate(run) if char in _HONORIFIC), len(run))
    if loose:
        return start + size if 1 < size <= MAX_GIVEN and _can_be_given(run[:size]) else 0
    return start + len(run) if family > 1 and _sounds_given(run, spaced=spaced) else 0


def _sounds_given(run: str, *, spaced: bool) -> bool:
    """Whether an unlisted word is built like a given name; three letters only behind a space."""
    if run[-1] not in _STRONG or not _can_be_given(run):
        return False
    return len(run) == MAX_GIVEN if spaced and len(run) > MAX_GIVEN - 1 else len(run) == MAX_GIVEN - 1


def _ends(run: str, size: int) -> bool:
    return size == len(run) or (size < len(run) and run[size] in _HONORIFIC)


def _given_kana(text: str, start: int, *, loose: bool) -> int:
    end = start
    limit = min(len(text), start + MAX_RUN)
    while end < limit and "ぁ" <= text[end] <= "ゖ":
        end += 1
    if end > start:
        run = text[start:end]
        for size in range(min(5, len(run)), 1, -1):
            if run[:size] in GIVEN_HIRAGANA and (size == len(run) or run[size] in _PARTICLES):
                return start + size
        return 0
    while end < limit and ("ァ" <= text[end] <= "ヺ" or text[end] == "ー"):
        end += 1
    if end - start in (2, 3, 4, 5) and (loose or reading(text[start:end]) in _GIVEN_READINGS):
        return end
    return 0


def _unlisted(text: str, at: int, *, sure: bool) -> int:
    run = kanji_run(text, at)
    if not run or run[:2] in _NOT_FAMILY or run in _NOT_FAMILY:
        return 0
    end = at + len(run)
    if len(run) <= MAX_SURNAME and end < len(text) and text[end] in _SPACES:
        given = kanji_run(text, end + 1)
        known = given in GIVEN_NAMES or given in GIVEN_LETTERS or not sure
        if given and given not in _NOT_FAMILY and len(given) <= MAX_GIVEN and known and _can_be_given(given):
            return end + 1 + len(given)
        kana = _given_kana(text, end + 1, loose=False) if not given else 0
        if kana:
            return kana
    for size in (3, 2):
        if 1 <= len(run) - size <= MAX_GIVEN and run[-size:] in GIVEN_NAMES and run[-size:] not in _NOUNS:
            return end
    return 0


def _can_be_given(word: str) -> bool:
    if word in GIVEN_NAMES or word in GIVEN_LETTERS:
        return True
    return len(word) > 1 and word not in _NOUNS and all(char in _GIVEN_CHARS for char in word)


_FAMILY_READINGS = frozenset(map(reading, SURNAME_READINGS))
_GIVEN_READINGS = frozenset(map(reading, GIVEN_READINGS))


def word_before(text: str, end: int) -> int:
    """Where the run of katakana that ends before this place starts, at most `MAX_KANA` back."""
    start = end
    limit = max(0, end - MAX_KANA)
    while start > limit and ("ァ" <= text[start - 1] <= "ヺ" or text[start - 1] in "ー・"):
        start -= 1
    return start


PLACES = frozenset(
    word_list(
        """
    千葉 宮城 福島 山形 秋田 長野 石川 福井 富山 香川 徳島 山口 長崎 宮崎 福岡 奈良 岡山 静岡 山梨 熊本 三重野
    川崎 横須賀 豊島 大津 松本 松山 高松 高崎 前橋 豊田 岡崎 豊川 姫路 尼崎 中野 板橋 大田 江東 渋谷 目黒 葛飾
    足立 杉並 荒川 練馬 北見 旭川 小樽 富岡 成田 柏 三浦 小田原 秦野 鎌倉 平塚 川口 蕨 戸田 和泉 池田 茨木
    高槻 吹田 堺 岸和田 松原 大東 門真 日立 土浦 水戸 取手 有馬 五島 対馬 諏訪 飯田 塩尻 松江 出雲 益田 浜田
    米子 境 鳥取 今治 新居 宇和 四国
    """,
    )
)
