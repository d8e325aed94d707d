"""Seats that fail, refuse or abstain: over real sockets through the command, and all combinations in process."""

import asyncio
import itertools
from collections import Counter

import pytest

from magi.replay.rearbitrate import rearbitrate
from magi.service.question import take_question
from magi.service.run import Request, deliberate
from magi.standin.script import (
    CloseUnanswered,
    CutStream,
    Garbage,
    Hang,
    Redirect,
    Reply,
    Status,
    by_model,
    sequence,
)

QUESTION = "窓口を土曜にも開けるべきか。はいかいいえで答えてください。"
CARDS = ("own-a", "own-b", "own-c")
SEATS = ("melchior", "balthasar", "casper")
REFUSED = "refused connection"

FAILURES = {
    "garbage": (Garbage(b"\x00\xff nothing"), "garbage"),
    "not the protocol": (Garbage(b'{"choices": 7}'), "garbage"),
    "error 500": (Status(500), "http_500"),
    "error 404": (Status(404), "http_404"),
    "rate limit": (Status(429), "rate_limited"),
    "overloaded": (Status(503), "overloaded"),
    "redirect": (Redirect("http://127.0.0.1:1/v1/chat/completions"), "redirect_refused"),
    "cut stream": (CutStream('{"answer": "はい"', after_chunks=2), "cut_stream"),
    "silently cut stream": (CutStream('{"answer": "はい"', after_chunks=2, clean=True), "cut_stream"),
    "closed unanswered": (CloseUnanswered(), "cut_stream"),
    "length": (Reply('{"answer": "は', finish_reason="length"), "truncated"),
    "garbage in JSON": (Reply('{"answer" "はい" "reason" "はい"}'), "malformed_json"),
    "cut JSON": (Reply('{"answer": "はい", "reason'), "truncated"),
    "no answer": (Reply(""), "empty"),
    "two answers": (Reply('{"answer": "はい、いいえ", "reason": "", "basis": ""}'), "several_answers"),
}


def council(kit, tmp_path, base_urls, **changes):
    """An assets folder with one own agent at each address."""
    agents = {
        name: kit.card_text(name, url, stream="true") for name, url in zip(CARDS, base_urls, strict=True)
    }
    return kit.write_assets(tmp_path / "assets", agents, **changes)


def ask(kit, magi, tmp_path, parts, *arguments, **changes):
    """Ask the council whose agents play `parts`; one that plays REFUSED has nobody listening."""
    script = by_model({name: part for name, part in zip(CARDS, parts, strict=True) if part != REFUSED})
    with kit.served(script) as standin:
        nobody = f"http://127.0.0.1:{kit.free_port()}/v1"
        urls = [nobody if part == REFUSED else standin.base_url for part in parts]
        assets = council(kit, tmp_path, urls, **changes)
        return magi.run("ask", "--council", "own", QUESTION, *arguments, MAGI_ASSETS_DIR=assets)


@pytest.mark.parametrize("kind", [*FAILURES, REFUSED])
def test_one_failed_seat_degrades_and_never_votes(kit, magi, tmp_path, kind):
    """Whatever breaks one seat, the other two decide, degraded and not unanimous, and the failure has its name."""
    part, failure = FAILURES.get(kind, (REFUSED, "connect_failed"))
    agreed = Reply(kit.form("はい"))

    done = ask(kit, magi, tmp_path, (agreed, part, agreed), "--json")

    assert done.code == 0, done.err
    reply = done.json
    assert (reply["outcome"], reply["answer_class"]) == ("majority", "yes")
    assert "degraded" in reply["flags"]
    assert reply["tally"] == [{"answer_class": "yes", "seats": ["melchior", "casper"]}]
    broken = reply["seats"][1]
    assert (broken["said"], broken["failure"], broken["answer_class"]) == ("failure", failure, None)
    assert magi.run("replay", "--all").code == 0


def test_a_hanging_seat_is_given_up_at_the_deadline(kit, magi, tmp_path):
    """A seat that stays silent is out at the council's deadline, named, and casts no ballot."""
    agreed = Reply(kit.form("いいえ"))

    done = ask(kit, magi, tmp_path, (agreed, agreed, Hang()), "--json", deadline=2)

    reply = done.json
    assert (done.code, reply["outcome"], reply["answer_class"]) == (0, "majority", "no")
    assert "degraded" in reply["flags"]
    silent = reply["seats"][2]
    assert (silent["said"], silent["failure"]) in {("failure", "timed_out"), ("outstanding", None)}
    assert reply["tally"] == [{"answer_class": "no", "seats": ["melchior", "balthasar"]}]


@pytest.mark.parametrize("kinds", [("error 500", REFUSED), ("garbage", "cut stream")])
def test_two_failed_seats_are_no_quorum(kit, magi, tmp_path, kinds):
    """One live seat of three decides nothing: 定足数不足, on screen and in JSON, and the exit code says it ran."""
    parts = (*(FAILURES.get(kind, (REFUSED,))[0] for kind in kinds), Reply(kit.form("はい")))

    shown = ask(kit, magi, tmp_path, parts)
    reply = ask(kit, magi, tmp_path, parts, "--json").json

    assert shown.code == 0
    assert "定足数不足" in shown.out
    assert "全会一致" not in shown.out
    assert (reply["outcome"], reply["answer_class"], reply["attributed"]) == ("no_quorum", None, None)
    assert [seat["said"] for seat in reply["seats"]] == ["failure", "failure", "answer"]


def test_no_seat_at_all_is_no_quorum(kit, magi, tmp_path):
    """With every seat gone the council says 定足数不足 and the record replays."""
    done = ask(kit, magi, tmp_path, (REFUSED, Status(500), CloseUnanswered()), "--json")

    assert (done.code, done.json["outcome"], done.json["tally"]) == (0, "no_quorum", [])
    assert magi.run("replay", "--all").code == 0


def test_a_second_attempt_may_heal_a_seat(kit, magi, tmp_path):
    """A seat that fails once and answers then is whole: no degradation, and both sends stand in who saw what."""
    agreed = Reply(kit.form("はい"))

    done = ask(kit, magi, tmp_path, (agreed, sequence(Status(503), agreed), agreed), "--json", attempts=2)

    reply = done.json
    assert (reply["outcome"], "degraded" in reply["flags"]) == ("unanimous", False)
    assert Counter(line["seat"] for line in reply["who_saw_what"]) == {
        "melchior": 1,
        "balthasar": 2,
        "casper": 1,
    }


def test_refusal_and_abstention_are_statements(kit, magi, tmp_path):
    """A refusal and an abstention are on record as such: no failure, not degraded, no ballot either."""
    parts = (Reply(kit.form("棄権")), Reply(None, refusal="declined"), Reply(kit.form("はい")))

    reply = ask(kit, magi, tmp_path, parts, "--json").json

    assert [seat["said"] for seat in reply["seats"]] == ["abstention", "refusal", "answer"]
    assert [seat["failure"] for seat in reply["seats"]] == [None, None, None]
    assert "degraded" not in reply["flags"]
    assert reply["outcome"] == "no_quorum"


SAID = {
    "yes": "yes",
    "no": "no",
    "refusal": None,
    "abstention": None,
    "timed_out": "failure",
    "garbage": "failure",
    "unreadable": "failure",
}
"""What a seat does in the sweep, and what it counts as: a ballot, nothing, or a failure."""


def part_of(kit, kind):
    """What the played gateway brings for it."""
    texts = {"yes": kit.form("はい"), "no": kit.form("いいえ"), "abstention": kit.form("棄権")}
    if kind == "refusal":
        return {"text": "", "refused": True}
    if kind in texts:
        return {"text": texts[kind]}
    return {"text": "{"} if kind == "unreadable" else {"failure": kind}


def expected(kinds):
    """Outcome, class and degradation by the rules in words: quorum 2 of 3, more than half of the ballots."""
    counts = Counter(SAID[kind] for kind in kinds if SAID[kind] in ("yes", "no"))
    degraded = any(SAID[kind] == "failure" for kind in kinds)
    if counts.total() < 2:
        return "no_quorum", None, degraded
    if counts["yes"] == counts["no"]:
        return "tied", None, degraded
    winner = max(counts, key=counts.get)
    return ("unanimous" if counts[winner] == 3 else "majority"), winner, degraded


def test_every_combination_of_three_seats(kit, magi, tmp_path):
    """All combinations of answers, refusals, abstentions and failures give the outcome that the rules say."""
    folder = council(kit, tmp_path, ("http://127.0.0.1:1/v1",) * 3)
    settings = magi.settings(MAGI_ASSETS_DIR=folder)
    combinations = list(itertools.product(SAID, repeat=3))

    async def sweep():
        async with kit.service(settings) as (tools, assets):
            gate = asyncio.Semaphore(32)

            async def one(kinds):
                parts = {seat: part_of(kit, kind) for seat, kind in zip(SEATS, kinds, strict=True)}
                request = Request(take_question(QUESTION), assets.council("own"))
                async with gate:
                    return await deliberate(kit.with_models(tools, parts), request)

            return await asyncio.gather(*(one(kinds) for kinds in combinations))

    results = asyncio.run(sweep())

    assert len(results) == 7**3
    for kinds, done in zip(combinations, results, strict=True):
        verdict = done.verdict
        found = (verdict.outcome, verdict.answer_class, "degraded" in verdict.flags)
        assert found == expected(kinds), kinds
        ballots = {seat for line in verdict.tally for seat in line.seats}
        voters = {s for s, kind in zip(SEATS, kinds, strict=True) if SAID[kind] in ("yes", "no")}
        assert ballots == voters, kinds
        assert rearbitrate(done.stream, done.records).result == "same"
