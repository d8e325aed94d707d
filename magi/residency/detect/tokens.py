"""Secrets known by their own form: private keys, tokens of known makers, hashes of passwords, user:password pairs.

Promises: linear in the length of the view: every form is tried only where its literal beginning was found, through
a window of fixed size. Leaves to others: secrets that only a word beside them gives away (`credentials`). Sources:
RFC 7468 (PEM), RFC 6750 (Bearer), RFC 7617 (Basic), RFC 7519 (JWT), RFC 3986 3.2.1 (user information), crypt(5).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from magi.residency.detect.look import Look
from magi.residency.detect.rule import Found
from magi.residency.detect.secret_values import assigned, is_made_up, is_token, is_user_secret, repeats

TOKEN_CHARS = 260
"""More of a token need not be read to know it; a key block may have some lines of headers."""
REACH = 72
"""An argument or a licence key stands this close to its command or name."""

_PEM = re.compile(
    r"(?:[A-Z0-9 ]{0,24}PRIVATE KEY(?: BLOCK)?-----|[ ]?[0-9]{1,3}(?=\s))(?:[\s\"']|\\n|\\r){0,8}"
    r"(?:[A-Za-z-]{4,20}: [^\n]{0,80}\n\s{0,4}){0,3}[A-Za-z0-9+/]{8}"
)
_TOKEN_FORMS = re.compile(
    r"(?:AKIA|ASIA)[0-9A-Z]{16}|AIza[0-9A-Za-z_-]{30,40}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}"
    r"|glpat-[A-Za-z0-9_-]{16,}|xox[abprs]-[A-Za-z0-9-]{12,}|xapp-[A-Za-z0-9-]{12,}|sk-[A-Za-z0-9_-]{20,}"
    r"|(?:sk|rk|pk|ts)_(?:live|test|prod)_[A-Za-z0-9]{10,}|live_[A-Za-z0-9]{16,}|hf_[A-Za-z0-9]{20,}|npm_[A-Za-z0-9]{30,}"
    r"|pypi-[A-Za-z0-9_-]{16,}|SG\.[A-Za-z0-9_-]{16,}|ya29\.[A-Za-z0-9_-]{16,}|dop_v1_[a-f0-9]{32,}|shpat_[a-f0-9]{32}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{4,}|hooks\.slack\.com/services/T[A-Z0-9]{6,}/"
    r"|[a-z.]{0,20}webhook\.office\.com/webhookb2/[0-9a-f-]{8,}|otpauth://[a-z]+/[^ ]{0,80}secret=[A-Z2-7]{8,}"
    r"|AGE-SECRET-KEY-1[A-Z0-9]{20,}|dapi[a-f0-9]{30,}|nvapi-[A-Za-z0-9_-]{20,}|\$(?:6|5|1|y|2[aby])\$[A-Za-z0-9./$]{12,}"
    r"|\$argon2[a-z]{1,2}\$[^ ]{20,}|\{SSHA[0-9]{0,3}\}[A-Za-z0-9+/=]{16,}|aad3b435b51404ee[a-f0-9:]{16,}"
)
_BEARER = re.compile(r"[ =:\"']{1,3}([A-Za-z0-9._~+/=-]{12,160})")
_BASIC = re.compile(r"[ ]{1,2}([A-Za-z0-9+/]{8,160}={0,2}|[!-9;-~]{2,40}:[!-~]{3,60})(?![A-Za-z])")
_URL_USER = re.compile(r"[^\s/:@\"'<>]{0,64}:([^\s/@\"'<>]{3,80})@[^\s@]")
_ACCOUNT = re.compile(r"[A-Za-z0-9_.-]{0,24}[ ]?[:/,、][ ]?([!-~]{6,40})")
_RECOVERY = re.compile(r"(?<![0-9-])[0-9]{6}(?:-[0-9]{6}){7}(?![0-9-])")
_LICENCE = re.compile(r"[A-Z0-9]{5}(?:-[A-Z0-9]{5}){4}")
_ARGUMENT = re.compile(
    r"(?:-p[ ]?|-u[ ]?[A-Za-z0-9_.-]{1,32}:|(?<=sqlplus )[A-Za-z0-9_]{1,32}/|-w[ ])[\"']?([!-&(-~]{5,60})"
)


@dataclass(frozen=True)
class _Form:
    """A form: where it begins, its pattern (the last group is the secret), and what else must hold."""

    category: str
    rule: str
    pattern: re.Pattern[str]
    holds: Callable[[str], bool]
    from_word: bool = False
    anywhere: bool = False


def _always(_: str) -> bool:
    return True


def _is_real_token(token: str) -> bool:
    return "EXAMPLE" not in token and not repeats(token)


def _is_account_secret(value: str) -> bool:
    return "/" not in value and is_made_up(value.rstrip(".,;\"'"))


def _is_argument(value: str) -> bool:
    return assigned(value, 0) is not None


def _differs(value: str) -> bool:
    return not repeats(value)


_FORMS = (
    _Form("credentials.pem", "credential.private_key", _PEM, _always),
    _Form("credentials.token", "credential.token", _TOKEN_FORMS, _is_real_token, from_word=True),
    _Form("credentials.bearer", "credential.token", _BEARER, is_token),
    _Form("credentials.basic", "credential.token", _BASIC, is_token),
    _Form("credentials.url", "credential.password", _URL_USER, is_user_secret),
    _Form("credentials.account", "credential.password", _ACCOUNT, _is_account_secret),
    _Form("credentials.command", "credential.password", _ARGUMENT, _is_argument, anywhere=True),
    _Form("credentials.recovery", "credential.key_value", _RECOVERY, _differs, anywhere=True),
    _Form("credentials.licence", "credential.key_value", _LICENCE, _differs, anywhere=True),
)

FORM_WORDS = tuple(form.category for form in _FORMS)
"""The categories of the words that forms begin with."""


def formed(look: Look) -> Iterator[Found]:
    """Every secret of the view that is known by its form."""
    for form in _FORMS:
        for word in look.words(form.category):
            start = word.start if form.from_word else word.end
            if form.anywhere:
                match = form.pattern.search(look.text, start, start + REACH)
            else:
                match = form.pattern.match(look.text, start, start + TOKEN_CHARS)
            if match is not None and form.holds(match.group(match.lastindex or 0)):
                yield form.rule, *match.span(match.lastindex or 0)
