"""The manifest of a deliberation: complete, from records alone; and what today's assets make of it."""

import json
from dataclasses import replace

from magi.core.prompts import Templates
from magi.core.record import Manifest
from magi.replay.manifest import check_manifest, manifest_of, origins_of
from magi.replay.world import as_recorded


def recorded_manifest(recorded):
    """The manifest of the intent."""
    return recorded.records[0].data.manifest


def test_the_manifest_names_all_that_was_run_on(plain):
    """Every field of the recorded manifest, one clock value a record, the order of arrival and the origins."""
    found = manifest_of(plain.records)

    assert set(Manifest.model_fields) <= set(found)
    assert [value["at_ms"] for value in found["clock"]] == [record.at_ms for record in plain.records]
    assert sorted(found["arrival"]) == ["a1", "a2", "a3"]
    assert (found["origins"], found["decided"], found["stream"]) == (["scripted"], True, plain.stream)
    assert [send["digest"] for send in found["sends"]] == [e.digest for e in plain.events("ticketed")]


def test_the_manifest_is_json_and_needs_no_body(plain):
    """It is written as it is; nothing in it is text of the question."""
    text = json.dumps(manifest_of(plain.records), ensure_ascii=False)

    assert json.loads(text) == manifest_of(plain.records)
    assert "花壇" not in text


def test_a_stream_without_an_intent_has_no_manifest(plain):
    """Nothing is made up for it."""
    assert (manifest_of(plain.records[1:]), manifest_of(())) == ({}, {})


def test_an_unchanged_installation_is_the_same_but_for_bound_cards(plain):
    """A rehearsal's cards are found again by their digests; everything else is compared as it is."""
    as_is = check_manifest(recorded_manifest(plain), plain.world)
    bound = as_recorded(plain.world, plain.records[0].data, plain.records)
    found = check_manifest(recorded_manifest(plain), bound)

    assert as_is.differs == ("card:standin-ichi", "card:standin-ni", "card:standin-san")
    assert (found.differs, found.unknown, found.stops) == ((), (), ())
    assert "prompt:answer/choice@1" in found.same


def test_cards_are_not_bound_without_a_hand_that_binds(plain):
    """An installation that cannot seat stand-ins says that the cards differ."""
    world = replace(plain.world, bind=None)

    assert as_recorded(world, plain.records[0].data, plain.records) is world


def test_every_part_that_differs_or_is_not_known_is_named(plain):
    """Parts are told apart: another digest, and nothing of that name."""
    world = plain.world
    texts = {name: text for name, text in world.templates.texts.items() if name != "persona/casper@1"}
    texts["persona/melchior@1"] = "別"
    other = replace(
        as_recorded(world, plain.records[0].data, plain.records),
        templates=Templates(texts),
        code="c",
        lock="none",
        councils={},
        profiles={},
    )
    found = check_manifest(recorded_manifest(plain), other)

    assert set(found.differs) == {"code", "council", "profile", "prompt:persona/melchior@1"}
    assert set(found.unknown) == {"lock", "detectors", "dictionary", "prompt:persona/casper@1"}
    assert set(found.stops) == {
        "profile",
        "prompt:persona/melchior@1",
        "detectors",
        "prompt:persona/casper@1",
    }


def test_origins_mark_a_rehearsal(plain):
    """Whoever spoke is named once; nobody spoke in an unanswered stream."""
    assert origins_of(plain.records) == ("scripted",)
    assert origins_of(plain.records[:4]) == ()
