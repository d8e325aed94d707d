"""What the name of a well-known model says about its maker, from `known_models.toml`; anything else is unknown.

A name says something only as a whole: a known beginning, and after it nothing but sizes, versions, quantisation
and neutral words. `qwen2.5:7b` is known; `qwen2.5-7b-tuned-by-somebody` is not, and its maker is asked for.
"""

import functools
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

_SEPARATORS = re.compile(r"[-_:\s]+|\.(?=[a-z])")
_SIZE_OR_VERSION = re.compile(
    r"v?\d+(\.\d+)*[bmek]?|\d+x\d+(\.\d+)?b|a\d+(\.\d+)?b|i?q\d+|e\d+b|[bm]?fp?(16|32|8|4)|int\d+|mxfp4|instruct\d+"
)
"""`7b`, `3.1`, `v3`, `8x7b`, `a3b`, `q4`, `iq3`, `e2b`, `bf16`, `int8`: parts of a name that change no maker."""


@dataclass(frozen=True)
class Known:
    """A maker; `family` is None where models of this name have several. `lineage`: countries of the weights."""

    prefix: str
    developer: str
    country: str
    family: str | None
    lineage: tuple[str, ...]


@functools.cache
def _table() -> tuple[tuple[Known, ...], frozenset[str]]:
    """The whole table, longest beginning first, and the neutral words; read once, on first use."""
    parsed = tomllib.loads(files("magi.cli").joinpath("known_models.toml").read_text(encoding="utf-8"))
    rows = sorted((_known(row) for row in parsed["known"]), key=lambda row: -len(row.prefix))
    return tuple(rows), frozenset(parsed["neutral"])


def _known(row: Mapping[str, str | Sequence[str]]) -> Known:
    country, family = str(row["country"]), row.get("family")
    lineage = tuple(row.get("lineage", (country,)))
    return Known(str(row["prefix"]), str(row["developer"]), country, str(family) if family else None, lineage)


def known_model(name: str) -> Known | None:
    """The maker of a model of this name (`host/owner/` before it is ignored), or None when it is not sure."""
    rows, neutral = _table()
    own = name.rpartition("/")[2].lower()
    for row in rows:
        if own.startswith(row.prefix) and _says_nothing_more(own.removeprefix(row.prefix), neutral):
            return row
    return None


def _says_nothing_more(rest: str, neutral: frozenset[str]) -> bool:
    parts = [part for part in _SEPARATORS.split(rest) if part]
    return all(part in neutral or _SIZE_OR_VERSION.fullmatch(part) for part in parts)
