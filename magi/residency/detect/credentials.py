"""Passwords, keys, tokens, door codes and network plans: what opens something, given with its value.

A word that names a secret is general talk until a concrete value stands beside it. Promises: linear in the length
of the view; placeholders, variables, types, public keys, checksums and advice do not fire. Leaves to others: what
a concrete value is (`secret_values`), secrets known by their form (`tokens`), networks (`layout`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from magi.residency.detect import words_credentials as words
from magi.residency.detect.layout import layouts
from magi.residency.detect.look import Look, Word
from magi.residency.detect.my_number import Places
from magi.residency.detect.rule import Detector, Found, Rule
from magi.residency.detect.secret_parts import PARTS, told_in_parts
from magi.residency.detect.secret_values import (
    COUNT,
    PLAIN_WORDS,
    TECHNICAL,
    assigned,
    is_made_up,
    is_placeholder,
    kinds_of,
)
from magi.residency.detect.tokens import FORM_WORDS, formed
from magi.residency.label import Label

REACH = 72
"""A value stands this close after the word that names it."""
CODE_REACH = 32
"""A lock's number stands in the same sentence as the lock."""
MAX_CODE = 10
"""Locks and one-time codes have fewer digits than phone numbers."""
YEAR_DIGITS = 4
LATER_CHARS = 7
"""Shorter mixes of letters and digits are names of versions and rooms."""
GENERAL_NEAR = 12
"""General talk says so right beside the value: `パスワードは「abc123」のような`."""

_CONNECTOR = re.compile(
    r"(?:[((][^()()\n]{1,16}[))])?[\"'`」』\]]{0,2}[ \t]{0,3}"
    r"(?:(?:は|が|を|も|ハ|ガ|ヲ|に|、|:=|:|=>|=|→|->|⇒|\bis\b|\bwas\b|\bwa\b|\bha\b)[ \t\n]{0,3}"
    r"|(?=[「『\"'])|[ \t\n]{1,3})"
    r"[\"'`「『(<]{0,2}"
)
_SETTING = re.compile(
    r"[A-Za-z_]{0,24}[\"'`\]]{0,2}(?:[ ]value)?[ \t]{0,3}(?:=>|:=|=|:|は)[ \t]{0,3}[\"'`「]{0,2}"
)
_PHRASE = re.compile(r"[a-z]{2,12}(?:[-_ .][a-z]{2,12}){2,7}(?=[^a-z-]|$)")
"""A pass phrase: words in a row where a value is told."""
_LATER = re.compile(
    r"(?:は|が|:)[^\n。]{0,24}?[ 「『]((?:[A-Za-z]{2,20}[0-9]{2,12}|[0-9]{2,12}[A-Za-z]{3,20})(?![A-Za-z0-9.=]))"
)
"""Letters and digits some words after `は`."""
_PLAIN_VALUE = re.compile(r"[a-z][a-z-]{4,30}(?=[、。\n]|[ ]?(?:です|に変|に設定)|$)")
_BASE32 = re.compile(r"[A-Z2-7]{16,64}(?![A-Za-z0-9])")
_JAPANESE = re.compile(r"[ぁ-んァ-ヶー一-鿿A-Za-z]{1,14}[-_ #!@'’.&+]{0,2}[0-9]{2,10}")
_QUOTED = re.compile(r"[「『\"]([^「」『』\"\n\s=][^「」『』\"\n=]{2,39})[」』\"]")
_SPACED_VALUE = re.compile(r"[ ]?(?:は|:|=|が)[ ]([ぁ-んァ-ヶー一-鿿]{3,24})(?:[、。]| です|です| に変|$|\n)")
_DIGIT_CODE = re.compile(
    r"(?<![0-9A-Za-z.,/:-])[#*]?[0-9](?:[ -]?[0-9]){2,9}(?:[ -]?[#*])?(?![0-9A-Za-z/:.,-]|[ ]?[0-9])"
)
_STRONG = re.compile(r"(?<![A-Za-z0-9/_.@-])[A-Za-z0-9][A-Za-z0-9!#-&*+=?@_~.-]{6,63}")
_SPACED_KEY = re.compile(r"[ ]{1,2}[\"']?([A-Za-z0-9+/=~-]{20,160})(?![A-Za-z0-9])")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_PAIRED = re.compile(r"(?<![A-Za-z0-9_.-])[A-Za-z0-9_.-]{2,24}[ ]?/[ ]?([A-Za-z0-9!#-&*+=?@_~.-]{6,40})")
"""A user and a password with a stroke between."""
_OPENING = re.compile(r"解除|開き|開く|開け|開錠|解錠|押|番号(?!札|表)|暗証|コード|#|\*|opens|code")
_STANDARD = re.compile(r"(?:RFC|ISO|JIS|IEC|NIST|CVE|IEEE|SP|No\.)[ -]?$", re.IGNORECASE)
_DIAL = re.compile(
    r"[右左](?:回り|まわり)?[にへ]?[ ]?[0-9]{1,3}.{0,8}?[右左](?:回り|まわり)?[にへ]?[ ]?[0-9]{1,3}"
)
_SIGNS = re.compile(r"[!-~](?:[!-~]{4}|(?<=:)//)")
"""Every secret that has a form of its own has as many ASCII characters in a row, or stands in a URL."""
_SIGNED = re.compile(r"[#@!$%&*+?]")
_MARKED = re.compile(r"[#@!$%&*+?]|[A-Z]")
_COUNTED = re.compile(r"[A-Za-z_.]{1,40}=[0-9.]{1,20}")
"""A setting that counts: `minlen=12`."""
_NOT_DIGIT = re.compile(r"[^0-9]")


def _look(look: Look) -> Iterator[Found]:
    if look.name == "raw" and (_SIGNS.search(look.text) is None or not _may_be_formed(look.text)):
        return
    if not look.found:
        return
    if look.name in ("plain", "raw"):
        yield from formed(look)
    if look.name != "raw":
        yield from _told(look)
    if look.name == "plain":
        yield from layouts(look)


def _may_be_formed(text: str) -> bool:
    """Whether a word that a form begins with is there at all: cheaper than to look for all words."""
    text = text.lower()
    latin, other = _form_words()
    return any(map(text.encode("ascii", "ignore").decode().__contains__, latin)) or any(
        map(text.__contains__, other)
    )


@cache
def _form_words() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words that forms begin with: in Latin letters alone, and others."""
    forms = {word.lower() for category in FORM_WORDS for word in CREDENTIALS.words[category]}
    return tuple(filter(str.isascii, forms)), tuple(word for word in forms if not word.isascii())


def _told(look: Look) -> Iterator[Found]:
    """Values that a word beside them gives away."""
    around = _Around(*(Places(look.words(f"credentials.{name}")) for name in ("general", "sample", "access")))
    for word in look.words("credentials.named", "credentials.short"):
        if (span := _stated(look.text, word, around)) is not None:
            yield "credential.password", *span
    keys = () if look.name == "tight" else look.words("credentials.key")  # code without its spaces is noise
    for word in keys:
        if (span := _set(look.text, word)) is not None and not around.excuses(look.text, *span):
            yield "credential.key_value", *span
    for word in look.words("credentials.code", "credentials.door"):
        if (span := _code(look.text, word, around)) is not None:
            yield "credential.door_code", *span
    if look.name == "plain":
        yield from _strong(look, around)
        for start, end in told_in_parts(look):
            if not around.excuses(look.text, start, end):
                yield "credential.password", start, end


@dataclass(frozen=True)
class _Around:
    """Where the text speaks in general, of samples, and of what is opened."""

    general: Places
    sample: Places
    access: Places

    def excuses(self, text: str, start: int, end: int) -> bool:
        """Whether a value here is nobody's; general talk does not excuse a made-up word."""
        low, high = start - GENERAL_NEAR, end + GENERAL_NEAR
        general = self.general.within(low, high) and not is_made_up(text[start:end])
        return general or self.sample.within(low, high)


def _stated(text: str, word: Word, around: _Around) -> tuple[int, int] | None:
    """The value that a sentence or a setting gives to a password, if one does."""
    if word.category == "credentials.short" and not _stands_alone(text, word):
        return None
    connector = _CONNECTOR.match(text, word.end)
    span = _value(text, connector) if connector is not None else None
    if span and word.category == "credentials.short" and connector and not connector.group().strip():
        span = None if text[span[0] : span[1]].isdigit() else span  # `パス 203` is no password
    if span is None:
        span = _quoted(text, word) or _later(text, word)
        slogan = word.text in ("合言葉", "合い言葉")
        if slogan and not around.access.within(word.start - REACH, word.end + REACH):
            return None
    return None if span is None or around.excuses(text, *span) else span


def _value(text: str, connector: re.Match[str]) -> tuple[int, int] | None:
    """What follows a connector, where it is a value: a made-up word, kana with digits, digits, a seed."""
    at, joint = connector.end(), connector.group()
    if ("\n" not in joint or ":" in joint) and (span := assigned(text, at)) is not None:
        return span
    told = any(sign in joint for sign in "は:=")
    patterns = (
        (_JAPANESE, _DIGIT_CODE, _BASE32, _PLAIN_VALUE, _PHRASE)
        if told
        else (_JAPANESE, _DIGIT_CODE, _BASE32)
    )
    for pattern in patterns:
        match = pattern.match(text, at)
        if match is None or COUNT.match(text, match.end()) or TECHNICAL.match(match.group()):
            continue
        if pattern is _PHRASE and is_placeholder(text, at):
            continue
        if match.group().lower() not in PLAIN_WORDS:
            return match.span()
    return None


def _later(text: str, word: Word) -> tuple[int, int] | None:
    """Letters with digits that a sentence comes to: `パスワードは日付+課名で 0601zeimu`."""
    match = _LATER.match(text, word.end)
    if match is None or len(match.group(1)) < LATER_CHARS or TECHNICAL.match(match.group(1)):
        return None
    return None if COUNT.match(text, match.end(1)) or is_placeholder(match.group(1)) else match.span(1)


def _quoted(text: str, word: Word) -> tuple[int, int] | None:
    """A value of plain words: in quotes after `は`, or set off by a space and ended by a stop."""
    match = _SPACED_VALUE.match(text, word.end)
    if match is None and (quoted := _QUOTED.search(text, word.end, word.end + 50)) is not None:
        match = quoted if _gives(text[word.end : quoted.start()]) else None
    return None if match is None or is_placeholder(match.group(1)) else match.span(1)


def _gives(between: str) -> bool:
    return between.strip() in ("は", "が", ":", "=", "", "を", "に", "→")


def _stands_alone(text: str, word: Word) -> bool:
    """`パス` of a password, and no part of a passport, a path or another word."""
    before, after = text[max(word.start - 1, 0) : word.start], text[word.end : word.end + 1]
    if word.text[0].isascii():
        return not ((before.isascii() and before.isalnum()) or (after.isascii() and after.isalnum()))
    return not ("ァ" <= before <= "ヺ" or before == "ー" or "ァ" <= after <= "ヺ" or after == "ー")


def _set(text: str, word: Word) -> tuple[int, int] | None:
    """The value of a setting; a long mixed one may follow after a space alone."""
    if word.text[-1] in "=:":
        return assigned(text, word.end)
    match = _SETTING.match(text, word.end)
    if match is not None:
        return assigned(text, match.end())
    spaced = _SPACED_KEY.match(text, word.end)
    if spaced is None or _UUID.fullmatch(spaced.group(1)) or not {"d", "l"} <= kinds_of(spaced.group(1)):
        return None
    return spaced.span(1)


def _code(text: str, word: Word, around: _Around) -> tuple[int, int] | None:
    """Three to ten digits after a lock's name, that count nothing."""
    before = text[max(word.start - 1, 0) : word.start]
    if word.text[0].isascii() and before.isascii() and before.isalnum():
        return None
    end = min(word.end + CODE_REACH, len(text))
    if word.category == "credentials.door" and _OPENING.search(text, word.end, end) is None:
        return None
    if (dial := _DIAL.search(text, word.end, end)) is not None:
        return dial.span()
    for match in _DIGIT_CODE.finditer(text, word.end, end):
        if not _counts(text, match) and not around.excuses(text, *match.span()):
            return match.span()
    return None


def _counts(text: str, match: re.Match[str]) -> bool:
    """Whether digits are a year, an amount or the number of a standard."""
    digits = _NOT_DIGIT.sub("", match.group())
    year = (
        len(digits) == YEAR_DIGITS
        and digits[:2] in ("19", "20")
        and text[match.end() : match.end() + 1] in "年/-."
    )
    named = _STANDARD.search(text, max(match.start() - 6, 0), match.start()) is not None
    return year or named or len(digits) > MAX_CODE or COUNT.match(text, match.end()) is not None


def _strong(look: Look, around: _Around) -> Iterator[Found]:
    """A made-up word with digits near the word that names a secret: told in a sentence of any shape."""
    looked = 0
    for word in sorted(look.words("credentials.named", "credentials.login", "credentials.short")):
        if word.end <= looked or (
            word.category == "credentials.short" and not _stands_alone(look.text, word)
        ):
            continue
        looked = word.end + REACH
        low = max(word.start - REACH // 2, 0)
        found = [
            (match.start(), match.group().rstrip(".-_?"))
            for match in _STRONG.finditer(look.text, low, looked)
        ]
        found += [
            (match.start(1), match.group(1).rstrip(".-_?"))
            for match in _PAIRED.finditer(look.text, low, looked)
            if _SIGNED.search(match.group(1))
        ]
        for start, value in found:
            if _is_strong(word, value) and not around.excuses(look.text, start, start + len(value)):
                yield "credential.password", start, start + len(value)


def _is_strong(word: Word, value: str) -> bool:
    """Whether nobody would write this but as a secret: no network for visitors, no setting, no standard."""
    lower = value.lower()
    if "free" in lower or "guest" in lower or _COUNTED.fullmatch(value) is not None:
        return False
    if word.text in words.WIRELESS and not _MARKED.search(value):
        return False  # 802.11ax
    return is_made_up(value)


_RULES = (
    Rule(
        "credential.private_key", Label.SECRET,
        "秘密鍵の本体があります。",
        "There is the body of a private key.",
    ),
    Rule(
        "credential.token", Label.SECRET,
        "認証に用いるトークン、キー又はパスワードのハッシュ値があります。",
        "There is a token or key that authenticates, or the hash of a password.",
    ),
    Rule(
        "credential.password", Label.SECRET,
        "パスワード、事前共有鍵などの値が書かれています。",
        "The value of a password or a shared key is written out.",
    ),
    Rule(
        "credential.key_value", Label.SECRET,
        "設定の中に、キー、シークレット、回復キーなどの値が書かれています。",
        "The value of a key, secret or recovery key is written in a setting.",
    ),
    Rule(
        "credential.door_code", Label.SECRET,
        "暗証番号、解錠番号又は一回限りの認証コードがあります。",
        "There is a PIN, a lock's code or a one-time code.",
    ),
    Rule(
        "credential.network_plan", Label.SECRET,
        "内部ネットワークのアドレスと機器の役割が書かれています。",
        "Addresses of an internal network are given with what stands behind them.",
    ),
)  # fmt: skip

CREDENTIALS = Detector(
    name="credentials",
    rules=_RULES,
    views=("raw", "plain", "untagged", "tight"),
    look=_look,
    words={
        "credentials.named": words.NAMED,
        "credentials.login": words.LOGIN,
        "credentials.short": words.SHORT,
        "credentials.key": words.KEYS,
        "credentials.code": words.CODE,
        "credentials.token": words.TOKENS,
        "credentials.pem": ("-----begin ", "---- begin ", "private-lines:"),
        "credentials.bearer": ("bearer",),
        "credentials.basic": ("basic",),
        "credentials.url": ("://",),
        "credentials.account": ("admin", "root", "administrator", "operator", "guest", "sysadm", "maint"),
        "credentials.recovery": ("bitlocker", "回復キー", "recovery key", "回復パスワード", "リカバリ"),
        "credentials.licence": (
            "ライセンスキー",
            "プロダクトキー",
            "product key",
            "license key",
            "プロダクト キー",
        ),
        "credentials.part": PARTS,
        "credentials.general": words.GENERAL,
        "credentials.sample": words.SAMPLE,
        "credentials.access": words.ACCESS,
        "credentials.door": words.DOORS,
        "credentials.command": words.COMMANDS,
        "credentials.private_net": ("10.", "172.", "192.168."),
        "credentials.role": words.ROLES,
        "credentials.home": words.HOME,
        "credentials.vlan": ("vlan",),
    },
)
"""The detector; see the module."""
