"""`magi adopt` and `magi review`: acts on record, the queue, and reasons behind the access desk."""

import asyncio
import json

import pytest

from magi.cli.ledger_opened import open_for_reading, open_for_writing
from magi.cli.main import guarded
from magi.core.adoption import verdict_digest
from magi.core.decided import Arbitrated, Decided, Independence
from magi.core.ports import Draft
from magi.words import LANGUAGES, catalogue

WHY = "条文を確かめたうえで決めました"
BY = ("--by", "山田 太郎", "--reason", WHY)
READING = ("--reasons", "--who", "監査 一郎", "--why", "case-7")
REVIEWS = (
    "tied", "no_quorum", "withheld", "severity_legality", "severity_safety", "severity_personal_data", "concern",
    "no_domestic_concurrence", "single_seat", "single_seat_barred", "bloc_split", "foreign_claim",
    "low_confidence", "no_promise", "unverified_claims", "stale_material", "material_instructs",
    "contested_claims", "rebuttal_incomplete",
)  # fmt: skip
FLAGS = (
    "stopped", "rested", "tie_broken", "concern", "bloc_split", "foreign_claim", "no_promise", "stale_material",
    "material_instructs", "rebuttal_incomplete", "unmeasured", "degraded", "rehearsal", "recording",
)  # fmt: skip


def verdict(outcome="majority", flags=(), review=()):
    """A verdict of version 2."""
    voices = Independence(seats=3, voices_milli=2000, measured=False)
    return Decided(
        outcome=outcome, answer_class="A", attributed=None, tally=(), seats=(), dissent=(), confidence_bp=None,
        outstanding=(), flags=tuple(flags), arbitration=Arbitrated(review=tuple(review), independence=voices),
    )  # fmt: skip


@pytest.fixture
def magi(command, build):
    """The command with a ledger, and what puts a deliberation into it: (command, put)."""
    done = command.run("policy", "lower", "㊙の様式について", "--to", "public", *BY)
    assert done.error is None, done.out

    def put(name, decided, label=1):
        async def write():
            async with open_for_writing(command.settings, None) as ledger:
                drafts = [Draft(build.opened(label=label)), *([Draft(decided)] if decided else [])]
                await ledger.append(f"d/{name}", 0, drafts)

        asyncio.run(write())
        return name

    return command, put


def parsed(done):
    """The JSON that a command printed."""
    assert done.error is None, done.out
    return json.loads(done.out[done.out.index("{\n") :])


def records(command, stream):
    """The records of a stream."""

    async def read():
        async with open_for_reading(command.settings, None) as ledger:
            return await ledger.read(stream)

    return asyncio.run(read())


def test_an_act_is_recorded_and_leaves_the_queue(magi):
    """Adopted by a named person, a waiting verdict is no longer waited for, and the log is sound."""
    command, put = magi
    put("1a", verdict("single_seat", review=["single_seat", "bloc_split"]))
    waiting = command.run("review")
    done = command.run("adopt", "1a", "--decision", "採用", *BY)
    left, every = command.run("review"), command.run("review", "--all")
    (record,) = records(command, "adoptions")
    checked = command.run("audit", "verify", command.home / "ledger.db", "--json")

    assert done.error is None
    for words in ("1a", "単独席採用", "ほかの席と異なる一つの席", "開発国又は系統"):
        assert words in "".join(waiting.out.split())
    assert "0 件" in left.out
    assert "採用(山田太郎)" in "".join(every.out.split())
    assert (record.data.decision, record.data.by) == ("adopted", "山田 太郎")
    assert record.data.verdict == verdict_digest(verdict("single_seat", review=["single_seat", "bloc_split"]))
    assert json.loads(checked.out)["sound"]


def test_the_queue_as_json_is_oldest_first(magi):
    """Every field of a waiting verdict is there as codes; what was sent back waits on, with its act."""
    command, put = magi
    put("2b", verdict("withheld", ["concern"], ["severity_safety"]), label=3)
    put("2a", verdict("tied", review=["tied"]))
    put("2c", verdict())
    command.run("adopt", "2a", "--decision", "差戻し", *BY)
    found = parsed(command.run("review", "--json"))["reviews"]

    assert [each["id"] for each in found] == ["2b", "2a"]
    assert found[0] | {"decided_at": 0, "age_ms": 0, "verdict": 0} == {
        "id": "2b", "council": "c", "label": "sensitive-personal", "outcome": "withheld", "flags": ["concern"],
        "reasons": ["severity_safety"], "waits": True, "acts": [], "decided_at": 0, "age_ms": 0, "verdict": 0,
    }  # fmt: skip
    assert [(act["decision"], act["by"]) for act in found[1]["acts"]] == [("sent_back", "山田 太郎")]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("3a", "--decision", "採用", *BY), "nothing_to_adopt"),
        (("3b", "--decision", "採用", *BY), "rehearsal_verdict"),
        (("3c", "--decision", "採用", *BY), "not_decided"),
        (("ff", "--decision", "採用", *BY), "deliberation"),
        (("config", "--decision", "採用", *BY), "deliberation"),
        (("3d", "--decision", "可決", *BY), "decision"),
        (("3d", "--decision", "採用", "--by", "\u3000", "--reason", WHY), "name_form"),
        (("3d", "--decision", "採用", "--by", "山田", "--reason", " "), "adoption_reason"),
        (("3d", "--decision", "採用", "--by", "山田", "--reason", "あ" * 2_001), "adoption_reason"),
        (("3d", "--decision", "採用", "--verdict", "0" * 64, *BY), "verdict_changed"),
    ],
)
def test_a_refused_act_leaves_no_record(magi, words, reason):
    """What cannot be recorded is named and exits as the caller's fault; nothing is written."""
    command, put = magi
    put("3a", verdict("tied", review=["tied"]))
    put("3b", verdict(flags=["rehearsal"]))
    put("3c", None)
    put("3d", verdict())
    done = command.run("adopt", *words)

    def again():
        raise done.error

    assert done.reason == reason
    assert guarded(again) == 2
    assert records(command, "adoptions") == ()


def test_without_a_ledger_none_is_made(command):
    """A look or an act where there is no ledger says so and leaves no file behind."""
    command.home.mkdir()
    found = [command.run("review"), command.run("adopt", "1a", "--decision", "採用", *BY)]

    assert [done.reason for done in found] == ["not_found", "not_found"]
    assert list(command.home.iterdir()) == []


def test_showing_opens_nothing(magi):
    """A look at one verdict tells why it waits and what people did, in both languages, without any reason text."""
    command, put = magi
    put("4a", verdict("majority", ["foreign_claim"], ["foreign_claim"]))
    command.run("adopt", "4a", "--decision", "差戻し", *BY)
    command.run("adopt", "4a", "--decision", "採用", "--by", "佐藤", "--reason", WHY)
    shown = command.run("review", "show", "4a")
    english = command.run("review", "show", "4a", MAGI_LANG="en")
    plain = parsed(command.run("review", "show", "4a", "--json"))

    assert "外国政府の主張" in shown.out
    assert "後の記録に置き換え" in shown.out
    assert "foreign state's claim" in english.out
    assert [(act["number"], act["decision"], act["by"]) for act in plain["acts"]] == [
        (0, "sent_back", "山田 太郎"), (1, "adopted", "佐藤"),
    ]  # fmt: skip
    assert WHY not in shown.out + english.out + str(plain)
    assert records(command, "access") == ()


def test_reasons_are_read_on_record(magi):
    """With a name and a case number the reasons are shown, each access on record first."""
    command, put = magi
    put("5a", verdict())
    command.run("adopt", "5a", "--decision", "採用", *BY)
    shown = command.run("review", "show", "5a", *READING)
    unnamed = command.run("review", "show", "5a", "--reasons", "--who", "監査", "--why", "気になった")
    plain = parsed(command.run("review", "show", "5a", *READING, "--json"))

    assert WHY in shown.out
    assert unnamed.reason == "why_form"
    assert plain["acts"][0]["reason"] == WHY
    assert [(r.data.who, r.data.why) for r in records(command, "access")] == [("監査 一郎", "case-7")] * 2


@pytest.mark.parametrize(("label", "reason"), [(1, None), (3, "second_person")])
def test_a_reason_has_the_label_of_its_deliberation(magi, label, reason):
    """From the label of four eyes on, a reason too is read with a second person's word only."""
    command, put = magi
    put("6a", verdict(), label=label)
    command.run("adopt", "6a", "--decision", "採用", *BY)
    shown = command.run("review", "show", "6a", *READING, MAGI_FOUR_EYES="sensitive-personal")

    assert shown.reason == reason
    assert (WHY in shown.out) is (reason is None)


def test_a_role_decides_who_may(magi, tmp_path):
    """Where roles are stated, who is not listed records no act; the refusal is on record."""
    command, put = magi
    put("7a", verdict())
    path = tmp_path / "auditors.toml"
    path.write_text(
        '[[auditor]]\nname = "佐藤"\ntenants = ["local"]\nmax_label = "internal"\nbodies = false\n',
        encoding="utf-8",
    )
    refused = command.run("adopt", "7a", "--decision", "採用", *BY, MAGI_AUDITORS=path)
    done = command.run(
        "adopt", "7a", "--decision", "採用", "--by", "佐藤", "--reason", WHY, MAGI_AUDITORS=path
    )

    assert (refused.reason, done.error) == ("not_listed", None)
    assert [record.data.by for record in records(command, "adoptions")] == ["佐藤"]
    assert [record.kind for record in records(command, "access")] == ["access_denied"]


def test_the_export_names_the_acts(magi, tmp_path):
    """The page and the provenance say who decided what; the reason is in neither."""
    command, put = magi
    put("8a", verdict())
    command.run("adopt", "8a", "--decision", "不採用", *BY)
    texts = {}
    for form in ("html", "prov"):
        out = tmp_path / form
        assert command.run("audit", "export", "8a", "--form", form, "--out", out).error is None
        texts[form] = out.read_text(encoding="utf-8")
    prov = json.loads(texts["prov"])

    assert "不採用" in texts["html"]
    assert "山田 太郎" in texts["html"]
    assert prov["activity"]["d:adoption/0"]["magi:decision"] == "not_adopted"
    assert {"d:adoption/0"} <= {each["prov:activity"] for each in prov["wasAssociatedWith"].values()}
    assert all(WHY not in text for text in texts.values())


@pytest.mark.parametrize(
    "key", [*(f"review.{code}" for code in REVIEWS), *(f"flag.{code}" for code in FLAGS), "outcome.single_seat",
            "said.evasion", "said.not_asked", "said.rested"]
)  # fmt: skip
def test_every_code_has_words(key):
    """Whatever a verdict or the queue names as a code has words in every language."""
    assert all(catalogue()[key][lang].strip() for lang in LANGUAGES)
