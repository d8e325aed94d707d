"""What counts as the concrete value of a secret, and what is a placeholder, a variable, a type or a known name.

Pure string tests on short values; every pattern is bounded. Leaves to others: where such a value stands.
"""

import re

MIN_MIXED = 6
"""Letters with digits in a setting; shorter ones are numbers of versions and parts."""
MIN_MARKED = 8
"""Letters with marks and no digit."""
MIN_MADE_UP = 7
"""Shorter words mix letters, digits and signs by chance (`Wi-Fi6`)."""
MAX_REPEATED = 3

_ASCII = re.compile(r"[!#-&*-:=?-Z^-z~|@+;\\/]{3,160}")
_CUT = re.compile(r"[,;]|&(?=[A-Za-z_]{1,24}=)")
_MARK = re.compile(r"[#@!$%&^+?~]")
COUNT = re.compile(
    r"[ ]?(?:文字|桁|けた|回|日|個|種|年|ヶ月|か月|月|つ|以上|以下|時間|分|秒|名|人|件|円|千|台|階|kg|mm|cm|校|%"
    r"|ビット|bit|ページ|条|項|億|万|号)"
)
_PLACEHOLDER = re.compile(
    r"[<{$%\[(*.…]|(?i:your[_a-z-]|your|my[_-]|x{3,}|example|sample|change_?me|placeholder|dummy|aaaa|1234567890|[a-z_]{1,16}="
    r"|process\.|os\.|env\.|getenv|config\.|settings\.|self\.|request\.|secrets\.|var\.|https?:|file:|vault:|arn:"
    r"|(?:todo|null|none|nil|true|false|undefined|string|required|optional|request|input|hash|bcrypt|md5|sha-?[0-9]{1,3}"
    r"|(?:test|hoge|fuga|foo|bar|pass|password|secret|token)(?:ing|er|user|pass(?:word)?)?[0-9]{0,3})(?![A-Za-z0-9#@!$%&]))"
)
PLAIN_WORDS = frozenset(
    (
        "password", "passwd", "secret", "token", "field", "value", "values", "text", "type", "name", "user", "username",
        "email", "login", "encoder", "reset", "policy", "manager", "hidden", "number", "char", "varchar", "integer",
        "boolean", "auth", "basic", "bearer", "community", "public", "private", "default", "string", "required",
        "optional", "null", "none", "true", "false",
    )
)  # fmt: skip
_CODE_CALL = re.compile(r"[A-Za-z_.]{1,60}[(\[]|[A-Za-z_]+\.[A-Za-z_.]+$|[A-Z][A-Z_]+$")
TECHNICAL = re.compile(
    r"(?i:log4j|ed25519|x509|base64|(?:windows|macos|ios|android|microsoft|office|sha|md|aes|rsa|tls|ssl|utf|iso|rfc|nist|cve|http|oauth|wpa|ike"
    r"|python|java|node|pbkdf|argon|scrypt|bcrypt|fido|ipsec|sp|wi-?fi|ver|v|ieee|pkcs|nginx|php|mysql|ad|jis|iec)"
    r"[-_. ]?v?[0-9])"
)
_HEX = re.compile(r"[0-9a-f-]+", re.IGNORECASE)


def assigned(text: str, at: int) -> tuple[int, int] | None:
    """The concrete value at this place: no placeholder, variable, call, type or plain word."""
    match = _ASCII.match(text, at)
    if match is None or is_placeholder(text, at):
        return None
    value = _CUT.split(match.group(), maxsplit=1)[0].rstrip("\"'`,;:).]}\\|/")
    after = text[at + len(value) : at + len(value) + 6]
    if COUNT.match(after) or _CODE_CALL.match(value) or value.lower() in PLAIN_WORDS or "://" in value:
        return None
    kinds = kinds_of(value)
    mixed = "d" in kinds and len(kinds) > 1 and len(value) >= MIN_MIXED
    marked = len(kinds) > 1 and len(value) >= MIN_MARKED and _MARK.search(value) is not None
    return (at, at + len(value)) if (mixed or marked) and not TECHNICAL.match(value) else None


def is_placeholder(text: str, at: int = 0) -> bool:
    """Whether what begins here stands for a value: a variable, a mark, a type, an example."""
    return _PLACEHOLDER.match(text, at) is not None


def is_made_up(value: str) -> bool:
    """Whether no text has this word: lower case, two digits, and upper case or a symbol, and no known name."""
    kinds = kinds_of(value)
    if len(value) < MIN_MADE_UP or not {"l", "d"} <= kinds or len(kinds) <= len("ld"):
        return False
    known = TECHNICAL.match(value) or _HEX.fullmatch(value) or _is_address(value)
    return not known and sum(map(str.isdigit, value)) > 1


def is_token(value: str) -> bool:
    """Whether what follows `Bearer` or `Basic` is a token, and no word or placeholder."""
    kinds = kinds_of(value)
    if is_placeholder(value) or repeats(value):
        return False
    return ":" in value or ("d" in kinds and ("l" in kinds or "u" in kinds)) or value.endswith("=")


def is_user_secret(value: str) -> bool:
    """Whether the second part of a URL's user information is a password, and no port or placeholder."""
    return not is_placeholder(value) and value.lower() not in PLAIN_WORDS and not value.isdigit()


def repeats(value: str) -> bool:
    """Whether a token is filled with the same few characters: nobody's."""
    return len(set(value[4:])) <= MAX_REPEATED


def kinds_of(value: str) -> set[str]:
    """Which kinds of characters are in it: `l` lower, `u` upper, `d` digit, `s` symbol."""
    return {
        "l" if char.islower() else "u" if char.isupper() else "d" if char.isdigit() else "s" for char in value
    }


def _is_address(value: str) -> bool:
    """A mail address is found elsewhere."""
    name, at, host = value.rpartition("@")
    return bool(name and at) and "." in host
