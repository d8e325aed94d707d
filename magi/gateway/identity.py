"""Who says that they answered, against the card: the model's name and the region that a response states. Pure.

Promises: an answer whose own words depart from the card has a name here (`model_mismatch`, `model_unstated`,
`region_mismatch`) and is not used; what was stated comes out as digest and length only, since a backend can
write any text there, also the prompt's. Leaves to others: reading the response (`protocols`), what follows
(`client`), the alarm on record (the service). A response proves nothing: silence or a lie passes for the card's
facts, which rest on evidence; this finds the swap that a provider does not hide (RESIDENCY.md, leak path 58).

Where a region is stated:

=====================  ======================================================================================
`usage.inference_geo`  body; Anthropic API, "Data residency": where the inference ran
`x-ms-region`          header; Azure OpenAI puts the region of the resource there ("Japan East")
=====================  ======================================================================================

OpenAI's own API and Bedrock's documented responses state no region; `cf-ray` names the edge, not the model's
place; `system_fingerprint` names a configuration and stays in the exchange, uncompared.
"""

import datetime
import hashlib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from magi.core.card import Card

REGION_HEADERS = ("x-ms-region",)
"""Response headers that state where the backend runs, in lower case."""

_DATED = re.compile(r"-([0-9]{4})(-?)([0-9]{2})\2([0-9]{2})", re.ASCII)


@dataclass(frozen=True)
class Departure:
    """How a response departs from the card: a failure's name; SHA-256 and length in bytes of what it stated.

    Enough to tell two alarms apart, and no word of a stranger's; the words themselves are in the exchange.
    """

    failure: str
    stated: str
    length: int


def departure(
    card: Card, models: Collection[str], regions: Collection[str], *, stated_required: bool
) -> Departure | None:
    """The first departure of what a response states from the card, or None.

    `models` and `regions` are all that it states, in its order; a stream may state more than one, and every one
    must fit. `stated_required`: a response without a model's name departs too.

    A model fits by the card's exact name for it, that name with a date (the version that a provider's alias
    stood for), or one of `answers_as`. A region fits if it is one of `answers_from`, letter case aside; a card
    that lists none asks for none, but for one whose inference is pinned to Japan: there, any unlisted region
    departs.
    """
    names = [name for name in models if name]
    if stated_required and not names:
        return _departure("model_unstated", ())
    if any(not _fits(card, name) for name in names):
        return _departure("model_mismatch", names)
    listed = {region.strip().lower() for region in card.endpoint.answers_from}
    asks = bool(listed) or card.backend.inference_scope == "JP"
    if asks and any(region.strip().lower() not in listed for region in regions):
        return _departure("region_mismatch", regions)
    return None


def _departure(failure: str, stated: Iterable[str]) -> Departure:
    raw = "\n".join(stated).encode(errors="surrogatepass")
    return Departure(failure, hashlib.sha256(raw).hexdigest(), len(raw))


def _fits(card: Card, name: str) -> bool:
    asked = card.endpoint.model
    if name == asked or name in card.endpoint.answers_as:
        return True
    dated = _DATED.fullmatch(name.removeprefix(asked)) if name.startswith(asked) else None
    return dated is not None and _is_day(*(int(dated[group]) for group in (1, 3, 4)))


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        datetime.date(year, month, day)
    except ValueError:
        return False
    return True
