"""The native routes: ask, list, look, follow."""

import json

import httpx
import pytest

from magi.api.limits import Limits

ASK = "公表済みの白書の概要版を出すべきか。はいかいいえで答えてください。"


def events(http, path, after=None):
    """Every server-sent event of a stream that ends: (id, kind, record)."""
    headers = {} if after is None else {"last-event-id": str(after)}
    found, event = [], {}
    with http.stream("GET", path, headers=headers) as response:
        assert response.status_code == 200
        for line in response.iter_lines():
            if line.startswith(":"):
                continue
            if not line:
                if event:
                    found.append((int(event["id"]), event["event"], json.loads(event["data"])))
                event = {}
            else:
                name, _, value = line.partition(": ")
                event[name] = value
    return found


@pytest.fixture(scope="module")
def asked(plain):
    """One deliberation by the native route: the response."""
    with plain.http() as http:
        return http.post("/v1/deliberations", json={"question": ASK, "label": "public"})


def test_a_question_gets_its_verdict(asked):
    """The native route waits for the verdict and names the place where it can be looked at again."""
    shown = asked.json()

    assert asked.status_code == 200
    assert asked.headers["location"] == f"/v1/deliberations/{shown['id']}"
    assert shown["status"] == "decided"
    assert shown["label"] == "public"
    assert shown["reply"].startswith("※ 予行")
    assert set(shown["statements"]) == {"a1", "a2", "a3", "a4"}


def test_a_deliberation_is_shown_without_its_texts(plain, asked):
    """Verdict, seats and who saw what are shown from the records alone: nobody's words, no access recorded."""
    with plain.http() as http:
        before = len(plain.call(plain.desk.offer.tools.ledger.read("access")))
        shown = http.get(asked.headers["location"]).json()

    assert shown["outcome"] == asked.json()["outcome"]
    assert shown["who_saw_what"] == asked.json()["who_saw_what"]
    assert "予行用の台本" not in str(shown)
    assert ASK not in str(shown)
    assert len(plain.call(plain.desk.offer.tools.ledger.read("access"))) == before


def test_texts_are_opened_for_a_case_only_and_on_record(plain, asked):
    """With a case number the texts are shown, and each access is on record with it; without one they are not."""
    with plain.http() as http:
        refused = http.get(asked.headers["location"], params={"bodies": "true"})
        prose = http.get(asked.headers["location"], params={"bodies": "true", "why": "気になったから"})
        shown = http.get(asked.headers["location"], params={"bodies": "true", "why": "case-42"}).json()
    accesses = [record.data for record in plain.call(plain.desk.offer.tools.ledger.read("access"))]

    assert [refused.status_code, prose.status_code] == [400, 400]
    assert refused.json()["code"] == "why_missing"
    assert shown["bodies"]["question"] == ASK
    assert shown["bodies"]["reply"] == asked.json()["reply"]
    assert [each.who for each in accesses if each.why == "case-42"] == ["anonymous@loopback"] * 6


def test_the_list_is_newest_first_and_bounded(plain, asked):
    """Deliberations are listed newest first, as many as asked for within the limit."""
    with plain.http() as http:
        newer = http.post("/v1/deliberations", json={"question": ASK}).json()["id"]
        listed = http.get("/v1/deliberations", params={"limit": 2}).json()
        bad = [
            http.get("/v1/deliberations", params={"limit": limit}) for limit in ("0", "x", "501", "-1", "1e9")
        ]

    assert listed["deliberations"] == [newer, asked.json()["id"]]
    assert {response.status_code for response in bad} == {400}


def test_events_are_the_records(plain, asked):
    """The events of a finished deliberation are its records, ids their ordinals, and end with the verdict."""
    with plain.http() as http:
        found = events(http, f"{asked.headers['location']}/events")
    records = plain.records(asked.json()["id"])

    assert [number for number, _, _ in found] == list(range(len(records)))
    assert [kind for _, kind, _ in found] == [record.kind for record in records]
    assert [shown for _, _, shown in found] == [json.loads(record.to_bytes()) for record in records]
    assert found[-1][1] == "decided"


def test_events_go_on_after_the_last_one_seen(plain, asked):
    """Last-Event-ID goes on with the next ordinal; after the last there is nothing, and the stream ends."""
    path = f"{asked.headers['location']}/events"
    with plain.http() as http:
        whole = events(http, path)
        rest = events(http, path, after=3)
        none = events(http, path, after=whole[-1][0])
        far = events(http, path, after=999_999_999)
        bad = [http.get(path, headers={"last-event-id": each}).status_code for each in ("x", "-1", "1" * 30)]

    assert rest == whole[4:]
    assert none == far == []
    assert bad == [400, 400, 400]


def test_a_background_deliberation_can_be_followed_live(kit, tmp_path):
    """respond-async returns at once with the place; its events come live until the verdict, with signs of life."""
    limits = Limits(keep_alive_seconds=0.1)
    with kit.serve(tmp_path, script=kit.slow(1), limits=limits) as service, service.http() as http:
        begun = http.post("/v1/deliberations", json={"question": ASK}, headers={"prefer": "respond-async"})
        running = http.get(begun.headers["location"]).json()
        with http.stream("GET", f"{begun.headers['location']}/events") as response:
            text = "".join(response.iter_text())
        decided = http.get(begun.headers["location"]).json()

        assert begun.status_code == 202
        assert begun.headers["preference-applied"] == "respond-async"
        assert (running["status"], decided["status"]) == ("running", "decided")
        assert "answer_class" not in str(running)
        assert text.startswith("id: 0\nevent: opened\n")
        assert ": keep-alive\n\n" in text
        assert "event: decided\n" in text


def test_a_background_deliberation_outlives_its_caller(kit, tmp_path):
    """The caller of respond-async may leave: the deliberation belongs to the service."""
    with kit.serve(tmp_path, script=kit.slow(1)) as service:
        with service.http() as http:
            begun = http.post(
                "/v1/deliberations", json={"question": ASK}, headers={"prefer": "respond-async"}
            )
        (decided,) = service.settled(lambda: service.events("decided", begun.json()["id"]))

        assert decided.outcome != "no_quorum"


def test_the_same_key_in_the_background_is_the_same_deliberation(kit, tmp_path):
    """A second respond-async with a key that has a verdict gives that one, and asks nobody."""
    body = {"question": ASK, "idempotency_key": "k"}
    with kit.serve(tmp_path) as service, service.http() as http:
        first = http.post("/v1/deliberations", json=body).json()
        again = http.post("/v1/deliberations", json=body, headers={"prefer": "respond-async"})

        assert again.status_code == 200
        assert again.json()["id"] == first["id"]
        assert service.home.arrived == 3


def test_history_keeps_its_label_on_the_native_route(kit, tmp_path):
    """An internal question in the history of a public one keeps it at home."""
    with kit.serve(tmp_path) as service, service.http() as http:
        http.post("/v1/deliberations", json={"question": "まだ公表していない組織再編の案について"})
        history = [{"role": "user", "text": "まだ公表していない組織再編の案について"}]
        second = http.post(
            "/v1/deliberations", json={"question": "続き", "label": "public", "history": history}
        ).json()

        assert second["label"] == "internal"
        assert service.abroad.arrived == 0


def test_a_refused_deliberation_is_on_record(plain):
    """A refusal because of the label is a problem document, and its stream says refused and ends."""
    with plain.http() as http:
        refused = http.post("/v1/deliberations", json={"question": ASK, "label": "secret"})
        newest = http.get("/v1/deliberations?limit=1").json()["deliberations"][0]
        shown = http.get(f"/v1/deliberations/{newest}").json()
        found = events(http, f"/v1/deliberations/{newest}/events")

    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["code"] == "council_refused"
    assert (shown["status"], shown["label"]) == ("refused", "secret")
    assert [kind for _, kind, _ in found] == ["refused"]


@pytest.mark.parametrize(
    "path",
    ["/v1/deliberations/0000000000000000", "/v1/deliberations/%2e%2e", "/v1/deliberations/x/events"],
)
def test_an_unknown_deliberation_is_not_found(plain, path):
    """A record that is not there is a 404 problem document that does not repeat the name."""
    with plain.http() as http:
        response = http.get(path)

    assert response.status_code == 404
    assert response.json()["status"] == 404


def test_too_many_followers_are_told_to_wait(kit, tmp_path):
    """Beyond the limit of open event streams a follower is a 429 with a time to wait."""
    with (
        kit.serve(tmp_path, script=kit.slow(2), limits=Limits(followers=1)) as service,
        service.http() as http,
    ):
        begun = http.post("/v1/deliberations", json={"question": ASK}, headers={"prefer": "respond-async"})
        path = f"{begun.headers['location']}/events"
        with http.stream("GET", path) as first:
            coming = first.iter_lines()  # kept: letting go of it would close the stream
            next(coming)
            second = http.get(path)

            assert (second.status_code, second.json()["code"]) == (429, "busy")
        assert service.settled(lambda: http.get(path).status_code == 200)


def test_health_counts_and_hides(kit, tmp_path):
    """The health check counts open streams and names nothing."""
    with kit.serve(tmp_path, script=kit.slow(1)) as service, service.http() as http:
        http.post("/v1/deliberations", json={"question": ASK}, headers={"prefer": "respond-async"})
        shown = http.get("/healthz")

        assert shown.status_code == 200
        assert shown.json() == {
            "status": "ok", "open_streams": 1, "running": 1, "rehearsal": True, "identity": "none",
        }  # fmt: skip


def test_a_follower_of_another_process_sees_its_records(kit, tmp_path):
    """Records that this process did not write are found by looking: a second service on the same ledger follows."""
    limits = Limits(poll_seconds=0.05)
    with (
        kit.serve(tmp_path, script=kit.slow(1)) as writer,
        kit.serve(tmp_path, limits=limits) as reader,
        writer.http() as http,
        reader.http() as other,
    ):
        begun = http.post("/v1/deliberations", json={"question": ASK}, headers={"prefer": "respond-async"})
        found = events(other, f"{begun.headers['location']}/events")

        assert found[-1][1] == "decided"


def test_a_deliberation_asked_over_a_dropped_connection_is_closed(kit, tmp_path):
    """The native route without respond-async ends with its caller, on record."""
    with kit.serve(tmp_path, script=kit.slow(30)) as service:
        with service.http() as http, pytest.raises(httpx.ReadTimeout):
            http.post("/v1/deliberations", json={"question": ASK}, timeout=0.7)

        assert service.settled(lambda: service.events("decided"))
        assert service.events("cancelled")[0].by == "user"
