"""Texts over HTTP are read by the same rules as on the command line: roles, a second person's word, erasure."""

from dataclasses import replace

import pytest

from magi.core.acts import Erased
from magi.core.ports import Draft
from magi.core.roles import AccessRules, Auditor

ASK = "公表済みの白書の概要版を出すべきか。はいかいいえで答えてください。"
LISTED = Auditor(name="anonymous@loopback", tenants=("*",), max_label=0, bodies=True)


@pytest.mark.parametrize(
    ("rules", "answer"),
    [
        (AccessRules("local"), (200, None)),
        (AccessRules("local", (LISTED,)), (200, None)),
        (AccessRules("local", ()), (403, "access_refused.not_listed")),
        (AccessRules("local", None, 0), (403, "access_refused.second_person")),
    ],
    ids=["no-rules", "listed", "not-listed", "four-eyes"],
)
def test_texts_are_read_by_the_rules(kit, tmp_path, rules, answer):
    """Nobody is named here, so roles that do not list the service, and four eyes, keep texts closed; on record."""

    def change(tools):
        return replace(tools, access=rules)

    with kit.serve(tmp_path, change=change) as running, running.http() as http:
        found = http.post("/v1/deliberations", json={"question": ASK, "label": "public"}).json()
        shown = http.get(f"/v1/deliberations/{found['id']}?bodies=true&why=c-1")
        plain = http.get(f"/v1/deliberations/{found['id']}")
        acts = running.call(running.desk.offer.tools.ledger.read("access"))

    assert (shown.status_code, shown.json().get("code"), plain.status_code) == (*answer, 200)
    assert (ASK in shown.text) == (answer[1] is None)
    assert {record.kind for record in acts} == {"accessed" if answer[1] is None else "access_denied"}


def test_an_erased_text_is_gone(kit, tmp_path):
    """Erased, a text answers 410 Gone, and what stands in the records is still shown."""

    async def erase(ledger, stream):
        names = [ref.commitment for record in await ledger.read(stream) for ref in record.refs]
        event = Erased(stream=stream, commitments=tuple(names), why="request", by="甲", whole=True)
        await ledger.append("retention", None, [Draft(event)])

    with kit.serve(tmp_path) as running, running.http() as http:
        found = http.post("/v1/deliberations", json={"question": ASK, "label": "public"}).json()
        running.call(erase(running.desk.offer.tools.ledger, f"d/{found['id']}"))
        shown = http.get(f"/v1/deliberations/{found['id']}?bodies=true&why=c-1")
        plain = http.get(f"/v1/deliberations/{found['id']}")

    assert (shown.status_code, shown.json()["code"], plain.status_code) == (410, "erased.body", 200)
