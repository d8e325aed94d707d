"""The recorded rule that derives an answer space from a question's text, when the asker declared none.

Pure and conservative: a space that is too narrow would turn good answers into failures, so whatever is not plain
becomes open text. The first rule that matches decides:

1. `derived:options`: one list of two or more labels in a row (ア イ / a b / A. B. / 1. 2. / ① ②, each at a line
   start, or (ア) … (イ) … within a line) *and* a cue that one of them is asked for (次のうち, どれか, 選べ).
2. `derived:yes-no`: はいかいいえで, 可否を答え, 可か不可か, yes or no.
3. `derived:number`: 何円, 何人, 何%, 何日以内, いくら; exactly one unit, and no date asked for beside it.
4. `derived:date`: いつ, 何年何月何日, 何月何日, on what date; once.
5. `derived:default`: open text.

The source string is recorded beside the space; a change of what a rule matches needs a new rule name.
"""

from __future__ import annotations

import re
from typing import Final

from magi.core.answers.fold import fold
from magi.core.listing import find_listing
from magi.core.space import (
    AnswerSpace,
    ChoiceSpace,
    DateSpace,
    NumberSpace,
    OpenSpace,
    SpaceDecision,
    YesNoConditionalSpace,
)

MAX_DERIVED_CHARS: Final = 100_000
"""The service's limit on a question; beyond it the text is material, and the space stays open."""

_CHOOSE: Final = re.compile(
    r"次のうち|うち(?:から|で)?[、,]?(?:どれ|いずれ|最も|正しい|誤って)|どれか|どれです|どれで|どれが|どれを|どちら|"
    r"選べ|選び|選ん|選択せよ|選択し|選択肢|いずれ(?:か|が|の|です|で|を)|"
    r"(?:正しい|誤っている|適切な|不適切な|妥当な|ふさわしい|該当する|当てはまる|あてはまる)もの|"
    r"\b(?:which (?:of|one|is|are|option)|choose|select|pick|options?:)",
    re.IGNORECASE,
)
_CHOOSE_SEVERAL: Final = re.compile(
    r"(?:すべて|全て|全部|複数|[2-9二三四五]つ|いくつでも)(?:を)?(?:選|挙|答)|当てはまるものすべて|正しいものすべて|"
    r"\b(?:all that apply|select all|choose (?:two|three|all))\b",
    re.IGNORECASE,
)
_YES_NO: Final = re.compile(
    r"[「『\"]?はい[」』\"]?(?:か|・|/|または|又は|もしくは|、)[「『\"]?いいえ|"
    r"可否(?:を(?:お?答|判断|判定|示|回答|述べ|教え)|は[?。\n]|は$|は何)|可か不可か|可・不可|可/不可|可または不可|可又は不可|"
    r"\byes[ /-](?:or[ -])?no\b",
    re.IGNORECASE,
)
_UNITS: Final = (
    ("円", r"何(?:千|百|十)?(?:万|億)?円"),
    ("人", r"何(?:人|名)(?!も|たり)"),
    ("%", r"何(?:%|パーセント|割)"),
    ("日", r"(?<!月)何日(?:間|以内|前|後)"),
    ("月", r"何(?:か|ヶ|カ|ヵ|ケ|箇)月(?:間|以内|前|後)?"),
    ("年", r"何年(?:間|以内)"),
    ("時間", r"何時間"),
    ("件", r"何件"),
    ("個", r"何個"),
    ("回", r"何回"),
    ("台", r"何台"),
    ("歳", r"何[歳才]"),
    ("か所", r"何(?:か|ヶ|カ|ヵ|箇)所"),
    ("km", r"何(?:km|キロメートル)"),
    ("m2", r"何 ?(?:m2|平方メートル|平米)"),
    ("m", r"何(?:m|メートル)(?![0-9a-z])"),
    ("ha", r"何(?:ha|ヘクタール)"),
    ("kg", r"何(?:kg|キログラム)"),
    ("t", r"何(?:t|トン)(?![a-z])"),
    ("円", r"いくら(?!でも|なんでも|かの|かは|か[^。?\n ])"),
)
_SOME: Final = r"(?!でも|も|とも|分の|目|か(?:の|は|が|を|に|い|、))"
"""何件でも and 何件かの ask for nothing."""
_NUMBERS: Final = tuple((unit, re.compile(pattern + _SOME, re.IGNORECASE)) for unit, pattern in _UNITS)
_DATE: Final = re.compile(
    r"何年の?何月の?何日|何月の?何日|いつ(?!も|でも|の間に|しか|か(?!ら|[。?\n]|$))|\b(?:on )?(?:what|which) date\b",
    re.IGNORECASE,
)


def derive(text: str) -> tuple[SpaceDecision, tuple[tuple[str, str], ...]]:
    """Derive the answer space of a question, with the options that its text lists.

    Returns the decision and, for a choice, the pairs of option id and option text in list order. Ids are ids of
    the space (Latin letters in capitals, circled digits as digits); texts are as written but for white space at
    their ends. Never raises; equal texts give equal decisions.
    """
    if len(text) > MAX_DERIVED_CHARS:
        return _decided(OpenSpace(), "default"), ()
    listing = find_listing(text)
    if listing is not None:
        outside = fold(listing.outside)
        if _CHOOSE.search(outside) and not _CHOOSE_SEVERAL.search(outside):
            space = ChoiceSpace(options=tuple(label for label, _ in listing.entries))
            return _decided(space, "options"), listing.entries
        return _decided(OpenSpace(), "default"), ()
    return _without_list(fold(text)), ()


def _without_list(folded: str) -> SpaceDecision:
    if _YES_NO.search(folded):
        return _decided(YesNoConditionalSpace(), "yes-no")
    units = {unit for unit, pattern in _NUMBERS if pattern.search(folded)}
    dates = len(_DATE.findall(folded))
    if len(units) == 1 and not dates:
        return _decided(NumberSpace(unit=units.pop()), "number")
    if dates == 1 and not units:
        return _decided(DateSpace(), "date")
    return _decided(OpenSpace(), "default")


def _decided(space: AnswerSpace, rule: str) -> SpaceDecision:
    return SpaceDecision(space=space, source=f"derived:{rule}")
