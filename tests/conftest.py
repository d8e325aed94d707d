"""Builders that the tests of several packages share: cards, councils and the events of a deliberation.

They come as one session fixture, since test folders are no packages and cannot import from each other.
"""

import datetime
import importlib.util
from pathlib import Path

import pytest
import structlog

from magi.core.card import Backend, Card, Endpoint, Model
from magi.core.council import Council, Seat
from magi.core.record import (
    Admission,
    Answered,
    Cancelled,
    Classified,
    DeadlinePassed,
    LabelRaised,
    Manifest,
    Opened,
    Record,
    SeatPlan,
)
from magi.core.rules.count import Rule
from magi.core.space import ChoiceSpace

_SPEC = importlib.util.spec_from_file_location("servers", Path(__file__).with_name("servers.py"))
servers = importlib.util.module_from_spec(_SPEC)  # by its path, for the reason above
_SPEC.loader.exec_module(servers)
postgres_server, postgres_url = servers.postgres_server, servers.postgres_url
redis_session, redis_url = servers.redis_session, servers.redis_url

HASH = "ab" * 32
DAY = "2026-11-22"

MODEL = {
    "developer": "Maker A",
    "developer_country": "JP",
    "family": "fam-a",
    "version": "1",
    "weights_origin": ("base",),
    "licence": "none",
    "training_disclosure": "full",
}
ENDPOINT = {
    "protocol": "openai-chat",
    "base_url": "http://127.0.0.1:9/v1",
    "model": "m",
    "key_env": "",
    "structured": "json_schema",
    "stream": False,
    "max_output_tokens": 256,
    "max_text_chars": 0,
}
BACKEND = {
    "operator": "own",
    "host_country": "JP",
    "inference_scope": "JP",
    "provider_country": "JP",
    "parent_country": "JP",
    "exposed_law": (),
    "weights_origin": ("JP",),
    "weights_sha": "0" * 64,
    "trains_on_input": False,
    "retention_days": 0,
    "human_review": False,
    "ismap": "none",
    "gov_cloud": False,
    "closed_network": True,
    "zone": "own",
    "contract": "own",
    "subprocessors": (),
    "cert_pin": "loopback",
    "allowed_hosts": ("127.0.0.1",),
    "evidence_url": "internal",
    "checked_on": DAY,
    "checked_by": "t",
}
ABROAD = {
    "host_country": "US",
    "inference_scope": "GLOBAL",
    "provider_country": "US",
    "parent_country": "US",
    "exposed_law": ("US CLOUD Act",),
    "closed_network": False,
    "contract": "terms",
}


def _as_file(value):
    """The same table as TOML gives it: lists for tuples."""
    if isinstance(value, dict):
        return {key: _as_file(item) for key, item in value.items()}
    return [_as_file(item) for item in value] if isinstance(value, tuple) else value


def _in(name, part):
    """Whether a part of a card has a field; `weights_origin` by itself is the model's."""
    return name in part.model_fields


class Build:
    """Makers of values with one plain default each; every keyword changes one field."""

    DAY = datetime.date.fromisoformat(DAY)
    HASH = HASH
    ABROAD = ABROAD

    def card(self, card_id="own-a", **changes):
        """A class A card on loopback; `changes` go to the model, the endpoint or the backend by name.

        `lineage` and `proofs` are bound to the card itself, as loading would.
        """
        bound = {name: changes.pop(name) for name in ("lineage", "proofs") if name in changes}
        parts = {"model": {}, "endpoint": {}, "backend": {}}
        for name, value in changes.items():
            place = next(p for p, f in zip(parts, (Model, Endpoint, Backend), strict=True) if _in(name, f))
            parts[place][name] = value
        return Card(
            **bound,
            id=card_id,
            title="t",
            model=Model(**(MODEL | parts["model"])),
            endpoint=Endpoint(**(ENDPOINT | parts["endpoint"])),
            backend=Backend(**(BACKEND | parts["backend"])),
        )

    def card_table(self):
        """The default card as its file's table."""
        return _as_file(
            {"id": "own-a", "title": "t", "model": MODEL, "endpoint": ENDPOINT, "backend": BACKEND}
        )

    def cards(self, *makers, **changes):
        """Cards c1, c2, ... one for each maker (and family) named."""
        return {
            f"c{number}": self.card(f"c{number}", developer=maker, family=f"fam-{maker.lower()}", **changes)
            for number, maker in enumerate(makers, start=1)
        }

    def council(self, *targets, quorum=2, rule=None, seconds=30):
        """A council of seats s1, s2, ...; each of `targets` is one card id or a tuple of them."""
        seats = tuple(
            Seat(seat=f"s{number}", persona="melchior@1", targets=(t,) if isinstance(t, str) else t)
            for number, t in enumerate(targets, start=1)
        )
        rule = rule or Rule(name="majority")
        return Council(
            name="c", title="t", seats=seats, quorum=quorum, rule=rule, deadline_seconds=seconds, attempts=1
        )

    def opened(self, seats=3, *, barred=(), **changes):
        """An intent of seats s1, s2, ... (ask a1, a2, ...) on cards c1, c2, ...; `barred` are seat numbers."""
        numbers = range(1, seats + 1)
        given = {
            "tenant": "t",
            "space": ChoiceSpace(options=("A", "B", "C")),
            "space_source": "declared",
            "council": "c",
            "seats": tuple(
                SeatPlan(seat=f"s{n}", persona="persona/melchior@1", targets=(f"c{n}",)) for n in numbers
            ),
            "template": "answer/choice@1",
            "rule": Rule(name="majority"),
            "quorum": 2,
            "attempts": 1,
            "profile": "p",
            "label": 1,
            "declared": False,
            "hits": (),
            "plan": self.plan(seats, barred=barred),
            "ancestors": (),
            "manifest": self.manifest(),
            "deadline_ms": 30_000,
            "idempotency_hash": None,
        }
        return Opened(**(given | changes))

    def plan(self, seats=3, *, barred=()):
        """The ruling on cards c1, c2, ...: all admitted but those of the seats numbered in `barred`."""
        return tuple(
            Admission(
                seat=f"s{n}", card=f"c{n}", admitted=n not in barred, reasons=("x",) if n in barred else ()
            )
            for n in range(1, seats + 1)
        )

    def manifest(self, **changes):
        """A manifest of nothing in particular."""
        given = {
            "code": "c",
            "lock": "l",
            "prompts": {},
            "cards": {},
            "council": HASH,
            "profile": "p",
            "detectors": "none",
            "dictionary": None,
            "reliability": None,
        }
        return Manifest(**(given | changes))

    def answered(self, number, ballot="A", statement="answer", **changes):
        """What seat `number` said; anything but an answer has no ballot."""
        given = {
            "ask": f"a{number}",
            "attempt": 1,
            "seat": f"s{number}",
            "stage": "answer",
            "card": f"c{number}",
            "statement": statement,
            "ballot": ballot if statement == "answer" else None,
            "failure": "timed_out" if statement == "failure" else None,
            "claims": (),
            "severity": None,
            "label": 1,
            "tokens": None,
            "cost": None,
            "origin": "live",
        }
        return Answered(**(given | changes))

    def deadline(self):
        """The deadline for answers."""
        return DeadlinePassed(name="answers")

    def cancelled(self, *numbers, by="user"):
        """The asks of these seats were given up."""
        return Cancelled(asks=tuple(f"a{n}" for n in numbers), why="w", by=by)

    def classified(self, **classes):
        """Classes of open statements by ask."""
        return Classified(classes=classes, method="m")

    def label_raised(self, seats=3, *, barred=()):
        """The label rose, and the seats numbered in `barred` may not go on."""
        plan = self.plan(seats, barred=barred)
        return LabelRaised(text="question", before=1, after=2, hits=(), plan=plan)

    def records(self, *events, stream="d/x"):
        """Records of one stream, in order, with no bodies."""
        return tuple(
            Record(
                v=1,
                log="magi/t",
                stream=stream,
                ordinal=ordinal,
                kind=event.kind,
                at_ms=1_700_000_000_000 + ordinal,
                actor="magi",
                refs=(),
                data=event,
            )
            for ordinal, event in enumerate(events)
        )


@pytest.fixture(scope="session")
def build():
    """The builders; of the session, so that generated examples may share them."""
    return Build()


@pytest.fixture(autouse=True)
def _logs_as_before():
    """A command that runs in this process sets up its log; the tests after it find what was there before."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)
