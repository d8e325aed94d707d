"""The bias gate: whose models may not speak to a topic, wherever they are served.

The second of two gates, decided and recorded apart from residency: open weights from abroad on a domestic host
may see a text and still be barred from its topic. On a topic that the profile lists, a maker or an ancestor of a
banned country or name bars the card, and so does a lineage that nobody knows. A topic without a ban list bars
nobody. Leaves to others: which topics a text touches (detectors), what a topic does to the label (`profile`).
"""

from collections.abc import Collection

from magi.core.card import UNKNOWN, Card
from magi.core.lineage import key
from magi.residency.profile import Ban, Profile


def bias_reasons(card: Card, profile: Profile, topics: Collection[str]) -> tuple[str, ...]:
    """Every reason of the bias gate, in the order of the topics' names."""
    listed = [(topic, profile.bans[topic]) for topic in sorted(set(topics)) if topic in profile.bans]
    return tuple(
        f"bias_{topic.replace('-', '_')}_{reason}" for topic, ban in listed for reason in _reasons(card, ban)
    )


def _reasons(card: Card, ban: Ban) -> list[str]:
    if not ban.countries and not ban.lineages:
        return []
    ancestors = card.lineage or ()
    origins = {ancestor.country for ancestor in ancestors} | set(card.backend.weights_origin)
    names = {key(ancestor.name) for ancestor in ancestors} | {key(name) for name in card.model.weights_origin}
    facts = {
        "developer": card.model.developer_country in ban.countries,
        "developer_unknown": card.model.developer_country == UNKNOWN,
        "lineage": bool(origins & set(ban.countries) or names & {key(name) for name in ban.lineages}),
        "lineage_unknown": card.lineage is None or UNKNOWN in origins,
    }
    return [name for name, holds in facts.items() if holds]
