"""Every word a person reads, by key, from `words.toml`. Japanese is the default.

Errors are looked up as `error.<code>.<reason>`, then `error.<code>`; `{facts}` come from the error. Reasons
of the residency policy are `why.<code>`. A missing key shows the key itself: clumsy, but nothing is hidden.
"""

import functools
import tomllib
from collections.abc import Mapping
from importlib.resources import files

from magi.core.errors import Fact, MagiError

LANGUAGES = ("ja", "en")


@functools.cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """Every key with its words by language; read once, on first use."""
    text = files("magi").joinpath("words.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def say(key: str, lang: str, **facts: Fact) -> str:
    """The words for a key in a language; tuples in `facts` are joined for reading."""
    if key not in catalogue():
        return key
    return catalogue()[key][lang].format(**{name: _readable(value) for name, value in facts.items()})


def say_error(error: MagiError, lang: str) -> str:
    """The words for an error: what happened and what to do."""
    exact, general = f"error.{error.code}.{error.reason}", f"error.{error.code}"
    key = exact if exact in catalogue() else general
    facts = {
        "path": "",
        "file": "",
        "what": error.reason,
        "problems": "",
        **error.facts,
        "reason": error.reason,
    }
    text = say(key, lang, **facts) if key in catalogue() else str(error)
    barred = error.facts.get("barred")
    if isinstance(barred, tuple) and barred:
        label = say(f"label.{error.facts.get('label')}", lang)
        lines = [
            say("error.barred", lang, label=label),
            *(f"  - {say_barred(line, lang)}" for line in barred),
        ]
        if isinstance(rules := error.facts.get("rules"), tuple) and rules:
            lines.append(say("error.barred_rules", lang, rules=", ".join(rules)))
        text = "\n".join([text, *lines, say("error.barred_help", lang)])
    return text


def say_class(answer_class: str, lang: str) -> str:
    """The words for an answer class: yes, no and conditional have some, any other class is its own word."""
    key = f"class.{answer_class}"
    return say(key, lang) if key in catalogue() else answer_class


def say_failure(failure: str, lang: str) -> str:
    """The words for a named failure; a refusal of the guard is one family, a status code another."""
    for family in ("egress_", "http_"):
        if failure.startswith(family):
            return say(f"failure.{family}", lang, what=failure.removeprefix(family))
    key = f"failure.{failure}"
    return say(key, lang) if key in catalogue() else failure


def say_barred(line: str, lang: str) -> str:
    """The words for one `card: reason, reason` line of a refused plan."""
    card, _, reasons = line.partition(": ")
    return f"{card}: {say_reasons(tuple(reasons.split(', ')), lang)}"


def say_reasons(reasons: tuple[str, ...], lang: str) -> str:
    """The words for the reasons of a ruling; the class comes first, the facts behind it after."""
    return (
        "、".join(_reason(reason, lang) for reason in reasons)
        if lang == "ja"
        else "; ".join(_reason(reason, lang) for reason in reasons)
    )


def _reason(reason: str, lang: str) -> str:
    if reason.startswith("class_") and "_not_for_" in reason:
        return say("why.class", lang, letter=reason.removeprefix("class_")[0].upper())
    if reason.startswith("bias_battery_"):
        return say("why.bias_battery", lang)
    return say(f"why.{reason}", lang)


def _readable(value: Fact) -> Fact:
    return "、".join(value) if isinstance(value, tuple) else value
