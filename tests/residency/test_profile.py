"""Profiles: what a file may say, what is refused by name, and that no profile opens more than the ceiling."""

import itertools
import random

import pytest

from magi.assets import load_assets
from magi.core.errors import MalformedFileError, UnknownNameError
from magi.residency.label import Label
from magi.residency.policy import NO_TOPICS, admit
from magi.residency.profile import CEILING, TOPICS, parse_profile

WORDS = [label.word for label in Label]
TABLE = {
    "name": "p",
    "title": "t",
    "effective_from": "2026-11-22",
    "evidence_days": 90,
    "admits": {word: ["A"] for word in WORDS[:-1]} | {"classified": []},
    "topics": dict.fromkeys(TOPICS, "internal"),
    "bans": {topic: {"countries": ["CN"]} for topic in TOPICS},
}
ROWS = {"public": "ABCDE", "internal": "ABC", "personal": "ABC", "sensitive-personal": "AB"}
ROWS |= {"specific-personal": "A", "secret": "A", "classified": ""}
"""The routing table with every opt-in taken, written down again."""


def problems(table):
    """Why a profile is refused."""
    with pytest.raises(MalformedFileError) as caught:
        parse_profile(table, "x")
    return caught.value.facts["problems"]


def test_a_whole_table_is_read():
    """A complete table is a profile, with nothing masked, no zones and no conditions unless it says so."""
    profile = parse_profile(TABLE, "x")

    assert (profile.masking, profile.zones, profile.conditions, profile.aliases) == (False, {}, {}, {})


@pytest.mark.parametrize("part", ["admits", "topics", "bans"])
def test_a_gap_is_refused_by_its_line(part):
    """A routing table, topic list or ban list with any line missing is refused by the line's name."""
    for word in TABLE[part]:
        fewer = {key: row for key, row in TABLE[part].items() if key != word}

        assert problems(TABLE | {part: fewer}) == (f"{part}.{word}",)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"admits": TABLE["admits"] | {"open": []}}, "admits.open"),
        ({"zones": {"public": ["own"]}}, "zones.classified"),
        ({"conditions": {"open": {}}}, "conditions.open"),
        ({"topics": TABLE["topics"] | {"history": "open"}}, "topics.history"),
        ({"aliases": {"x": "open"}}, "aliases.x"),
        ({"aliases": {"public": "secret"}}, "aliases.public"),
    ],
    ids=["admits", "zones", "conditions", "topics", "aliases", "alias of a label's own word"],
)
def test_a_line_about_nothing_is_refused(change, line):
    """Lines about labels that do not exist, and zone tables with a gap, are refused by name."""
    assert line in problems(TABLE | change)


@pytest.mark.parametrize(
    "change",
    [
        {"evidence_days": 0},
        {"evidence_days": 367},
        {"surprise": 1},
        {"effective_from": "soon"},
        {"masking": "no"},
        {"bans": TABLE["bans"] | {"history": {"country": ["CN"]}}},
        {"bans": TABLE["bans"] | {"history": {"countries": ["China"]}}},
        {"conditions": {"internal": {"C": ["kindness"]}}},
        {"zones": {word: ["moon"] for word in WORDS}},
    ],
    ids=str,
)
def test_a_profile_outside_its_schema_is_refused(change):
    """Evidence without an age limit, unknown keys, conditions and zones, other dates and countries are refused."""
    assert problems(TABLE | change)


@pytest.mark.parametrize("word", WORDS)
def test_a_profile_over_the_ceiling_is_refused(word):
    """Each class that the table never opens for a label is refused there, and each other one is not."""
    for letter in "ABCDE":
        table = TABLE | {"admits": TABLE["admits"] | {word: [letter]}}
        if letter in ROWS[word]:
            assert parse_profile(table, "x")
        else:
            assert problems(table) == (f"admits.{word}: {letter}",)


def test_a_hostile_profile_opens_no_more_than_the_ceiling(build):
    """Should a profile that opens everything get past loading, classified text is still seen by nobody, and so on."""
    everything = parse_profile(TABLE, "x").model_copy(
        update={
            "admits": dict.fromkeys(WORDS, ("A", "B", "C", "D", "E")),
            "bans": {},
            "evidence_days": 36_500,
        }
    )
    cards = {
        "A": build.card(zone="mynumber"),
        "B": build.card(zone="mynumber", contract="negotiated", closed_network=False, gov_cloud=True),
        "D": build.card(**build.ABROAD, zone="mynumber"),
        "E": build.card(host_country="CN", zone="mynumber"),
    }
    for letter, card in cards.items():
        seen = {
            label.word for label in Label if admit(label, card, everything, NO_TOPICS, build.DAY).admitted
        }

        assert seen == {word for word in WORDS if letter in ROWS[word]}
    assert {label: set(row) for label, row in CEILING.items()} == {
        label: set(ROWS[label.word]) for label in Label
    }


def test_a_stricter_label_never_opens_more():
    """Whatever the lines say, each stricter label opens no class, needs every condition and allows no zone more."""
    chance = random.Random(11)  # noqa: S311  # the same draws every time
    conditions, zones = ("certified", "no_training", "retention_0"), ("internet", "lgwan", "own")

    def some(values):
        return [value for value in values if chance.random() < 0.6]

    for _ in range(200):
        admits = {word: some(ROWS[word]) for word in WORDS}
        asked = {word: {letter: some(conditions) for letter in "AB"} for word in some(WORDS)}
        table = TABLE | {
            "admits": admits,
            "conditions": asked,
            "zones": {word: some(zones) for word in WORDS},
        }
        profile = parse_profile(table, "x")
        for mild, strict in itertools.pairwise(Label):
            for letter in "ABCDE":
                assert profile.opens(mild, letter) or not profile.opens(strict, letter)
                assert set(profile.conditions_on(mild, letter)) <= set(profile.conditions_on(strict, letter))
            assert all(
                profile.allows_zone(mild, zone) or not profile.allows_zone(strict, zone) for zone in zones
            )


def test_the_version_of_a_profile_covers_its_table():
    """Another cell, another version; the same table in another order, the same one."""
    profile = parse_profile(TABLE, "x")
    changes = [
        {"admits": TABLE["admits"] | {"secret": []}},
        {"bans": TABLE["bans"] | {"history": {}}},
        {"topics": TABLE["topics"] | {"history": "personal"}},
        {"masking": True},
        {"aliases": {"内規A": "secret"}},
        {"conditions": {"internal": {"C": ["certified"]}}},
        {"zones": {word: ["own"] for word in WORDS}},
    ]

    assert profile.version.startswith("p/2026-11-22/sha256:")
    assert profile.version == parse_profile(dict(reversed(TABLE.items())), "x").version
    assert len({parse_profile(TABLE | change, "x").version for change in changes} | {profile.version}) == 8


def test_topics_raise_to_the_strictest_line():
    """A text of several topics gets the strictest of their labels; topics that the profile does not list raise none."""
    profile = parse_profile(TABLE | {"topics": TABLE["topics"] | {"security": "secret"}}, "x")

    assert profile.raised_by(()) == profile.raised_by(["weather"]) == Label.PUBLIC
    assert profile.raised_by(["history", "weather"]) == Label.INTERNAL
    assert profile.raised_by(["history", "security"]) == Label.SECRET


@pytest.mark.parametrize(
    ("word", "label"),
    [
        ("自治体機密性1", Label.PUBLIC),
        ("自治体機密性2", Label.INTERNAL),
        ("自治体機密性3C", Label.INTERNAL),
        ("自治体機密性3B", Label.SENSITIVE_PERSONAL),
        ("自治体機密性3A", Label.SECRET),
        ("secret", Label.SECRET),
        (None, Label.INTERNAL),
    ],
)
def test_local_governments_declare_on_their_own_scale(word, label):
    """The scale of local governments is known to their profile only, beside the words that all know."""
    profiles = load_assets().profiles

    assert profiles["local-government"].declared(word) is label
    if word is not None and word.startswith("自治体"):
        with pytest.raises(UnknownNameError):
            profiles["domestic-only"].declared(word)


@pytest.mark.parametrize(
    "word", ["自治体機密性3b", "自治体機密性3", "自治体機密性３Ａ", " 自治体機密性1", "機密性９"]
)
def test_a_near_miss_of_an_alias_is_no_label(word):
    """Another spelling of an alias is refused, never read as the milder neighbour."""
    with pytest.raises(UnknownNameError):
        load_assets().profiles["local-government"].declared(word)


def test_the_shipped_profiles_say_what_they_are_for():
    """Only gennai opens class C; nobody opens E, secret or classified; all raise and ban on the standard topics."""
    for name, profile in load_assets().profiles.items():
        opened = {(label, letter) for label in Label for letter in "ABCDE" if profile.opens(label, letter)}

        assert ((Label.PERSONAL, "C") in opened) == (name == "gennai")
        assert not {label for label, letter in opened if letter == "E"}
        assert not {Label.SECRET, Label.CLASSIFIED} & {label for label, _ in opened}
        assert {profile.raised_by([topic]) for topic in TOPICS} == {Label.INTERNAL}
        assert all({"CN", "RU", "KP"} <= set(profile.bans[topic].countries) for topic in TOPICS)
        assert profile.masking is False
