"""Reading a choice: one option id, stated as the answer, and no other option beside it.

The grammar of a vote is narrow: [選択肢] id [番|案], then the end, a copula, or a separator with the option's
own text. Denied ids are taken out first, so アではなくイ is イ and `1, not 2` is `1`. An id beside another
option's text, or a second id that is not denied, is `several_answers`; a mention in passing is nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from magi.core.answers.fold import fold, text_key, to_katakana, undecorate
from magi.core.answers.mention import find_mentions, stands_alone
from magi.core.answers.outcome import FailureName, Reading, unread
from magi.core.answers.phrase import COPULA, DOUBT, JUDGED, SENTENCE_END, VERDICT, bare

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from magi.core.answers.mention import Mention

MAX_LABEL_CHARS: Final = 8
"""A short answer without a known id is taken for a label that is not on the list, not for prose."""

_LEAD: Final = re.compile(
    r"[\s,、。.:;・→>\-#()\[\]「『【\"'<]*(?:(?:but|むしろ|選択肢|肢|記号|案|options?|choice|alternative)\s{0,2}:?\s{0,2}){0,3}"
    r"[\s(\[「『【\"'<]*",
    re.IGNORECASE,
)
_CLOSE: Final = re.compile(r"[)\]」』】\"'>}]*(?:\s?(?:番目?|案|説))?[)\]」』】\"'>}]*")
_SEPARATOR: Final = re.compile(r"\s{0,4}(?:[,、。;:!\n(「=]|\.(?!\d)|[-–—]\s|→|(?<=[)\]】] ))\s{0,4}")
_BECAUSE: Final = re.compile(r"\s(?:because|since|as it|due to)\b", re.IGNORECASE)
_NONE_OF: Final = re.compile(
    r"(?:いずれ|どれ|どちら)(?:に)?も(?:該当し|当てはまら|あてはまら|正しく|適切で)?(?:は|では|で)?な|該当なし|該当する?(?:選択肢|もの)(?:は|が)?な|"
    r"\bnone of\b|\bneither\b",
    re.IGNORECASE,
)
_END: Final = re.compile(r"[\s。.、,!;)\]」』】\"'>}]*$")
_MIN_KEY_CHARS: Final = 2
"""A one-character option text is found in any sentence; it counts only where it is the whole answer."""


@dataclass(frozen=True, slots=True)
class Options:
    """The options of one question, folded once: ids, and the texts by id and by key."""

    ids: tuple[str, ...]
    by_id: Mapping[str, str]
    by_kana: Mapping[str, str]
    texts: Mapping[str, str]
    keys: Mapping[str, str]

    @classmethod
    def of(cls, ids: Sequence[str], option_texts: Mapping[str, str]) -> Options:
        """Fold ids and texts; kana variants count only while no two ids share one."""
        kana = {to_katakana(one).casefold(): one for one in ids}
        texts = {one: undecorate(fold(text)) for one, text in option_texts.items()}
        return cls(
            ids=tuple(sorted(ids, key=len, reverse=True)),
            by_id={one.casefold(): one for one in ids},
            by_kana=kana if len(kana) == len(ids) else {},
            texts=texts,
            keys={one: key for one, text in option_texts.items() if (key := text_key(text))},
        )

    def named(self, core: str) -> str | None:
        """Return the id that a bare word names, in its own letters or in the other kana."""
        return self.by_id.get(core.casefold()) or self.by_kana.get(to_katakana(core).casefold())

    def quoted(self, core: str) -> frozenset[str]:
        """Return the ids whose text is the given words."""
        key = text_key(core)
        return frozenset(one for one, other in self.keys.items() if other == key)


def read_choice(segment: str, options: Options, *, stated: bool) -> Reading:
    """Read one stretch of folded, undecorated text.

    With `stated`, the text before said that this is the answer, so an explanation may follow the id; without,
    the stretch must be the answer and nothing else.
    """
    exact = _read_exact(segment, options)
    if exact is not None:
        return exact
    mentions = find_mentions(segment, options.ids)
    denied = frozenset(mention.option for mention in mentions if mention.denied)
    voted = {mention.option for mention in mentions if not mention.denied}
    left = _without_denied(segment, mentions)
    head = _head(left, options)
    if head is not None:
        option, end = head
        failure = _tail_failure(left, end, option, options, stated=stated)
        if failure is None and option in denied:
            failure = FailureName.SEVERAL_ANSWERS
        if failure is None:
            return Reading(ballot=option, denied=denied)
        if failure is FailureName.SEVERAL_ANSWERS:
            return Reading(failure=failure, denied=denied)
    return Reading(failure=_why_unread(segment, voted, denied), denied=denied)


def _read_exact(segment: str, options: Options) -> Reading | None:
    core = bare(segment)
    for words in (segment.strip(), core):
        named, quoted = options.named(words), options.quoted(words)
        if named is not None and quoted - {named}:
            return unread(FailureName.SEVERAL_ANSWERS)  # the id of one option and the text of another
        if named is not None:
            return Reading(ballot=named)
        if quoted:
            return Reading(ballot=min(quoted)) if len(quoted) == 1 else unread(FailureName.SEVERAL_ANSWERS)
    text, opened, label = core.rpartition("(")
    named, quoted = options.named(label.strip(" )")), options.quoted(text)
    if opened and named is not None and quoted:  # 都道府県知事（イ）
        return Reading(ballot=named) if quoted == {named} else unread(FailureName.SEVERAL_ANSWERS)
    return None


def _without_denied(segment: str, mentions: Sequence[Mention]) -> str:
    kept: list[str] = []
    cursor = 0
    for mention in mentions:
        if mention.denied and mention.start >= cursor:
            kept.append(segment[cursor : mention.start])
            cursor = mention.end
    return "".join([*kept, segment[cursor:]])


def _head(left: str, options: Options) -> tuple[str, int] | None:
    """Return the id at the head of the text and where its tail begins."""
    lead = _LEAD.match(left)
    start = lead.end() if lead else 0
    for option in options.ids:
        end = start + len(option)
        named = options.named(left[start:end])
        if named is None or len(named) != end - start:
            continue
        own_letters = left[start:end].casefold() == named.casefold()
        if own_letters and not (stands_alone(left, start, end, named) or _is_copula(left, end)):
            continue
        close = _CLOSE.match(left, end)
        end = close.end() if close else end
        if own_letters or _END.match(left, end) or _is_copula(left, end):
            return named, end
    return None


def _is_copula(text: str, start: int) -> bool:
    copula = COPULA.match(text, start)
    return copula is not None and _END.match(text, copula.end()) is not None


def _tail_failure(left: str, end: int, option: str, options: Options, *, stated: bool) -> FailureName | None:
    """Say why what follows an id does not let it stand, or None if it does."""
    tail = left[end:]
    if _END.match(tail):
        return None
    copula = COPULA.match(tail) or (JUDGED.match(tail) if stated else None)
    separator = _SEPARATOR.match(left, end)  # in place, since `B) ` is told by what stands before
    if copula is not None:
        rest, asserted = tail[copula.end() :], True
    elif separator is not None:
        rest, asserted = left[separator.end() :], separator[0].strip() in {"。", "!"} or "\n" in separator[0]
    elif tail.startswith(" ") and _after_own_text(tail, option, options) is not None:
        rest, asserted = tail, False
    elif stated and _BECAUSE.match(tail):
        rest, asserted = tail, True
    else:
        return FailureName.UNPARSABLE
    return _rest_failure(rest, option, options, stated=stated, asserted=asserted)


def _rest_failure(
    rest: str, option: str, options: Options, *, stated: bool, asserted: bool
) -> FailureName | None:
    beyond = _after_own_text(rest, option, options)
    if beyond is None:
        clause = SENTENCE_END.split(rest, maxsplit=1)[0]
        if not asserted and (VERDICT.search(clause) or rest[:1].isdecimal()):
            return FailureName.UNPARSABLE
        beyond = rest
        if options.quoted(bare(clause)) - {option}:
            return FailureName.SEVERAL_ANSWERS
    if not stated and not _END.match(beyond):
        return FailureName.UNPARSABLE
    if _names_another(beyond, option, options):
        return FailureName.SEVERAL_ANSWERS
    return FailureName.UNPARSABLE if DOUBT.search(beyond) else None


def _after_own_text(rest: str, option: str, options: Options) -> str | None:
    """Return what follows the option's own text at the head of the rest, or None if it is not there."""
    own = options.texts.get(option, "")
    words = rest.lstrip(" (「『\"':")
    if own and words.casefold().startswith(own.casefold()):
        beyond = words[len(own) :]
        copula = COPULA.match(beyond)
        beyond = beyond[copula.end() :] if copula else beyond
        return beyond if re.match(r"[\s。.、,!;)\]」』】\"'>}(]|$", beyond) else None
    clause = SENTENCE_END.split(words, maxsplit=1)[0]
    if option in options.quoted(bare(clause)):
        return words[len(clause) :]
    return None


def _names_another(rest: str, option: str, options: Options) -> bool:
    mentions = find_mentions(rest, options.ids)
    if any((mention.option == option) == mention.denied for mention in mentions):
        return True  # another id that is not denied, or this one denied
    key, own = text_key(rest), options.keys.get(option, "")
    return any(
        len(other) >= _MIN_KEY_CHARS and other in key and other not in own
        for one, other in options.keys.items()
        if one != option
    )


def _why_unread(segment: str, voted: set[str], denied: frozenset[str]) -> FailureName:
    if len(voted) > 1:
        return FailureName.SEVERAL_ANSWERS
    if denied and not voted:
        return FailureName.NEGATED_ONLY
    if voted:
        return FailureName.UNPARSABLE
    core = bare(segment)
    short = 0 < len(core) <= MAX_LABEL_CHARS and core.isalnum()
    return FailureName.NOT_AN_OPTION if short or _NONE_OF.search(segment) else FailureName.UNPARSABLE
