"""Materials on record: how old is too old for each rank, and which warnings follow."""

import datetime

import pytest
from pydantic import ValidationError

from magi.core.material import MAX_MATERIALS, RANKS, STALE_DAYS, Source, flags, is_stale, laws, warnings

TODAY = datetime.date(2026, 11, 22)


def source(name="M1", **changes):
    """A material of today of which nothing speaks against it."""
    fields = {
        "id": name,
        "title_digest": "0" * 64,
        "date": TODAY.isoformat(),
        "rank": "official",
        "licence": "CC-BY-4.0",
        "personal": False,
        "label": 0,
        "stale": False,
        "position": False,
    }
    return Source.model_validate(fields | changes)


@pytest.mark.parametrize("rank", RANKS)
def test_a_material_is_stale_one_day_after_its_age(rank):
    """Up to the age of its rank a material is current, one day later it is stale."""
    last = TODAY - datetime.timedelta(days=STALE_DAYS[rank])
    before = last - datetime.timedelta(days=1)

    assert not is_stale(last.isoformat(), rank, TODAY)
    assert is_stale(before.isoformat(), rank, TODAY)


@pytest.mark.parametrize("rank", RANKS)
def test_a_material_without_a_date_counts_as_stale(rank):
    """Nobody can tell how old it is, statutes and official positions included."""
    assert is_stale(None, rank, TODAY)


def test_news_ages_faster_than_surveys():
    """The ages follow what the ranks are: news a quarter, a statute a year, a survey years."""
    assert STALE_DAYS["press"] < STALE_DAYS["law"] < STALE_DAYS["official"] < STALE_DAYS["report"]


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, ()),
        ({"date": None, "stale": True}, ("undated_material",)),
        ({"date": "2020-01-01", "stale": True}, ("stale_material",)),
        ({"date": "2026-11-23"}, ("future_material",)),
        ({"instructs": True}, ("material_instructs",)),
        ({"date": None, "stale": True, "instructs": True}, ("undated_material", "material_instructs")),
    ],
)
def test_warnings_of_a_material(changes, codes):
    """Each thing to know has one code; an undated material is not also called old."""
    assert warnings(source(**changes), TODAY) == codes


def test_flags_of_a_verdict_are_said_once():
    """However many materials are stale, the verdict says it once."""
    old = [source(f"M{n}", stale=True) for n in (1, 2)]

    assert flags([]) == flags([source()]) == ()
    assert flags([*old, source("M3", instructs=True)]) == ("stale_material", "material_instructs")


def test_laws_are_those_of_rank_law():
    """Only a statute may be named instead of its id."""
    assert laws([source("M1", rank="law"), source("M2"), source("M3", rank="law")]) == {"M1", "M3"}


@pytest.mark.parametrize(
    "changes",
    [{"id": "M0"}, {"id": "M100"}, {"id": "m1"}, {"date": "2026-13-01"}, {"rank": "法"}, {"label": 7}],
)
def test_a_source_that_makes_no_sense_is_none(changes):
    """Ids, dates, ranks and labels outside their range are refused."""
    with pytest.raises(ValidationError):
        source(**changes)

    assert source(f"M{MAX_MATERIALS}").id == "M64"
