"""Adoption over HTTP: the queue, a named person's word on record, and what a look at a deliberation says of it."""

from dataclasses import replace

import pytest

from magi.core.adoption import verdict_digest
from magi.core.decided import Decided
from magi.core.ports import Draft
from magi.core.roles import AccessRules, Auditor

ASK = "公表済みの白書の概要版を出すべきか。はいかいいえで答えてください。"
WHY = "条文を確かめたうえで採ります"
CALLER = "anonymous@loopback"


def verdict(outcome="majority", flags=()):
    """A verdict of version 1."""
    return Decided(
        outcome=outcome, answer_class="A", attributed=None, tally=(), seats=(), dissent=(), confidence_bp=None,
        outstanding=(), flags=tuple(flags),
    )  # fmt: skip


def put(service, build, name, decided=None, **opened):
    """A deliberation written straight into the ledger of a service; its id."""
    drafts = [Draft(build.opened(**opened)), *([Draft(decided)] if decided else [])]
    service.call(service.desk.offer.tools.ledger.append(f"d/{name}", 0, drafts))
    return name


def post(http, name, decision="adopted", by="山田 太郎", reason=WHY, **more):
    """One act."""
    body = {"decision": decision, "by": by, "reason": reason} | more
    return http.post(f"/v1/deliberations/{name}/adoption", json=body)


def acts(service):
    """The acts on record."""
    return service.call(service.desk.offer.tools.ledger.read("adoptions"))


def test_an_act_is_recorded_and_shown(kit, build, tmp_path):
    """An act answers 201 with its number; the deliberation then names it, its person and no reason."""
    with kit.serve(tmp_path) as service, service.http() as http:
        name = put(service, build, "1a", verdict())
        before = http.get(f"/v1/deliberations/{name}").json()["adoption"]
        done = post(http, name)
        after = http.get(f"/v1/deliberations/{name}")
        (record,) = acts(service)
        everything_logged = service.everything_logged()

    assert (done.status_code, done.json()["number"], done.json()["decision"]) == (201, 0, "adopted")
    assert (before["decision"], before["acts"], before["verdict"]) == (None, [], verdict_digest(verdict()))
    shown = after.json()["adoption"]
    assert (shown["decision"], shown["waits"], shown["acts"][0]["by"]) == ("adopted", False, "山田 太郎")
    assert (record.data.by, record.actor, record.data.verdict) == ("山田 太郎", CALLER, shown["verdict"])
    assert WHY not in after.text + done.text + everything_logged


def test_the_queue_is_what_waits(kit, build, tmp_path):
    """What was not decided waits, oldest first, with reasons as codes, until a person settles it."""
    with kit.serve(tmp_path) as service, service.http() as http:
        first, second = (
            put(service, build, name, verdict(word)) for name, word in (("2b", "tied"), ("2a", "no_quorum"))
        )
        put(service, build, "2c", verdict())
        put(service, build, "2d")
        waiting = http.get("/v1/reviews").json()
        one = http.get("/v1/reviews?limit=1").json()
        post(http, first, "sent_back")
        post(http, second, "not_adopted")
        left = http.get("/v1/reviews").json()
        opened = service.call(service.desk.offer.tools.ledger.read("access"))

    assert [(each["id"], each["reasons"]) for each in waiting["reviews"]] == [
        (first, ["tied"]), (second, ["no_quorum"]),
    ]  # fmt: skip
    assert (waiting["reviews"][0]["label"], waiting["reviews"][0]["council"]) == ("internal", "c")
    assert ([each["id"] for each in one["reviews"]], one["all"]) == ([first], 2)
    assert [(each["id"], each["last"]["decision"]) for each in left["reviews"]] == [(first, "sent_back")]
    assert opened == ()


@pytest.mark.parametrize("limit", ["0", "-1", "x", "501", "1e3", ""])
def test_a_bad_limit_is_refused(plain, limit):
    """The queue is bounded as the list of deliberations is."""
    with plain.http() as http:
        refused = http.get("/v1/reviews", params={"limit": limit})

    assert (refused.status_code, refused.json()["code"]) == (400, "bad_limit")


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, "by, decision, reason"),
        ({"decision": "採用", "by": "p", "reason": "r"}, "decision"),
        ({"decision": "adopted", "by": 1, "reason": "r"}, "by"),
        ({"decision": "adopted", "by": "p", "reason": "r", "verdict": "ABC"}, "verdict"),
        ({"decision": "adopted", "by": "p", "reason": "r" * 4_001}, "reason"),
        ({"decision": "adopted", "by": "p", "reason": "r", "秘密": 1}, "?"),
    ],
)
def test_a_malformed_act_is_a_problem(plain, body, fields):
    """Fields that do not fit are named by names of our own only, in a problem document, before anything is read."""
    with plain.http() as http:
        refused = http.post("/v1/deliberations/1a/adoption", json=body)
        english = http.post("/v1/deliberations/1a/adoption", json=body, headers={"accept-language": "en"})

    assert (refused.status_code, refused.json()["code"]) == (400, "wrong_fields")
    assert refused.headers["content-type"] == "application/problem+json"
    assert all(field in english.json()["detail"] for field in fields.split(", "))
    assert "秘密" not in refused.text


def test_a_refused_act_is_a_problem(kit, build, tmp_path):
    """What cannot be taken up, is not there, or lacks a name or reason answers its code, and records nothing."""
    with kit.serve(tmp_path) as service, service.http() as http:
        tied = put(service, build, "3a", verdict("tied"))
        rehearsed = put(service, build, "3b", verdict(flags=["rehearsal"]))
        running, real = put(service, build, "3c"), put(service, build, "3d", verdict())
        found = [
            post(http, tied),
            post(http, rehearsed),
            post(http, running),
            post(http, real, by=" "),
            post(http, real, by="山\u202e田"),
            post(http, real, reason=""),
            post(http, real, reason="あ" * 2_001),
            post(http, real, verdict="0" * 64),
            post(http, "ffff"),
            post(http, "config"),
            http.get("/v1/deliberations/3d/adoption"),
        ]
        raw = http.post(
            f"/v1/deliberations/{real}/adoption",
            content=rb'{"decision": "adopted", "by": "p", "reason": "\ud800"}',
            headers={"content-type": "application/json"},
        )
        recorded = acts(service)

    assert [(each.status_code, each.json()["code"]) for each in found] == [
        (400, "question_refused.nothing_to_adopt"),
        (400, "question_refused.rehearsal_verdict"),
        (400, "question_refused.not_decided"),
        (400, "question_refused.name_form"),
        (400, "question_refused.name_form"),
        (400, "question_refused.adoption_reason"),
        (400, "question_refused.adoption_reason"),
        (400, "question_refused.verdict_changed"),
        (404, "unknown_deliberation"),
        (404, "unknown_deliberation"),
        (405, "method_not_allowed"),
    ]
    assert raw.status_code == 400
    assert recorded == ()


@pytest.mark.parametrize(
    ("listed", "status"),
    [
        (("山田太郎", CALLER), 201),
        (("山田太郎",), 403),
        ((CALLER,), 403),
    ],
)
def test_roles_count_for_the_person_and_the_caller(kit, build, tmp_path, listed, status):
    """With roles, a listed name in the body of an unnamed caller is not enough; the refusal is on record."""
    roles = tuple(Auditor(name=each, tenants=("*",), max_label=1, bodies=False) for each in listed)

    def change(tools):
        return replace(tools, access=AccessRules("local", roles))

    with kit.serve(tmp_path, change=change) as service, service.http() as http:
        done = post(http, put(service, build, "4a", verdict()))
        denied = service.call(service.desk.offer.tools.ledger.read("access"))

    assert done.status_code == status
    assert [record.kind for record in denied] == ([] if status == 201 else ["access_denied"])


def test_a_rehearsed_deliberation_cannot_be_adopted(plain):
    """A real deliberation of stand-ins, end to end: it says that nobody decided on it, and refuses to be taken up."""
    with plain.http() as http:
        name = http.post("/v1/deliberations", json={"question": ASK, "label": "public"}).json()["id"]
        refused = post(http, name)
        sent = post(http, name, "sent_back")
        shown = http.get(f"/v1/deliberations/{name}").json()["adoption"]

    assert (refused.json()["code"], sent.status_code) == ("question_refused.rehearsal_verdict", 201)
    assert (shown["decision"], len(shown["acts"])) == ("sent_back", 1)


def test_a_running_deliberation_has_no_adoption(kit, build, tmp_path):
    """Before the verdict there is nothing that anybody could decide on."""
    with kit.serve(tmp_path) as service, service.http() as http:
        shown = http.get(f"/v1/deliberations/{put(service, build, '5a')}").json()

    assert (shown["status"], "adoption" in shown) == ("running", False)
