"""Numbers that stand for one person: 個人番号, pension, insurance, residence, licence, passport, account, card, file.

A number counts when a word beside it says what it is, or when its own form does (check digit, letters around it).
Promises: linear in the length of the view; general talk about a number, without digits, never fires; the numbers
of bodies and things (法人番号, 登録番号 T.., ISBN, JAN, statistics codes) do not fire. Leaves to others: phone
numbers and addresses (`contacts`), names (`persons`). Sources: see `words_identifiers` and `my_number`; ISO/IEC
7812-1 (Luhn, issuer ranges); ICAO Doc 9303 and 入管法施行規則 for the forms of passport and residence card numbers.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from magi.residency.detect import words_identifiers as words
from magi.residency.detect.look import Look, Run
from magi.residency.detect.my_number import Places, my_numbers
from magi.residency.detect.rule import Detector, Found, Rule
from magi.residency.label import Label

BESIDE = 28
"""A value stands this close after the word that names it; forms put a head and a colon between."""
BEFORE = 22
"""Or the word follows its value: `4312-876540(基礎年金番号)`."""
PERSON_NEAR = 60
"""A file's number is a person's when a person stands in the same sentence or row."""
COLUMN = 240
"""A head names the values of its column for some rows."""

_VEHICLE_LETTER = re.compile(
    r"(?:[ ]?[あいうえかきくけこさすせそたちつてなぬねひふほまみむめゆよらりるれろわ][ ]?|[ ][とにのはもやをり][ ])"
    r"(?:[0-9・]{1,2}[-‐][0-9]{2}|[0-9]{4})(?![0-9年])"
)
_VEHICLE_PLACE = re.compile(r"[一-鿿ぁ-ん][ ]?$")
_CARD_FORM = re.compile(r"(?<![A-Za-z0-9])([A-Z]{2})[ -]?([0-9]{8})[ -]?([A-Z]{2})(?![A-Za-z0-9])")
_PASSPORT_FORM = re.compile(r"(?<![A-Za-z0-9])(?:[A-Z]{1,2}[ -]?[0-9]{6,8}[A-Z]?|[0-9]{9})(?![0-9A-Za-z])")
_IBAN = re.compile(r"[ :=]{0,3}[A-Z]{2}[0-9]{2}[ ]?(?:[A-Z0-9]{4}[ ]?){2,7}[A-Z0-9]{0,3}")
_SYMBOL = re.compile(
    r"[ ::・=]{0,3}([0-9A-Za-zぁ-ん一-鿿-]{1,8})[ 、,・/()\n-]{0,3}番号[ ::・=]{0,3}([0-9]{1,8})(?![0-9])"
)
_PIECE = re.compile(r"[0-9]+(?:[-‐.・][0-9]+)*")
_CODE_DIGITS = ("12345678", "00000000", "99999999", "11111111")
_TEST_CARDS = frozenset(
    {"4111111111111111", "4242424242424242", "5555555555554444", "378282246310005", "4012888888881881"}
)
_CARD_GROUPS = {(4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (16,), (15,), (14,)}
_UNIT = re.compile(
    r"[ ]?(?:円|人|件|千|万|億|%|年度?|月|日|世帯|戸|枚|桁|けた|文字|条|項|以上|以下|未満|歳|時|分|回|頁|台"
    r"|名(?!義|前|称))"
)
_DATE = re.compile(r"(?:19|20)[0-9]{2}(?:(?:[-./ ][0-9]{1,2}){1,2}|(?:0[1-9]|1[0-2])(?:[0-3][0-9])?)$")


@dataclass(frozen=True)
class _Kind:
    """A kind of number: its words, how many digits it has, and what must stand near besides."""

    rule: str
    words: str
    sizes: frozenset[int]
    beside: int = BESIDE
    before: int = BEFORE
    person: bool = False
    column: bool = False


def _sizes(low: int, high: int) -> frozenset[int]:
    return frozenset(range(low, high + 1))


_KINDS = (
    _Kind("identifier.pension", "pension", _sizes(9, 14), column=True),
    _Kind("identifier.insured", "insured", _sizes(6, 12)),
    _Kind("identifier.insured", "insurer", _sizes(6, 8), person=True),
    _Kind("identifier.resident_code", "resident", _sizes(5, 11), column=True),
    _Kind("identifier.licence", "licence", _sizes(11, 12), column=True),
    _Kind("identifier.account", "account", frozenset({6, 7, 8}), beside=24, before=10),
    _Kind("identifier.account", "account_abroad", _sizes(8, 14), beside=20, before=4),
    _Kind("identifier.account", "postal", _sizes(11, 13), beside=20, before=8),
    _Kind("identifier.file_of_person", "file_of_person", _sizes(3, 16)),
    _Kind("identifier.file_number", "file_number", _sizes(4, 16), person=True),
)


def _look(look: Look) -> Iterator[Found]:
    yield from my_numbers(look)
    if look.name in ("bare", "raw"):
        return
    found = look.found
    if any(f"identifiers.{kind.words}" in found for kind in _KINDS):
        yield from _named(look)
    if look.name != "plain":
        return
    if "identifiers.symbol" in found:
        yield from _symbol_and_number(look)
    yield from _formed(look)


def _pieces(look: Look) -> Iterator[Run]:
    """Every run, and its parts between spaces, strokes and line ends: a date may follow a number closely."""
    for run in look.runs:
        yield run
        if len(run.groups) > 1:
            for piece in _PIECE.finditer(look.text, run.start, run.end):
                if piece.end() - piece.start() < run.end - run.start:
                    groups = tuple(re.findall(r"[0-9]+", piece.group()))
                    yield Run(piece.start(), piece.end(), "".join(groups), groups)


def _named(look: Look) -> Iterator[Found]:
    """Numbers beside the word that names them."""
    runs = [run for run in _pieces(look) if len(run.digits) >= 3]  # noqa: PLR2004  # the shortest of `_KINDS`
    if not runs:
        return
    people = Places(look.words("identifiers.person"))
    public = Places(look.words("identifiers.public_account"))
    for kind in _KINDS:
        cues = look.words(f"identifiers.{kind.words}")
        if not cues:
            continue
        ends = Places([cue._replace(start=cue.end) for cue in cues])
        starts = Places(cues)
        fitting = [run for run in runs if len(run.digits) in kind.sizes]
        seen = -1
        for run in fitting:
            if run.start < seen or _is_other(look.text, run):
                continue
            after = ends.within(run.start - kind.beside, run.start)
            ahead = starts.within(run.end, run.end + kind.before) and not kind.person
            column = kind.column and len(fitting) > 1 and ends.within(run.start - COLUMN, run.start)
            if not (after or ahead or column):
                continue
            if kind.person and not people.within(run.start - PERSON_NEAR, run.end + PERSON_NEAR):
                continue
            if kind.rule == "identifier.account" and public.within(run.start - COLUMN, run.end + BESIDE):
                continue
            seen = run.end
            yield kind.rule, run.start, run.end


def _is_other(text: str, run: Run) -> bool:
    """An amount, a date, a length, a mobile number: not the number that the word names."""
    if _UNIT.match(text, run.end) or _DATE.match(text, run.start, run.end):
        return True
    return len(run.digits) in (10, 11) and run.digits.startswith("0") and len(run.groups) == 3  # noqa: PLR2004


def _symbol_and_number(look: Look) -> Iterator[Found]:
    """記号 .. 番号 ..: an insurance card, or a postal account."""
    health = Places(look.words("identifiers.health", "identifiers.insured"))
    postal = Places(look.words("identifiers.account"))
    for cue in look.words("identifiers.symbol"):
        match = _SYMBOL.match(look.text, cue.end, cue.end + 48)
        if match is None:
            continue
        long = sum(char.isdigit() for char in match.group(1)) + len(match.group(2)) >= 8  # noqa: PLR2004  # no drawing's
        low, high = cue.start - PERSON_NEAR, match.end() + PERSON_NEAR
        if postal.within(low, high):
            yield "identifier.account", cue.start, match.end()
        elif long or any(word != cue.start for word in health.between(low, high)):
            yield "identifier.insured", cue.start, match.end()


def _formed(look: Look) -> Iterator[Found]:
    """Numbers known by their own form: accounts abroad, residence cards, passports, payment cards, vehicles."""
    text = look.text
    for word in look.words("identifiers.iban"):
        if (match := _IBAN.match(text, word.end)) is not None:
            yield "identifier.account", match.start(), match.end()
    yield from _documents(look)
    cards = None
    for run in _pieces(look):
        size = len(run.digits)
        if 14 <= size <= 16:  # noqa: PLR2004  # ISO/IEC 7812: payment cards in use
            cards = cards or Places(look.words("identifiers.card"))
            if _is_card(text, run, cards):
                yield "identifier.payment_card", run.start, run.end
        elif size in (2, 3):
            yield from _vehicle(text, run)


def _documents(look: Look) -> Iterator[Found]:
    """Residence cards by their letters, passports by the word beside them."""
    runs = [run for run in look.runs if 6 <= len(run.digits) <= 9]  # noqa: PLR2004  # ICAO Doc 9303 and below
    passport = Places(look.words("identifiers.passport")) if runs else None
    for run in runs:
        start = max(run.start - 4, 0)
        if (card := _CARD_FORM.search(look.text, start, run.end + 4)) and card.group(2) not in _CODE_DIGITS:
            yield "identifier.residence_card", card.start(), card.end()
        if passport is None or not passport.within(run.start - 60, run.end + 40) or "1234567" in run.digits:
            continue
        if form := _PASSPORT_FORM.search(look.text, start, run.end + 1):
            yield "identifier.passport", form.start(), form.end()


def _is_card(text: str, run: Run, cards: Places) -> bool:
    if (
        run.digits in _TEST_CARDS
        or tuple(map(len, run.groups)) not in _CARD_GROUPS
        or _UNIT.match(text, run.end)
    ):
        return False
    named = cards.within(run.start - BESIDE, run.end + BEFORE)
    if run.digits[0] not in "23456" or len(set(run.digits)) == 1:
        return False
    return named or (len(run.groups) > 1 and luhn(run.digits)) or (len(run.digits) == 16 and luhn(run.digits))  # noqa: PLR2004


def luhn(digits: str) -> bool:
    """Whether digits pass the Luhn check (ISO/IEC 7812-1, annex B)."""
    doubled = (sum(divmod(2 * int(d), 10)) for d in digits[-2::-2])
    return (sum(doubled) + sum(int(d) for d in digits[-1::-2])) % 10 == 0


def _vehicle(text: str, run: Run) -> Iterator[Found]:
    """地名 330 さ 48-17 (道路運送車両法 36条の2, 自動車登録規則 13条)."""
    match = _VEHICLE_LETTER.match(text, run.end)
    place = _VEHICLE_PLACE.search(text, max(run.start - 2, 0), run.start)
    if match and place:
        yield "identifier.vehicle", max(run.start - 3, 0), match.end()


_RULES = (
    Rule(
        "my_number.check_digit", Label.SPECIFIC_PERSONAL,
        "検査用数字の合う12桁の数字があり、個人番号の可能性があります。",
        "There are twelve digits with a right check digit; they may be an Individual Number.",
    ),
    Rule(
        "my_number.beside_word", Label.SPECIFIC_PERSONAL,
        "個人番号を指す語の近くに12桁の数字があります。",
        "Twelve digits stand near words that mean the Individual Number.",
    ),
    Rule(
        "my_number.in_parts", Label.SPECIFIC_PERSONAL,
        "個人番号を指す語の近くに、分割、伏せ字又は欠落のある番号があります。",
        "A number in parts, masked or one digit short stands near words that mean the Individual Number.",
    ),
    Rule(
        "my_number.derived_code", Label.SPECIFIC_PERSONAL,
        "個人番号を変換した符号は、個人番号として扱います(番号法第2条第8項)。",
        "A code made from an Individual Number counts as one (My Number Act, Article 2(8)).",
    ),
    Rule(
        "identifier.pension", Label.PERSONAL,
        "基礎年金番号その他の年金の番号があります。",
        "There is a basic pension number or another number of a pension.",
    ),
    Rule(
        "identifier.insured", Label.PERSONAL,
        "健康保険、介護保険、雇用保険などの被保険者を示す記号・番号があります。",
        "There is a number of a person insured for health, care or employment.",
    ),
    Rule(
        "identifier.resident_code", Label.PERSONAL,
        "住民票コード、宛名番号など住民を示す番号があります。",
        "There is a resident record code or another number of a resident.",
    ),
    Rule(
        "identifier.licence", Label.PERSONAL,
        "運転免許証の番号があります。",
        "There is the number of a driving licence.",
    ),
    Rule(
        "identifier.passport", Label.PERSONAL,
        "旅券の番号があります。",
        "There is the number of a passport.",
    ),
    Rule(
        "identifier.residence_card", Label.PERSONAL,
        "在留カード又は特別永住者証明書の番号があります。",
        "There is the number of a residence card or a special permanent resident certificate.",
    ),
    Rule(
        "identifier.account", Label.PERSONAL,
        "預貯金の口座を示す番号があります。",
        "There is the number of a bank or postal account.",
    ),
    Rule(
        "identifier.payment_card", Label.PERSONAL,
        "クレジットカードその他の支払用カードの番号があります。",
        "There is the number of a payment card.",
    ),
    Rule(
        "identifier.vehicle", Label.PERSONAL,
        "自動車登録番号(ナンバープレート)があります。",
        "There is a vehicle registration number.",
    ),
    Rule(
        "identifier.file_of_person", Label.PERSONAL,
        "患者、職員、学生、受給者など個人に付けた番号があります。",
        "There is a number given to a patient, employee, student or recipient.",
    ),
    Rule(
        "identifier.file_number", Label.PERSONAL,
        "個人の手続に付けた整理番号、受付番号などがあります。",
        "There is a file or receipt number of a person's case.",
    ),
)  # fmt: skip

IDENTIFIERS = Detector(
    name="identifiers",
    rules=_RULES,
    views=("raw", "plain", "untagged", "tight", "bare", "values"),
    look=_look,
    words={
        "identifiers.my_number": words.MY_NUMBER,
        "identifiers.number": words.NUMBER,
        "identifiers.told": words.TOLD,
        "identifiers.other": words.OTHER_NUMBER,
        "identifiers.product": words.PRODUCT_NUMBER,
        "identifiers.quantity": words.QUANTITY,
        "identifiers.example": words.EXAMPLE,
        "identifiers.person": words.PERSON,
        "identifiers.pension": words.PENSION,
        "identifiers.insured": words.INSURED,
        "identifiers.insurer": words.INSURER,
        "identifiers.resident": words.RESIDENT,
        "identifiers.licence": words.LICENCE,
        "identifiers.passport": words.PASSPORT,
        "identifiers.account": words.ACCOUNT,
        "identifiers.spelt": (
            "yon ",
            "nana ",
            "hachi ",
            "zero",
            "four ",
            "seven ",
            "eight ",
            "ヨン",
            "ナナ",
            "ハチ",
            "ゼロ",
            "よん",
            "なな",
            "はち",
            "ぜろ",
        ),
        "identifiers.postal": ("ゆうちょ", "郵便貯金", "通常貯金", "貯金口座", "yucho", "ユウチョ"),
        "identifiers.account_abroad": words.ACCOUNT_ABROAD,
        "identifiers.iban": ("iban",),
        "identifiers.public_account": words.PUBLIC_ACCOUNT,
        "identifiers.card": words.CARD,
        "identifiers.file_of_person": words.FILE_OF_PERSON,
        "identifiers.file_number": words.FILE_NUMBER,
        "identifiers.health": words.HEALTH,
        "identifiers.symbol": ("記号", "キゴウ", "kigou", "kigo "),
    },
)
"""The detector; see the module."""
