"""個人番号 in all the ways it is pasted: whole, grouped, in fields, masked, or as a code made from it.

Three grounds, each enough by itself: the check digit is right; a word beside the digits says what they are; the
fields of a record add up to twelve digits. Promises: linear in the length of the view (every word and every run
of digits is looked at once, through windows of fixed size). Leaves to others: every other number (`identifiers`).

Source: 番号法 2条5項 and 8項 (codes made from a 個人番号 count as one), check digit: 番号法施行規則
(総務省令 平26年85号 5条): 11 - (sum P_n Q_n mod 11), 0 where the remainder is 0 or 1; Q_n is n+1 up to n = 6,
n-5 above.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from magi.residency.detect.look import Look, Run, Word
from magi.residency.detect.rule import Found

DIGITS = 12
NEAR_AFTER = 400
"""A column's head stands this far above its rows; a run of just twelve digits under it needs no nearer word."""
NEAR_BEFORE = 40
"""A word after the digits says what they were: `... という個人番号`."""
WEAK_NEAR = 48
"""The bare word `番号` must stand closer: it is in every second sentence."""
SPOKEN = 64
"""Parts of one number told one after the other: `前半は ..、後半は ..`."""
KIND_BEFORE = 14
"""The name of another kind of number stands right before it."""

_SHAPES = frozenset({(12,), (4, 4, 4), (6, 6), (3, 3, 3, 3), (2,) * 6, (1,) * 12})
_WHOLE = frozenset({(12,), (4, 4, 4), (6, 6)})
_TOLD = _SHAPES | {
    (4, 8),
    (8, 4),
    (5, 7),
    (7, 5),
    (5, 4, 3),
    (3, 4, 5),
    (4, 4, 3),
    (4, 3, 4),
    (3, 4, 4),
    (6, 5),
    (5, 6),
}
_BULLET = re.compile(r"[①-⑳][0-9]")
_LONG = re.compile(r"[0-9](?:[-‐.・/]{0,2}[0-9]){10}")
_GROUP = re.compile(r"[0-9]+")
_UNIT = re.compile(r"[ ]?(?:円|人|件|千|万|億|兆|%|℃|㎡|km|kg|バイト|bytes?|年|月|日|世帯|戸|社|団体)")
_STAMP = re.compile(
    r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:[01][0-9]|2[0-4])[0-5][0-9]"
)
_YEARS = re.compile(r"(?:(?:19[0-9]|20[0-3])[0-9]){3}")
_MOBILE = re.compile(r"0[5-9]0")
_MASKED = re.compile(r"[0-9*xX●○■□×?OoIl・-]{11,15}")
_MASKS = frozenset("*xX●○■□×?OoIl")  # the letters are what readers of paper take for digits
_DERIVED = re.compile(
    r"ハッシュ|変換|置き?換え|符号|暗号化|ずらし|逆順|逆から|照合用|突合キー|仮名化|(?i:sha-?[0-9]|md5|hash|token)"
)
_SPELT = re.compile(
    r"(?:(?:ぜろ|れい|まる|いち|に|さん|よん|しち|し|ご|ろく|なな|はち|きゅう|く|ゼロ|レイ|マル|イチ|ニ|サン|ヨン|シチ|シ|ゴ|ロク"
    r"|ナナ|ハチ|キュウ|ク|zero|oh|one|two|three|four|five|six|seven|eight|nine)ー?[、。・, の-]{0,2}){11,13}",
    re.IGNORECASE,
)
_TWELVE_SPELT = re.compile(
    r"(?:(?:zero|rei|ichi|ni|san|yon|shi|go|roku|nana|shichi|hachi|kyuu|kyu|ku|one|two|three|four|five|six|seven|eight"
    r"|nine|oh|ゼロ|レイ|イチ|ニー?|サン|ヨン|ゴー?|ロク|ナナ|ハチ|キュウ|ぜろ|れい|いち|にー?|さん|よん|ごー?|ろく|なな|はち|きゅう)"
    r"[、。・, のノ-]{0,2}){12}(?![a-z])",
    re.IGNORECASE,
)
_CODE = re.compile(r"[A-Za-z0-9+/=_-]{10,128}")
_FIELD = re.compile(r"([0-9]|(?<=_)[a-d])\"?[ ]{0,3}[:=][ ]{0,3}\"?([0-9]{2,6})(?![0-9])")
_STEM = re.compile(r"[A-Za-z_]{1,16}$")
_LETTERS_BEFORE = re.compile(r"[A-Za-z]{1,12}$")
_LETTERS_AFTER = re.compile(r"[A-Za-z]{1,12}")
_DASHED = re.compile(r"[A-Za-z0-9][-.]$")
_PARTICLES = ("wa", "ga", "no", "ha", "wo", "de", "da", "to", "desu")
"""Romaji without spaces: `wa930471652846de` is a number between particles, no hash."""
_TEXTBOOK = frozenset({"123456789012", "012345678901", "123456789123", "210987654321"})


@dataclass(frozen=True)
class Twelve:
    """Digits that may be one number: where they stand, how they are grouped, whether no digits stand beside them."""

    start: int
    end: int
    digits: str
    shape: tuple[int, ...]
    alone: bool = True


class Places:
    """Where words of some categories begin, in order; asks cost the logarithm of their number."""

    def __init__(self, words: Sequence[Word]) -> None:
        """Sort the words once."""
        self.starts = sorted(word.start for word in words)

    def within(self, low: int, high: int) -> bool:
        """Whether a word begins in this stretch."""
        return bisect_right(self.starts, high) > bisect_left(self.starts, low)

    def between(self, low: int, high: int) -> Sequence[int]:
        """Where words begin in this stretch."""
        return self.starts[bisect_left(self.starts, low) : bisect_right(self.starts, high)]


@dataclass(frozen=True)
class _About:
    """What stands around the digits, by what it speaks for."""

    sure: Places
    weak: Places
    product: Places
    other: Places
    quantity: Places
    example: Places


_NOTHING_ABOUT = _About(*(Places(()) for _ in range(6)))


def is_my_number(digits: str) -> bool:
    """Whether twelve digits carry the right check digit (see the module's source)."""
    if len(digits) != DIGITS:
        return False
    total = sum(int(digits[10 - n]) * (n + 2 if n < 6 else n - 4) for n in range(11))  # noqa: PLR2004  # Q_n
    rest = total % 11
    return int(digits[11]) == (0 if rest <= 1 else 11 - rest)


def my_numbers(look: Look) -> Iterator[Found]:
    """Every 個人番号 of the view."""
    if look.name == "raw" and _BULLET.search(look.text) is None:
        return  # a circled number before the digits joins them in the other views
    joined = look.name in ("tight", "bare", "values")
    if joined and _LONG.search(look.text) is None:
        return
    cues = look.words("identifiers.my_number")
    if joined and not cues:
        return
    runs = [run for run in look.runs if len(run.digits) >= DIGITS]
    about = _about(look) if runs else _NOTHING_ABOUT
    for run in runs:
        for twelve in twelves(look.text, run):
            rule = _judged(look.text, twelve, about)
            if rule is not None and not (joined and rule == "my_number.check_digit"):
                yield rule, twelve.start, twelve.end
    if cues:
        yield from _told(look, cues)
    yield from _spelt_out(look)
    if told := look.words("identifiers.told"):
        yield from _read_out(look, told)
    if look.name == "plain" and ('":' in look.text or '": ' in look.text or "1=" in look.text):
        yield from _fields(look.text)


def _about(look: Look) -> _About:
    def places(category: str) -> Places:
        return Places(look.words("identifiers." + category))

    return _About(
        places("my_number"),
        places("number"),
        places("product"),
        places("other"),
        places("quantity"),
        places("example"),
    )


def twelves(text: str, run: Run) -> Iterator[Twelve]:
    """Stretches of a run that group into twelve digits; a run of just twelve whatever its groups."""
    if len(run.groups) == 1:
        if len(run.digits) == DIGITS:
            yield Twelve(run.start, run.end, run.digits, (DIGITS,))
        return
    groups = [(m.start(), m.end()) for m in _GROUP.finditer(text, run.start, run.end)]
    at = 0
    while at < len(groups):
        found = _from(text, groups, at)
        if found is None:
            at += 1
            continue
        yield found
        at += len(found.shape)


def _from(text: str, groups: list[tuple[int, int]], at: int) -> Twelve | None:
    shape: tuple[int, ...] = ()
    total = 0
    for start, end in groups[at : at + DIGITS]:
        shape += (end - start,)
        total += end - start
        if total >= DIGITS:
            break
    last = at + len(shape)
    whole = len(shape) == len(groups)
    if total != DIGITS or not (whole or shape in _SHAPES):
        return None
    sides = [index for index in (at - 1, last) if 0 <= index < len(groups)]
    gaps = [text[groups[index][1] if index < at else groups[last - 1][1]] for index in sides]
    widths = [groups[index][1] - groups[index][0] for index in sides]
    if any(
        gap in "-.‐" or (gap != "\n" and width == shape[0]) for gap, width in zip(gaps, widths, strict=True)
    ):
        return None
    digits = "".join(text[start:end] for start, end in groups[at:last])
    alone = len(shape) == 1 or all(gap == "\n" for gap in gaps)
    return Twelve(groups[at][0], groups[last - 1][1], digits, shape, alone)


def _judged(text: str, found: Twelve, about: _About) -> str | None:
    """The rule that says why these digits are a 個人番号, if one does."""
    low, high = found.start - NEAR_BEFORE, found.end + NEAR_BEFORE
    if _is_no_number(text, found):
        return None
    if found.digits in _TEXTBOOK and about.example.within(low, high):
        return None
    if about.sure.within(low, high):
        return "my_number.beside_word"
    return _judged_alone(found, about)


def _judged_alone(found: Twelve, about: _About) -> str | None:
    """The same where no word for the 個人番号 is near: by the check digit, a column's head, or the word `番号`."""
    start, digits = found.start, found.digits
    stamp = digits in _TEXTBOOK or _STAMP.fullmatch(digits) is not None
    quantity = about.quantity.within(start - WEAK_NEAR, start)
    if stamp or quantity or about.product.within(start - KIND_BEFORE, start):
        return None
    if found.shape in _SHAPES and found.alone and is_my_number(digits):
        return "my_number.check_digit"
    if found.shape == (DIGITS,) and about.sure.within(start - NEAR_AFTER, start):
        return "my_number.beside_word"
    other = about.other.within(start - WEAK_NEAR, start)
    weak = about.weak.within(start - WEAK_NEAR, found.end + WEAK_NEAR // 2)
    whole = found.shape in _WHOLE and found.alone
    return "my_number.beside_word" if whole and weak and not other else None


def _is_no_number(text: str, found: Twelve) -> bool:
    """Digits that nobody has, that count something, that are years, or that are part of a code."""
    return (
        len(set(found.digits)) == 1
        or _UNIT.match(text, found.end) is not None
        or _YEARS.fullmatch(found.digits) is not None
        or _attached(text, found.start, found.end)
    )


def _attached(text: str, start: int, end: int) -> bool:
    """Digits inside a hash, a UUID, a decimal or a list of amounts."""
    before = _LETTERS_BEFORE.search(text[max(start - 12, 0) : start])
    after = _LETTERS_AFTER.match(text[end : end + 12])
    if before or after:
        return not (
            (before is None or before.group().lower() in _PARTICLES)
            and (after is None or after.group().lower().startswith(_PARTICLES))
        )
    return _DASHED.search(text[max(start - 2, 0) : start]) is not None


def _told(look: Look, cues: Sequence[Word]) -> Iterator[Found]:
    """Beside the word: parts of the number, a number with masked places, a digit short, or a code made from it."""
    text = look.text
    looked = 0
    for cue in cues:
        if cue.end < looked:
            continue
        looked = cue.end + 16  # the next words right beside it see the same digits
        stretch = text[cue.end : cue.end + SPOKEN]
        groups = [(m.start(), m.end()) for m in _GROUP.finditer(stretch)]
        span = _parts(stretch, groups) or _masked(stretch)
        if span is not None:
            yield "my_number.in_parts", cue.end + span[0], cue.end + span[1]
        if (spelt := _SPELT.search(stretch)) is not None:
            yield "my_number.in_parts", cue.end + spelt.start(), cue.end + spelt.end()
        if (code := _derived(text[max(cue.start - 16, 0) : cue.start] + stretch)) is not None:
            at = text.find(code, max(cue.start - 16, 0))
            yield "my_number.derived_code", at, at + len(code)


def _spelt_out(look: Look) -> Iterator[Found]:
    """Twelve digits spelt out one by one: nothing else has so many."""
    last = -1
    for word in look.words("identifiers.spelt") if look.name == "plain" else ():
        if word.start < last:
            continue
        match = _TWELVE_SPELT.search(look.text, max(word.start - SPOKEN, 0), word.end + 2 * SPOKEN)
        if match is not None:
            last = match.end()
            yield "my_number.in_parts", *match.span()


def _read_out(look: Look, cues: Sequence[Word]) -> Iterator[Found]:
    """Digits told in equal parts, by phone or in turns of a chat, that add up to twelve."""
    text, looked = look.text, 0
    about = _about(look)
    for cue in cues:
        number = cue.text.startswith("マイナ") or about.weak.within(
            cue.start - WEAK_NEAR, cue.end + WEAK_NEAR
        )
        if (
            cue.end < looked
            or not number
            or about.quantity.within(cue.start - WEAK_NEAR, cue.end + WEAK_NEAR)
        ):
            continue
        looked = cue.end + 16
        low = max(cue.start - 16, 0)
        groups = [(m.start(), m.end()) for m in _GROUP.finditer(text, low, cue.end + SPOKEN)]
        span = _parts(text, [group for group in groups if not _UNIT.match(text, group[1])], _SHAPES)
        if span is not None:
            yield "my_number.in_parts", span[0], span[1]


def _parts(
    text: str, groups: list[tuple[int, int]], shapes: frozenset[tuple[int, ...]] = _TOLD
) -> tuple[int, int] | None:
    for at in range(len(groups)):
        shape: tuple[int, ...] = ()
        for index in range(at, min(at + 4, len(groups))):
            start, end = groups[index]
            shape += (end - start,)
            if _UNIT.match(text, end) or sum(shape) > DIGITS:
                break
            if shape in shapes and len(shape) > 1 and not _years(text, groups[at : index + 1]):
                return groups[at][0], end
        start, end = groups[at]
        near = shapes is _TOLD and start <= 16 and not _UNIT.match(text, end)  # noqa: PLR2004  # right beside the word
        if end - start == DIGITS - 1 and near and not _MOBILE.match(text, start):
            return start, end
    return None


def _years(text: str, groups: list[tuple[int, int]]) -> bool:
    return all(end - start == 4 and text[start : start + 2] in ("19", "20") for start, end in groups)  # noqa: PLR2004


def _masked(text: str) -> tuple[int, int] | None:
    for match in _MASKED.finditer(text):
        token = match.group()
        kept = sum(char.isdigit() for char in token)
        if kept >= 3 and kept + sum(char in _MASKS for char in token) in (11, 12) and _MASKS & set(token):  # noqa: PLR2004
            return match.start(), match.end()
    return None


def _derived(text: str) -> str | None:
    if _DERIVED.search(text) is None:
        return None
    for match in _CODE.finditer(text):
        token = match.group()
        if sum(char.isdigit() for char in token) >= 4 and any(char.isalpha() for char in token):  # noqa: PLR2004
            return token
    return None


def _fields(text: str) -> Iterator[Found]:
    """Fields of a record with one name and running numbers (`mn1`, `mn2`) whose values make twelve digits."""
    stem, last, digits, start = "", -1, "", 0
    for match in _FIELD.finditer(text):
        before = _STEM.search(text[max(match.start() - 16, 0) : match.start()])
        name, index = before.group().lower() if before else "", ord(match.group(1))
        if name and name == stem and index == last + 1 and len(digits) < DIGITS:
            digits += match.group(2)
        else:
            digits, start = match.group(2), match.start()
        stem, last = name, index
        if len(digits) == DIGITS:
            yield "my_number.in_parts", start, match.end()
