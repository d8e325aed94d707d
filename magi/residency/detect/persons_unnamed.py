"""Persons without their full name: by initials, by birth date, by age and sex or kinship."""

import re
from collections.abc import Iterator

from magi.residency.detect.look import Look
from magi.residency.detect.rule import Found
from magi.residency.detect.words_persons import KIN

_KIN = "|".join(sorted(KIN, key=len, reverse=True))
_INITIALS = re.compile(
    r"[A-Z](?<![A-Za-z0-9.・&][A-Z])[.・] ?[A-Z]\.?(?=さん|氏|様|君|くん|ちゃん|[((][0-9]{1,2}[、,)歳) 才代])"
)
_DOTTED = re.compile(
    r"[A-Z](?<![A-Za-z0-9.・][A-Z])・[A-Z](?<!Q・A)(?<!R・D)(?<!M・A)(?<!A・B)(?=[はがのを、])"
)
_LETTER = re.compile(r"[A-Z](?<![A-Za-z0-9][A-Z])(?=さん|氏|くん|ちゃん|君)")
_AGED = re.compile(rf"[0-9]{{1,3}}(?:歳|才)(?:[0-9]{{1,2}}か月)?(?:の|、|・|\(|)[^\n。0-9]{{0,5}}?(?:{_KIN})")
_DECADE = re.compile(
    rf"[1-9]0(?:歳)?代(?:前半|半ば|後半)?の?(?:{_KIN})|(?:男性|女性|男|女)(?:[ 、,・]|で){{1,2}}[1-9]0代"
)
_BRACKETED = re.compile(
    rf"(?:{_KIN}|本人|者|児|婦|子|さん|氏)[((](?:当時)?[0-9]{{1,3}}(?:歳|才|[0-9]?代)?(?:[男女]|[、,][^()()\n]{{0,20}})?[))]"
)
_PROFILE = re.compile(
    r"[((][^()()\n]{0,16}?(?:[1-9]0代の?[男女]|[男女]性?[・、/][1-9]0(?:代|歳)|[男女]性?[・、/][0-9]{1,3}歳)[^()()\n]{0,20}[))]"
)
_GRADE = re.compile(
    r"(?:[小中高][1-6]年?|(?:[小中]学|高校)[1-6]年生?|[1-6]年生)の?(?:男子|女子|男児|女児|児童|生徒|男|女)(?!向|用|対象|・|生徒会)"
)
_DIGITS = "0-9元一二三四五六七八九十壱弐参拾"
_DATE = (
    rf"(?:(?:明治|大正|昭和|平成|令和)[{_DIGITS}]{{1,4}}年(?:[{_DIGITS}]{{1,3}}月(?:[{_DIGITS}]{{1,3}}日)?)?"
    r"|[明大昭平令][0-9元]{1,2}[./-][0-9]{1,2}[./-][0-9]{1,2}"
    r"|[MTSHR]\.?[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{1,2}"
    r"|(?:18|19|20)[0-9]{2}(?:[-/.年] ?[0-9]{1,2}(?:[-/.月] ?[0-9]{1,2}日?)?|年|[0-9]{4}(?![0-9])))"
)
_BEFORE_BORN = re.compile(rf"{_DATE}$")
_AFTER_BORN = re.compile(
    rf"[^0-9\n]{{0,10}}?(?:{_DATE}|[0-9]{{1,2}} [A-Z][a-z]{{2,8}}\.? (?:19|20)[0-9]{{2}}"
    r"|[A-Z][a-z]{2,8}\.? [0-9]{1,2}, (?:19|20)[0-9]{2})"
)
_NOT_ONE = re.compile(r".{0,3}(?:以降|以前|以後|以下|の人|の者|の方は|の方が|の世代|の子|~|から|まで|の場合)")
_YEAR_ONLY = re.compile(r"年$")
_WHOLE = ("生まれ", "dob", "birth", "born")
_HEADS = ("生年月日", "誕生日", "dob", "birth", "born", "seinengappi")
_WINDOW = 24


def initials(look: Look) -> Iterator[Found]:
    """Initials with an honorific, an age, or a particle; one letter only where something particular is told."""
    if not look.capitals:
        return
    text = look.text
    for pattern in (_INITIALS, _DOTTED):
        for match in pattern.finditer(text):
            yield "person.initials", *match.span()
    if look.words("person.lived") and not look.words("person.general", "person.sample"):
        for match in _LETTER.finditer(text):
            yield "person.initials", *match.span()


def births(look: Look) -> Iterator[Found]:
    """A date with a sign that somebody was born on it."""
    text = look.text
    for word in look.words("person.born"):
        if word.text in _HEADS:
            match = _AFTER_BORN.match(text, word.end, word.end + _WINDOW)
            if match and not look.words("person.sample"):
                yield "person.birth_date", word.start, match.end()
            continue
        stem = word.start if word.text in _WHOLE else word.start + word.text.index("生")
        match = _BEFORE_BORN.search(text, max(0, stem - _WINDOW), stem)
        if match is None or _NOT_ONE.match(text, word.end):
            continue
        alone = _YEAR_ONLY.search(match.group()) is not None
        if alone and text[word.end : word.end + 1] not in ("・", "、", ",", ")", "("):
            continue
        if not look.words("person.title"):
            yield "person.birth_date", match.start(), word.end


def unnamed(look: Look) -> Iterator[Found]:
    """Somebody by age and sex, grade or kinship, where something particular is told and no statistic."""
    if look.words("person.general"):
        return
    text = look.text
    told = bool(look.words("person.lived"))
    if "歳" in text or "才" in text:
        yield from (("person.unnamed", *m.span()) for m in _AGED.finditer(text) if told)
    if "代" in text:
        yield from (("person.unnamed", *m.span()) for m in _DECADE.finditer(text) if told)
    if "(" in text:
        yield from (("person.unnamed", *m.span()) for m in _BRACKETED.finditer(text))
        yield from (("person.unnamed", *m.span()) for m in _PROFILE.finditer(text))
    if told:
        yield from (("person.unnamed", *m.span()) for m in _GRADE.finditer(text))
