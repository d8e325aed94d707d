"""Foreign laws that can compel an operator to hand over what it processes: a dated table, and which cover a card.

Jurisdiction follows the operator, its parent and the place of the host, whatever the card itself admits to: a
card that leaves a law of its countries out is ruled under that law all the same. Dates are days of entry into
force. Engineering input, not legal advice. Leaves to others: what a law means for a label (`policy`).
"""

import datetime

from magi.core.card import UNKNOWN, Card, Day
from magi.core.frozen import Frozen

JAPAN = "JP"
PRC = "CN"
PRC_PLACES = frozenset({"CN", "HK", "MO"})
"""ISO 3166-1 gives Hong Kong and Macao codes of their own; their operators stand under the PRC all the same."""


class Law(Frozen):
    """One law: `id` is the name that a card's `exposed_law` uses."""

    id: str
    country: str
    title_ja: str
    title_en: str
    in_force_from: Day
    source: str


def _law(*, law_id: str, country: str, ja: str, en: str, since: str, source: str) -> Law:
    return Law(id=law_id, country=country, title_ja=ja, title_en=en, in_force_from=since, source=source)


# [S]: statutes and days as generally known; open the primary text before quoting one.
LAWS: tuple[Law, ...] = (
    _law(
        law_id="US CLOUD Act",
        country="US",
        ja="米国クラウド法",
        en="Clarifying Lawful Overseas Use of Data Act",
        since="2018-03-23",
        source="Pub. L. 115-141, div. V; 18 U.S.C. 2713",  # [S]
    ),
    _law(
        law_id="US FISA 702",
        country="US",
        ja="米国外国情報監視法702条",
        en="Foreign Intelligence Surveillance Act, section 702",
        since="2008-07-10",
        source="Pub. L. 110-261; 50 U.S.C. 1881a",  # [S]
    ),
    _law(
        law_id="PRC National Intelligence Law",
        country=PRC,
        ja="国家情報法",
        en="National Intelligence Law of the PRC",
        since="2017-06-28",
        source="中华人民共和国国家情报法 第7条, 第14条",  # [S]
    ),
    _law(
        law_id="PRC Data Security Law",
        country=PRC,
        ja="データセキュリティ法",
        en="Data Security Law of the PRC",
        since="2021-09-01",
        source="中华人民共和国数据安全法 第35条",  # [S]
    ),
    _law(
        law_id="PRC Cybersecurity Law",
        country=PRC,
        ja="サイバーセキュリティ法(中国)",
        en="Cybersecurity Law of the PRC",
        since="2017-06-01",
        source="中华人民共和国网络安全法 第28条",  # [S]
    ),
    _law(
        law_id="UK IPA 2016",
        country="GB",
        ja="英国調査権限法",
        en="Investigatory Powers Act 2016",
        since="2016-12-30",
        source="2016 c. 25; first commencement S.I. 2016/1233",  # [S]
    ),
    _law(
        law_id="AU TOLA Act",
        country="AU",
        ja="豪州通信等改正(支援及びアクセス)法",
        en="Telecommunications and Other Legislation Amendment (Assistance and Access) Act 2018",
        since="2018-12-09",
        source="No. 148, 2018",  # [S]
    ),
    _law(
        law_id="RU Yarovaya Law",
        country="RU",
        ja="ロシア連邦法374-FZ",
        en="Federal Law No. 374-FZ",
        since="2016-07-20",
        source="374-FZ of 2016-07-06",  # [S]
    ),
    _law(
        law_id="FR Intelligence Act",
        country="FR",
        ja="フランス情報収集法",
        en="Loi n. 2015-912 relative au renseignement",
        since="2015-10-03",
        source="Loi n. 2015-912 du 24 juillet 2015, art. 26",  # [S]
    ),
    _law(
        law_id="EU e-Evidence",
        country="FR",
        ja="EU電子証拠規則",
        en="Regulation (EU) 2023/1543 on electronic evidence",
        since="2026-08-18",
        source="Regulation (EU) 2023/1543, art. 34",  # [S]
    ),
    _law(
        law_id="EU e-Evidence",
        country="DE",
        ja="EU電子証拠規則",
        en="Regulation (EU) 2023/1543 on electronic evidence",
        since="2026-08-18",
        source="Regulation (EU) 2023/1543, art. 34",  # [S]
    ),
)

_ANSWERED = frozenset({law.country for law in LAWS} | PRC_PLACES | {JAPAN, UNKNOWN})
"""Countries of which the table says something; an unknown one is the class's to deny."""


def jurisdictions(card: Card) -> tuple[str, ...]:
    """The countries of operator, parent and host, each once, in that order; `unknown` where one is."""
    backend = card.backend
    return tuple(dict.fromkeys((backend.provider_country, backend.parent_country, backend.host_country)))


def laws_over(card: Card, today: datetime.date) -> tuple[Law, ...]:
    """The laws of operator's, its parent's and the host's country that are in force on a day."""
    countries = {PRC if country in PRC_PLACES else country for country in jurisdictions(card)}
    return tuple(law for law in LAWS if law.country in countries and law.in_force_from <= today.isoformat())


def undeclared(card: Card, today: datetime.date) -> tuple[Law, ...]:
    """The laws over a card that its `exposed_law` leaves out."""
    return tuple(
        law
        for law in laws_over(card, today)
        if not any(_names(text, law) for text in card.backend.exposed_law)
    )


def unlisted(card: Card) -> tuple[str, ...]:
    """Foreign countries over a card of whose laws the table knows nothing: nobody can say what they compel."""
    return tuple(country for country in jurisdictions(card) if country not in _ANSWERED)


def under_prc(card: Card) -> bool:
    """Whether the PRC has a hold on operator, parent, host or a subprocessor, or the card names a law of it."""
    backend = card.backend
    hands = () if isinstance(backend.subprocessors, str) else backend.subprocessors
    countries = {*jurisdictions(card), *(hand.country for hand in hands if not isinstance(hand, str))}
    named = any(_names(text, law) for law in LAWS if law.country == PRC for text in backend.exposed_law)
    return bool(countries & PRC_PLACES) or named


def _names(text: str, law: Law) -> bool:
    """Whether a card's own words name a law: its id or a title, in any letter case, perhaps with more around."""
    said = text.casefold()
    return any(name.casefold() in said for name in (law.id, law.title_ja, law.title_en))
