"""The second half of the page: label, council, what went where, versions, and the proof with how to check it.

Leaves to others: what was asked and answered (`findings`), the frame (`page`).
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from magi.core.card import Card
from magi.core.record import Admission, Hit, LabelRaised, Manifest, Opened, Record, SeatPlan
from magi.export.dossier import Body, Dossier, Proof, Sent
from magi.export.findings import card_words, clock_words, comma, stamp
from magi.export.markup import Html, bullets, el, facts, joined, table, word
from magi.ledger.tree import leaf_hash
from magi.residency.label import Label
from magi.words import say, say_failure, say_reasons

MAX_FATE_CHARS = 10
"""An outcome that a column need not break."""
MAX_ROWS = 500
"""Of one table on a page: more is work for the JSONL form, and the number left out is said."""


def label_words(label: int | None, lang: str) -> str:
    """A label as staff know it; a dash for none."""
    return "-" if label is None else say(f"label.{Label(label).word}", lang)


def label_part(dossier: Dossier, lang: str) -> Html:
    """区分: what it is, who declared it, which rules raised it, and who overruled any."""
    opened = dossier.opened
    parts: list[str] = [el("h2", say("ask.label", lang))]
    pairs = [(say("ask.label", lang), label_words(dossier.label, lang))]
    if opened is None:
        hits = [hit for refused in dossier.refusals for hit in refused.hits]
        return joined((*parts, facts(pairs), _hits(dossier, hits, (), lang)))
    declared = "audit.declared" if opened.declared else "export.undeclared"
    pairs.append((say("export.declared_by", lang), say(declared, lang)))
    if opened.label != dossier.label:
        pairs.append((say("export.label_at_first", lang), label_words(opened.label, lang)))
    pairs.append((say("export.topics", lang), comma(lang).join(opened.topics) or "-"))
    pairs.append((say("export.ancestors", lang), str(len(opened.ancestors))))
    if opened.masked:
        pairs.append((say("export.masked", lang), str(opened.masked)))
    parts += [
        facts(pairs),
        _hits(dossier, opened.hits, opened.cleared, lang),
        *_cleared(dossier.lowered_by, opened, lang),
    ]
    parts += _raises(dossier.records, lang)
    return joined(parts)


def _hits(dossier: Dossier, hits: Sequence[Hit], cleared: Sequence[str], lang: str) -> Html:
    """Rules that found something, how often and where; never the words that they found."""
    if not hits:
        return el("p", say("audit.no_hit", lang))
    counted = Counter((hit.rule, hit.label, hit.text) for hit in hits)
    overruled = f" ({say('export.overruled', lang)})"
    rows = (
        (
            el("span", rule, cls="hash"),
            dossier.rules.get(rule, "-"),
            label_words(label, lang),
            text,
            f"{count}{overruled if rule in cleared else ''}",
        )
        for (rule, label, text), count in list(counted.items())[:MAX_ROWS]
    )
    keys = ("policy.rule", "policy.why", "ask.label", "export.where", "export.hits")
    shown = table((say(key, lang) for key in keys), rows, cls="fine")
    return joined((shown, _left_out(len(counted), lang)))


def _cleared(by: str | None, opened: Opened, lang: str) -> Iterator[str]:
    if opened.cleared:
        yield el("p", say("audit.cleared", lang, rules=comma(lang).join(opened.cleared), by=by or "?"))


def _raises(records: Sequence[Record], lang: str) -> Iterator[str]:
    for record in records:
        event = record.data
        if isinstance(event, LabelRaised):
            before, after = label_words(event.before, lang), label_words(event.after, lang)
            when = clock_words(record.at_ms, lang)
            yield el("p", say("export.raised", lang, when=when, before=before, after=after, by=record.actor))


def council_part(dossier: Dossier, lang: str) -> Html:
    """合議体: rule and quorum, every seat with its models and countries, and who was not admitted and why."""
    opened = dossier.opened
    parts: list[str] = [el("h2", say("export.council", lang))]
    if opened is None:
        return joined((*parts, *_barred(dossier.refusals[0].plan if dossier.refusals else (), lang)))
    share = "" if opened.rule.share is None else f" {opened.rule.share[0]}/{opened.rule.share[1]}"
    source = "declared" if opened.space_source == "declared" else "derived"
    space = f"{say(f'space.{opened.space.kind}', lang)} ({say(f'source.{source}', lang)})"
    parts.append(
        facts(
            (
                (say("export.council_name", lang), opened.council),
                (say("ask.space", lang), space),
                (say("export.rule", lang), f"{say(f'export.rule.{opened.rule.name}', lang)}{share}"),
                (say("export.tie", lang), say(f"export.tie.{opened.rule.tie}", lang)),
                (say("export.quorum", lang), say("api.seats", lang, count=opened.quorum)),
                (say("export.deadline", lang), f"{opened.deadline_ms / 1000:g} s"),
            )
        )
    )
    rows = (_target(dossier, opened, seat, card, lang) for seat in opened.seats for card in seat.targets)
    keys = ("seat", "model", "developer", "host_country", "operator", "facts_of")
    parts.append(table((say(f"export.column.{key}", lang) for key in keys), rows, cls="fine"))
    return joined((*parts, *_barred(opened.plan, lang)))


def _target(dossier: Dossier, opened: Opened, seat: SeatPlan, card_id: str, lang: str) -> Sequence[str]:
    """One model of a seat. What today's card says is named as such where it is not the card of that day."""
    card = dossier.cards.get(card_id)
    send = next((send for send in dossier.sends if send.card == card_id), None)
    first = (f"{seat.seat.upper()} ({seat.persona})", card_words(dossier, card_id))
    if card is None:
        return (*first, "?", *_as_sent(send), say("export.card_gone", lang))
    same = opened.manifest.cards.get(card_id) == card.digest
    today = say("export.card_same" if same else "export.card_changed", lang)
    return (*first, *_as_carded(card), today)


def _as_sent(send: Sent | None) -> Sequence[str]:
    return ("?", "?") if send is None else (send.country, f"{send.operator} ({send.operator_country})")


def _as_carded(card: Card) -> Sequence[str]:
    model, backend = card.model, card.backend
    return (
        f"{model.developer} ({model.developer_country})",
        backend.host_country,
        f"{backend.operator} ({backend.provider_country})",
    )


def _barred(plan: Sequence[Admission], lang: str) -> Iterator[str]:
    """Cards that were not admitted, with every reason of both gates."""
    barred = [entry for entry in plan if not entry.admitted]
    if not barred:
        return
    yield el("h3", say("ask.left_out", lang))
    yield bullets(
        f"{entry.seat.upper()} ({entry.card}): {say_reasons((*entry.reasons, *entry.bias), lang)}"
        for entry in barred
    )


def sends_part(dossier: Dossier, lang: str) -> Html:
    """送信: every permitted send with what became of it, then refusals and alarms."""
    parts: list[str] = [el("h2", say("export.sends", lang))]
    if not dossier.sends:
        parts.append(el("p", say("ask.nobody", lang)))
    else:
        keys = ("time", "seat", "host", "operator", "label", "fate", "digest")
        rows = (_send(send, lang) for send in dossier.sends[:MAX_ROWS])
        parts.append(table((say(f"export.column.{key}", lang) for key in keys), rows, cls="fine"))
        parts.append(_left_out(len(dossier.sends), lang))
    for each in dossier.incidents[:MAX_ROWS]:
        kind = "audit.alarm" if each.kind == "alarm" else f"audit.refused.{each.by}"
        where = " ".join(part for part in (each.seat or "", each.card or "", *each.rules) if part)
        words = f"{clock_words(each.at_ms, lang)} {say(kind, lang)}: {each.reason} {where}"
        parts.append(el("p", words, cls="gone"))
    return joined(parts)


def _send(send: Sent, lang: str) -> Sequence[str]:
    law = f" / {comma(lang).join(send.law)}" if send.law else ""
    fate = say(f"audit.{send.fate}", lang)
    if send.failure:
        fate = f"{fate} ({say_failure(send.failure, lang)})"
    if send.standin:
        fate = f"{fate} [{say('audit.standin', lang)}]"
    return (
        stamp(send.at_ms),
        joined((word(send.seat.upper()), " ", word(send.card))),
        joined((word(send.host), f" ({send.country})")),
        f"{send.operator} ({send.operator_country}){law}",
        word(label_words(send.label, lang)),
        word(fate, MAX_FATE_CHARS),
        el("span", send.digest, cls="hash"),
    )


def _left_out(count: int, lang: str) -> Html:
    return (
        el("p", say("export.more", lang, count=count - MAX_ROWS), cls="cut") if count > MAX_ROWS else Html()
    )


def versions_part(dossier: Dossier, lang: str) -> Html:
    """版: what the deliberation ran on, by name and digest, as its manifest says."""
    parts: list[str] = [el("h2", say("export.versions", lang))]
    if dossier.opened is None:
        return joined((*parts, el("p", "-")))
    opened, manifest = dossier.opened, dossier.opened.manifest
    pairs = [
        (say("export.template", lang), opened.template),
        *((say(f"export.version.{name}", lang), value) for name, value in _versions(manifest)),
    ]
    for name, digests in (("prompts", manifest.prompts), ("cards", manifest.cards)):
        each = (joined((f"{key} ", el("span", value, cls="hash"))) for key, value in sorted(digests.items()))
        pairs.append((say(f"export.version.{name}", lang), bullets(each)))
    return joined((*parts, facts((name, _fine(value)) for name, value in pairs)))


def _versions(manifest: Manifest) -> Iterator[tuple[str, str]]:
    for name in ("code", "lock", "profile", "council", "detectors", "dictionary", "reliability"):
        yield name, getattr(manifest, name) or "-"


def _fine(value: str) -> str:
    return value if isinstance(value, Html) else el("span", value, cls="hash")


def proof_part(dossier: Dossier, lang: str) -> Html:
    """証明: the records and bodies with their digests, the head of the log, and how to check all of it."""
    parts: list[str] = [el("h2", say("export.proof", lang))]
    proof = dossier.proof
    if proof is None:
        parts.append(el("p", say("export.no_proof", lang), cls="gone"))
    else:
        parts.append(_head(proof, lang))
    parts.append(el("h3", say("export.records", lang)))
    keys = ("ordinal", "kind", "time", "leaf")
    rows = (_row(dossier, record) for record in dossier.records[:MAX_ROWS])
    parts.append(table((say(f"export.column.{key}", lang) for key in keys), rows, cls="fine"))
    parts.append(_left_out(len(dossier.records), lang))
    parts += _bodies(dossier, lang)
    parts.append(el("h3", say("export.check", lang)))
    checks = (
        (say("export.check_replay", lang), el("code", f"magi replay {dossier.id}")),
        (say("export.check_verify", lang), el("code", "magi audit verify LEDGER --checkpoint FILE")),
    )
    parts += [facts(checks), el("p", say("export.check_with", lang)), el("p", say("export.copy", lang))]
    return joined(parts)


def _head(proof: Proof, lang: str) -> Html:
    pairs = (
        (say("export.origin", lang), el("span", proof.origin, cls="hash")),
        (say("export.size", lang), f"{proof.size:,}"),
        (say("export.root", lang), el("span", proof.root, cls="hash")),
    )
    parts: list[str] = [facts(pairs)]
    if not proof.checkpoint:
        return joined((*parts, el("p", say("export.unsigned", lang), cls="gone")))
    parts += [el("h3", say("export.checkpoint", lang)), el("pre", _text(proof.checkpoint))]
    last = next((leaf for leaf in reversed(proof.leaves) if leaf.tlog_proof), None)
    if last is not None:
        parts.append(el("h3", say("export.tlog_proof", lang, ordinal=last.ordinal)))
        parts.append(el("pre", _text(last.tlog_proof)))
    return joined(parts)


def _text(note: bytes) -> str:
    """A signed note is UTF-8; anything else is shown as what it is not."""
    return note.decode("utf-8", errors="replace")


def _row(dossier: Dossier, record: Record) -> Sequence[str]:
    leaf = None if dossier.proof is None else dossier.proof.leaf(record.ordinal)
    place = "" if leaf is None else f"{leaf.index:,} "
    digest = leaf_hash(dossier.bytes_of(record)).hex() if leaf is None else leaf.hash
    where = joined((place, el("span", digest, cls="hash")))
    return (str(record.ordinal), record.kind, stamp(record.at_ms), where)


def _bodies(dossier: Dossier, lang: str) -> Iterator[str]:
    """Every body by its commitment, and whether it is here, erased, or left closed."""
    rows = [
        (
            f"{record.ordinal} {ref.name}",
            f"{ref.length:,}",
            _state(dossier.body(ref), lang),
            el("span", ref.commitment, cls="hash"),
        )
        for record in dossier.records
        for ref in record.refs
    ]
    if rows:
        yield el("h3", say("export.bodies", lang))
        keys = ("body", "length", "state", "commitment")
        yield table((say(f"export.column.{key}", lang) for key in keys), rows[:MAX_ROWS], cls="fine")
        yield _left_out(len(rows), lang)


def _state(body: Body, lang: str) -> str:
    return say(f"export.state.{body.state}", lang)
