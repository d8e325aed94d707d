"""`magi agents attest`: sign what somebody saw of a card's endpoint, or make the key pair to sign with.

Only a key that `attestors.toml` names is believed; making one trusts nobody yet, and says what to add there. The
private key is a PEM file (PKCS 8, as other tools write it), readable by its owner alone. Leaves to others: what a
signature covers (`magi.attest`), what a proof is worth (`magi.residency`).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.text import Text

from magi.assets import ATTESTORS, load_assets, read_toml
from magi.attest.attestation import FACTS, NO_KEYS, attest, parse_keys, text_of, verify
from magi.attest.keys import new_key, public_hex, read_key
from magi.cli import screen
from magi.cli.own_assets import make_own, put
from magi.core.errors import MalformedFileError, UnknownNameError
from magi.settings import Settings
from magi.wiring import make_home, today
from magi.words import say


def new_key_pair(settings: Settings, by: str, file: Path) -> None:
    """Write a new private key to `file` and print the line that would trust its public half.

    Raises:
        KeyMissingError: signing_key_exists, signing_key_unwritable.
    """
    public = new_key(file)
    out, lang = screen.console(), settings.lang
    out.print(Text(say("attest.key_made", lang, file=str(file)), style="green"), soft_wrap=True)
    where = settings.own_assets_dir / "agents" / ATTESTORS
    out.print(Text(say("attest.trust", lang, file=str(where))), soft_wrap=True)
    out.print(Text(f'[keys."{by}"]\npublic_key = "{public}"'), soft_wrap=True)


def attest_card(settings: Settings, card_id: str, facts: Sequence[str], by: str, file: Path) -> Path:
    """Sign facts (`name=value`) about a card's endpoint as of today and write the attestation beside the cards.

    Raises:
        UnknownNameError: no such card.
        KeyMissingError: signing_key, the file holds none.
        MalformedFileError: attestation_form, what cannot be attested; or a file of the folder is broken.
    """
    key = read_key(file)
    assets = load_assets(settings.assets_dir)
    if card_id not in assets.cards:
        raise UnknownNameError("card", name=card_id, known=tuple(sorted(assets.cards)))
    card, lang = assets.cards[card_id], settings.lang
    attestation = attest(card, pairs(facts), today(), by, key)
    folder = settings.own_assets_dir
    if settings.named_assets_dir is None:
        make_home(settings.home)
    make_own(folder)
    path = folder / "agents" / "attestations" / f"{card.id}.toml"
    path.parent.mkdir(exist_ok=True)
    put(path, text_of(attestation), replace=True)
    out = screen.console()
    out.print(Text(say("attest.written", lang, card=card.id, file=str(path)), style="green"), soft_wrap=True)
    trusted = folder / "agents" / ATTESTORS
    try:
        keys = parse_keys(read_toml(trusted), str(trusted)) if trusted.exists() else NO_KEYS
        verify(attestation, card, keys, today())
    except MalformedFileError:
        out.print(Text(say("attest.trust", lang, file=str(trusted)), style="yellow"), soft_wrap=True)
        out.print(Text(f'[keys."{by}"]\npublic_key = "{public_hex(key)}"'), soft_wrap=True)
    return path


def pairs(facts: Sequence[str]) -> Mapping[str, str]:
    """Facts as `name=value`, each name once.

    Raises:
        MalformedFileError: attestation_form, with the facts there are.
    """
    found = dict(part for part in (fact.split("=", 1) for fact in facts) if len(part) == 2)  # noqa: PLR2004  # a pair
    if not found or len(found) < len(facts) or set(found) - set(FACTS):
        raise MalformedFileError("attestation_form", file="--fact", problems=FACTS)
    return found
