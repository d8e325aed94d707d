"""Where a person can be reached or found: telephone, e-mail, address, car, handle, network address.

A mobile number or a private mailbox counts wherever it stands; a landline, an address, a handle or a network address
counts unless it is an office's or a company's, which the words around it tell. Shared mailboxes of offices
(`soumu@`), free-dial and emergency numbers, and marked examples stay public. Source: 電気通信番号計画 (令和元年総務省
告示第6号) for the prefixes, 道路運送車両法施行規則 for plates. Leaves to others: names (`persons`), passwords in
addresses (`credentials`).
"""

import re
from collections.abc import Iterator

from magi.residency.detect import words_contacts as words
from magi.residency.detect.look import Look, Run
from magi.residency.detect.persons_kana import reads_as_family
from magi.residency.detect.rule import Detector, Found, Rule
from magi.residency.label import Label

NEAR = 40
"""Characters around a number or address in which an office's name makes it the office's."""
LOOK_BACK = 24
"""Characters before the house number in which the town stands."""

_GAP = r"[-‐. ・/　()\nの]{0,2}"
_MOBILE = re.compile(rf"(?<![0-9])0[5789]0{_GAP}[0-9]{{4}}{_GAP}[0-9]{{4}}(?![0-9])")
_REGROUPED = re.compile(r"0[789]0[0-9]{8}$")
"""A mobile number however its digits are grouped."""
_LANDLINE = re.compile(
    r"(?<![0-9.])(?:0[1-9][-‐. (][0-9]{4}|0[1-9][0-9][-‐. (][0-9]{3}|0[1-9][0-9]{2}[-‐. (][0-9]{2}"
    r"|0[1-9][0-9]{3}[-‐. (][0-9])[-‐. )][0-9]{4}(?![0-9])"
)
_ABROAD = re.compile(
    r"\+81[-‐. ()]{0,2}(?:\(?0\)?)?[- ]?[1-9]0?[-‐. ]?[0-9]{1,4}[-‐. ]?[0-9]{2,4}[-‐. ]?[0-9]{4}(?![0-9])"
)
_FILLED = re.compile(r"1234|0000|1111|9999|5678")
"""Digits that stand for any."""
_NUMBERS_ONLY = frozenset(("bare", "values"))
"""Views in which the words around a number are not where they were."""
_FREE = ("0120", "0800", "0570", "0990")
_LOCAL = re.compile(r"[A-Za-z0-9._%+'-]{1,64}$")
_DOMAIN = re.compile(r" ?(?:[A-Za-z0-9-]{1,63}\.){1,6}[A-Za-z]{2,24}")
_SPOKEN = re.compile(r"[A-Za-z0-9._+-]{2,64}[ (\[]{0,2}$")
_SPOKEN_DOMAIN = re.compile(
    r"[ )\]]{0,2}[A-Za-z0-9-]{1,63}[ (\[]{0,2}(?:\.|ドット|dot)[ )\]]{0,2}[A-Za-z0-9-]{1,63}"
)
_SEPARATORS = re.compile(r"[._+-]|[0-9]{1,4}$")
_PLATE_KANA = "[あ-おか-こさ-そた-とな-のは-ほま-もや-よら-ろれわを]"
_PLATE = re.compile(
    r"[一-鿿ァ-ヶ]{1,4}(?<![約第全計各])[ 　]?[0-9][0-9A-Z]{1,2}[ 　]?" + _PLATE_KANA + r"[ 　]?"
    r"(?:[0-9・]{1,2}[-‐][0-9]{2}|・{1,3}[0-9]{1,3})(?![0-9])"
)
_HOUSE = re.compile(
    r"[0-9]{1,4}(?:丁目[ 　]?(?:[0-9]{1,4}(?:番地?|-[0-9]|号)?|[0-9]{1,4})"
    r"|番地?の?[0-9]{0,4}[ 　]?[0-9]{0,4}号?|-[0-9]{1,4}(?:-[0-9]{1,5}){0,3}(?![0-9年月]))"
)
_KANJI_DIGIT = "[一二三四五六七八九十壱弐参拾]"
_KANJI_HOUSE = re.compile(
    rf"{_KANJI_DIGIT}{_KANJI_DIGIT}{{0,3}}(?:丁目[一二三四五六七八九十壱弐参拾0-9]{{1,4}}(?:番|の|号|-)?"
    rf"|の{_KANJI_DIGIT}{{1,4}}(?![つ人名回年月日歳件])|番地?[一二三四五六七八九十の]{{0,4}}号?)"
)
_TOWN = re.compile(
    r"[都道府県市区郡][一-鿿々ヶケァ-ヶーぁ-ん]{1,14}$|[一-鿿々ヶ][町村][一-鿿々ヶ]{0,8}$|(?:大字|字)[一-鿿々ヶ]{1,8}$"
)
_ROOM = re.compile(r"[0-9]{2,4}号室|(?:unit|room|apt\.?|apartment) [0-9]{1,4}", re.IGNORECASE)
_LATIN_STREET = re.compile(
    r"[0-9]{1,3}-[0-9]{1,3}(?:-[0-9]{1,4}){1,2},? (?=[A-Z][a-z]{2,20}(?:-(?:cho|machi|ku|shi|mura|gun)|,))"
)
_ROMAJI_STREET = re.compile(
    r"-(?:ken|shi|ku|cho|chou|machi|mura|gun|fu|to|do)[ ,]{1,2}(?:[A-Za-z-]{2,20}[ ,]{1,2}){0,3}"
    r"[0-9]{1,4}-[0-9]{1,4}(?:-[0-9]{1,4}){0,3}",
    re.IGNORECASE,
)
_SPELT = re.compile(
    r"(?:(?:ゼロ|ぜろ|レイ|れい|マル|まる|イチ|いち|ニー?|にー?|サン|さん|ヨン|よん|ゴー?|ごー?|ロク|ろく|ナナ|なな|ハチ|はち|キュー|キュウ|きゅう"
    r"|zero|rei|ichi|ni|san|yon|go|roku|nana|hachi|kyuu|kyu|one|two|three|four|five|six|seven|eight|nine|oh|[0-9])"
    r"[、。・, ノのー-]{0,3}){10,11}",
    re.IGNORECASE,
)
"""A telephone number spelt out: its first digit is a nought."""
_HANDLE = re.compile(r"(?<![A-Za-z0-9._%+-])@[A-Za-z0-9_.]{3,30}(?![A-Za-z0-9.@(])")
_ADDRESS_V4 = re.compile(r"(?<![0-9.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9.])")


def _look(look: Look) -> Iterator[Found]:
    finders = (_telephones,) if look.name in _NUMBERS_ONLY else _FINDERS
    for finder in finders:
        yield from finder(look)


def _telephones(look: Look) -> Iterator[Found]:
    text, last = look.text, -1
    for run in look.runs:
        if run.start <= last or not _may_ring(text, run):
            continue
        for start, end in _mobiles(text, run):
            last = end
            if not _is_made_up(look, start, end):
                yield "contact.mobile", start, end
        if look.name not in _NUMBERS_ONLY:
            low, high = max(0, run.start - 2), min(len(text), run.end + 18)
            for match in (*_LANDLINE.finditer(text, low, high), *_ABROAD.finditer(text, low, high)):
                if match.start() >= last - 1 and not match.group().startswith(_FREE):
                    last = match.end()
                    if not _is_office(look, *match.span()):
                        yield "contact.telephone", *match.span()


def _mobiles(text: str, run: Run) -> Iterator[tuple[int, int]]:
    """Mobile numbers that begin in a run of digits, in the usual groups or, alone, in any."""
    last = -1
    for match in _MOBILE.finditer(text, max(0, run.start - 2), min(len(text), run.end + 18)):
        last = match.end()
        yield match.span()
    if last < run.end and _REGROUPED.match(run.digits) and len(run.groups[0]) >= 3:  # noqa: PLR2004  # 090
        yield run.start, run.end


def _spelt(look: Look) -> Iterator[Found]:
    for word in look.words("contact.nought"):
        match = _SPELT.match(look.text, word.start)
        if match and not match.group().isdigit():
            yield "contact.telephone", *match.span()


def _may_ring(text: str, run: Run) -> bool:
    return ("0" in run.digits and any(group[0] == "0" for group in run.groups)) or text[
        max(0, run.start - 1) : run.start + 2
    ] == "+81"


def _mailboxes(look: Look) -> Iterator[Found]:
    text = look.text
    for word in look.words("contact.at"):
        local = _LOCAL.search(text, max(0, word.start - 65), word.start)
        domain = _DOMAIN.match(text, word.end)
        if local and domain:
            name = local.group()
            packed = look.name == "tight" and name.lower().endswith(words.SHARED_ENDS)
            if (
                not packed
                and _is_private(local.group(), domain.group())
                and not _is_example_mail(local.group(), domain.group(), look)
            ):
                yield "contact.email", local.start(), domain.end()
    for word in look.words("contact.spoken_at"):
        local = _SPOKEN.search(text, max(0, word.start - 65), word.start)
        domain = _SPOKEN_DOMAIN.match(text, word.end)
        if local and domain:
            yield "contact.email", local.start(), domain.end()


def _is_private(local: str, domain: str) -> bool:
    """Whether a mailbox is one person's: no part of it names a desk, and an office's own shows a person's name."""
    parts = [part for part in _SEPARATORS.sub(" ", local.lower()).split() if part]
    if not parts or any(part in words.SHARED for part in parts):
        return False
    if domain.lower().endswith((".go.jp", ".lg.jp")):
        if any(reads_as_family(part) for part in parts):
            return True
        initial = len(parts) > 1 and ("." in local or len(parts[0]) == 1)
        return initial or local[-1].isdigit()
    return True


def _is_example_mail(local: str, domain: str, look: Look) -> bool:
    bare = domain.strip().lower()
    invented = local.lower() in words.INVENTED or bool(look.words("contact.example"))
    return invented and bare in ("example.com", "example.org", "example.net", "example.jp")


def _addresses(look: Look) -> Iterator[Found]:
    text, last = look.text, -1
    for run in look.runs:
        if run.start <= last or run.start == 0 or len(run.groups[0]) > 4:  # noqa: PLR2004  # a house number
            continue
        before = text[run.start - 1]
        if not ("ぁ" <= before <= "鿿" or before in " 　"):
            continue
        house = _HOUSE.match(text, run.start)
        if house and _in_town(look, run.start) and not _is_office(look, run.start, house.end()):
            last = house.end()
            yield "contact.address", _town_start(text, run.start), house.end()
    if "の" in text or "丁" in text or "番" in text:
        for house in _KANJI_HOUSE.finditer(text):
            if _in_town(look, house.start()) and not _is_office(look, *house.span()):
                yield "contact.address", _town_start(text, house.start()), house.end()
    yield from _rooms(look)


def _rooms(look: Look) -> Iterator[Found]:
    if look.words("contact.room"):
        for match in _ROOM.finditer(look.text):
            if look.words("contact.private") and not _is_office(look, *match.span()):
                yield "contact.address", *match.span()
    if "-" in look.text and look.words("contact.lives"):
        for match in _ROMAJI_STREET.finditer(look.text):
            if not _is_office(look, *match.span()):
                yield "contact.address", *match.span()
        for match in _LATIN_STREET.finditer(look.text):
            if not _is_office(look, *match.span()):
                yield "contact.address", *match.span()


def _in_town(look: Look, at: int) -> bool:
    begin = max(0, at - LOOK_BACK)
    end = at - (look.text[at - 1 : at] in (" ", "　"))
    if _TOWN.search(look.text, begin, end):
        return True
    return look.near(at, at, "contact.address", before=LOOK_BACK, after=0) is not None


def _town_start(text: str, at: int) -> int:
    start = at
    while start > max(0, at - LOOK_BACK) and "ぁ" <= text[start - 1] <= "鿿":
        start -= 1
    return start


def _plates(look: Look) -> Iterator[Found]:
    for run in look.runs:
        if 2 <= len(run.groups[0]) <= 3:  # noqa: PLR2004  # class numbers of plates have two or three digits
            low = max(0, run.start - 5)
            for match in _PLATE.finditer(look.text, low, run.end + 14):
                yield "contact.plate", *match.span()


def _online(look: Look) -> Iterator[Found]:
    if look.words("contact.account") and look.words("contact.private"):
        for match in _HANDLE.finditer(look.text):
            yield "contact.account", *match.span()
    if look.words("contact.sender"):
        for match in _ADDRESS_V4.finditer(look.text):
            yield "contact.account", *match.span()


def _is_office(look: Look, start: int, end: int) -> bool:
    """Whether the words around say that this is an office's or company's, and none says that it is a person's."""
    if look.near(start, end, "contact.private", before=NEAR, after=NEAR):
        return False
    return _is_example(look, start, end) or (
        look.near(start, end, "contact.office", before=NEAR, after=NEAR) is not None
    )


def _is_made_up(look: Look, start: int, end: int) -> bool:
    """Whether a mobile number is an example; where only spellings are asked, one that nobody could have."""
    if look.near(start, end, "contact.sample", before=NEAR, after=NEAR) is not None:
        return True
    return _FILLED.search(look.text, start, end) is not None and _is_example(look, start, end)


def _is_example(look: Look, start: int, end: int) -> bool:
    return look.near(start, end, "contact.example", before=NEAR, after=NEAR) is not None


_FINDERS = (_telephones, _spelt, _mailboxes, _addresses, _plates, _online)

CONTACTS = Detector(
    name="contacts",
    rules=(
        Rule(
            "contact.mobile",
            Label.PERSONAL,
            "携帯電話等の番号が含まれています。",
            "It contains a mobile or IP telephone number.",
        ),
        Rule(
            "contact.telephone",
            Label.PERSONAL,
            "官公署や事業者のものと認められない電話番号が含まれています。",
            "It contains a telephone number that no office or company is named for.",
        ),
        Rule(
            "contact.email",
            Label.PERSONAL,
            "個人の電子メールアドレスが含まれています。",
            "It contains a person's e-mail address.",
        ),
        Rule(
            "contact.address",
            Label.PERSONAL,
            "個人の住所又は本籍が番地まで含まれています。",
            "It contains a person's address or registered domicile down to the house number.",
        ),
        Rule(
            "contact.plate",
            Label.PERSONAL,
            "自動車登録番号等が含まれています。",
            "It contains a car's registration plate.",
        ),
        Rule(
            "contact.account",
            Label.PERSONAL,
            "個人のアカウント又は発信元のIPアドレスが含まれています。",
            "It contains a person's account name or the network address they wrote from.",
        ),
    ),
    views=("plain", "tight", "values", "untagged"),
    look=_look,
    words={
        "contact.at": ("@",),
        "contact.spoken_at": words.SPOKEN_AT,
        "contact.office": words.OFFICE,
        "contact.private": words.PRIVATE,
        "contact.example": words.EXAMPLE,
        "contact.sample": words.SAMPLE,
        "contact.address": words.ADDRESS,
        "contact.nought": ("ゼロ", "ぜろ", "zero", "マル", "まる"),
        "contact.room": ("号室", "unit ", "room ", "apt", "apartment"),
        "contact.lives": words.LIVES,
        "contact.account": words.ACCOUNT,
        "contact.sender": words.SENDER,
    },
)
