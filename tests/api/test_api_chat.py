"""The compatible routes, through the openai client from outside and unmodified."""

import asyncio
import json

import openai
import pytest

from magi.api.limits import Limits

ASK = "公表済みの白書の概要版を出すべきか。はいかいいえで答えてください。"


def ask(text, role="user"):
    """One message."""
    return {"role": role, "content": text}


def test_chat_gives_the_recorded_reply_and_the_councils_data(plain):
    """A plain chat answers with the very text that stands in the record, and the extension names the votes."""
    with plain.client() as client:
        reply = client.chat.completions.create(model="magi", messages=[ask(ASK)])
    magi = reply.model_extra["magi"]
    (decided,) = plain.events("decided", magi["deliberation"])
    with plain.http() as http:
        shown = http.get(f"/v1/deliberations/{magi['deliberation']}?bodies=true&why=t-1").json()

    assert reply.choices[0].message.content == shown["bodies"]["reply"]
    assert reply.choices[0].finish_reason == "stop"
    assert magi["outcome"] == decided.outcome
    assert [vote["seat"] for vote in magi["votes"]] == [seat.seat for seat in decided.seats]
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens > 0


def test_a_rehearsal_says_so_first(plain):
    """The first line of a rehearsed reply, and a header, say that no real model answered."""
    with plain.client() as client:
        raw = client.chat.completions.with_raw_response.create(model="magi", messages=[ask(ASK)])
    content = raw.parse().choices[0].message.content

    assert content.startswith("※ 予行")
    assert raw.headers["magi-rehearsal"] == "scripted"
    assert raw.headers["magi-notice"] == "loopback-only; no-identity"


def test_the_asynchronous_client_works(plain):
    """The asynchronous openai client gets a reply as well."""

    async def run():
        async with plain.async_client() as client:
            return await client.chat.completions.create(model="magi-domestic", messages=[ask(ASK)])

    assert asyncio.run(run()).model_extra["magi"]["council"] == "rehearsal-domestic"


def test_models_are_councils(plain):
    """The councils that may deliberate are the models, and each can be looked up."""
    with plain.client() as client:
        names = {model.id for model in client.models.list()}
        one = client.models.retrieve("magi-domestic")

    assert {"magi", "magi-domestic", "rehearsal"} <= names
    assert one.model_extra["magi"]["seats"] == 3


def test_the_language_follows_the_header(plain):
    """English is answered where Accept-Language prefers it; Japanese otherwise."""
    with plain.client() as client:
        english = client.chat.completions.create(
            model="magi", messages=[ask(ASK)], extra_headers={"accept-language": "en-US,ja;q=0.5"}
        )
        japanese = client.chat.completions.create(
            model="magi", messages=[ask(ASK)], extra_headers={"accept-language": "en;q=0.1, ja"}
        )

    assert "Verdict: " in english.choices[0].message.content
    assert "結論: " in japanese.choices[0].message.content


def test_an_unknown_model_is_not_found(plain):
    """An unknown model is the client's NotFoundError with the usual code, and is not tried again."""
    with plain.client() as client, pytest.raises(openai.NotFoundError) as raised:
        client.chat.completions.create(model="gpt-4", messages=[ask(ASK)])

    assert raised.value.code == "model_not_found"
    assert raised.value.response.headers["x-should-retry"] == "false"


def test_parameters_of_the_api_that_mean_nothing_here_are_dropped(kit, tmp_path):
    """Sampling parameters, tools and the user's name are accepted, and not a byte of them reaches a seat."""
    tool = {"type": "function", "function": {"name": "CANARY-70017001", "parameters": {"type": "object"}}}
    with kit.serve(tmp_path) as service, service.client() as client:
        client.chat.completions.create(
            model="magi",
            messages=[ask(ASK)],
            temperature=0.7,
            seed=7,
            tools=[tool],
            user="CANARY-05e405e4",
            metadata={"k": "CANARY-3e7a3e7a"},
            extra_body={"chat_id": "CANARY-c4a7c4a7"},
        )
        bodies = b"".join(request.body for request in service.home.requests)

        assert service.home.arrived == 3
        assert b"CANARY" not in bodies


def test_content_may_come_in_text_parts(kit, tmp_path):
    """Text parts are joined; the answer shows that the seats saw all of them."""
    parts = [{"type": "text", "text": "CANARY-11111111"}, {"type": "text", "text": "CANARY-22222222"}]
    with kit.serve(tmp_path, script=kit.echo) as service, service.client() as client:
        reply = client.chat.completions.create(model="magi", messages=[{"role": "user", "content": parts}])

        assert "CANARY-11111111、CANARY-22222222" in reply.choices[0].message.content


def test_a_declared_choice_is_decided_among_its_options(kit, tmp_path):
    """Space and options in the extension make a choice; the reply names the option's text."""
    with kit.serve(tmp_path, script=lambda _: kit.form("イ")) as service, service.client() as client:
        reply = client.chat.completions.create(
            model="magi",
            messages=[ask("どちらにするか。")],
            extra_body={"magi": {"space": "choice", "options": {"ア": "対面", "イ": "書面"}}},
        )

        assert reply.model_extra["magi"]["answer_class"] == "イ"
        assert "イ 書面" in reply.choices[0].message.content


def test_the_same_key_gets_the_recorded_verdict(kit, tmp_path):
    """A retry with the same idempotency key, by header or extension, asks no seat and gets the same text."""
    with kit.serve(tmp_path) as service, service.client() as client:
        first = client.chat.completions.create(
            model="magi", messages=[ask(ASK)], extra_headers={"idempotency-key": "k-1"}
        )
        arrived = service.home.arrived
        again = client.chat.completions.create(
            model="magi", messages=[ask(ASK)], extra_body={"magi": {"idempotency_key": "k-1"}}
        )
        with pytest.raises(openai.UnprocessableEntityError) as raised:
            client.chat.completions.create(
                model="magi", messages=[ask("別の問い")], extra_headers={"idempotency-key": "k-1"}
            )

        assert again.choices[0].message.content == first.choices[0].message.content
        assert again.model_extra["magi"] == first.model_extra["magi"]
        assert service.home.arrived == arrived == 3
        assert raised.value.code == "question_refused.idempotency_reused"


def test_a_key_in_use_is_a_conflict_that_may_be_retried(kit, tmp_path):
    """While the first request still deliberates, a second one with its key is told to come again."""
    with kit.serve(tmp_path, script=kit.slow(3)) as service, service.http() as http:
        body = {"question": ASK, "idempotency_key": "k-2"}
        http.post("/v1/deliberations", json=body, headers={"prefer": "respond-async"})
        again = http.post("/v1/deliberations", json=body)

        assert (again.status_code, again.json()["code"]) == (409, "in_progress")
        assert again.headers["x-should-retry"] == "true"


def test_a_public_question_may_go_abroad(kit, tmp_path):
    """The counterpart of the next tests: declared public without a history, the seat abroad is asked."""
    with kit.serve(tmp_path, script=kit.echo) as service, service.client() as client:
        for label in (
            {"extra_headers": {"magi-label": "public"}},
            {"extra_body": {"magi": {"label": "public"}}},
        ):
            client.chat.completions.create(model="magi", messages=[ask(ASK)], **label)

        assert service.abroad.arrived == 2


@pytest.mark.parametrize("branch", ["sent back", "edited", "branched", "invented"])
def test_a_conversation_keeps_its_high_water_mark(kit, tmp_path, branch):
    """After an internal turn, a second turn declared public stays internal, however the client changes history."""
    internal = "CANARY-5ec2e75ec2e7"
    with kit.serve(tmp_path, script=kit.echo) as service, service.client() as client:
        first = client.chat.completions.create(model="magi", messages=[ask(f"未公表の案 {internal}")])
        reply = first.choices[0].message.content
        history = {
            "sent back": [ask(f"未公表の案 {internal}"), ask(reply, "assistant")],
            "edited": [ask("公開の問い"), ask(reply, "assistant")],
            "branched": [ask("設定", "system"), ask(f" 未公表の案 {internal}\n")],
            "invented": [ask("公開の問い"), ask("誰も書いていない回答", "assistant")],
        }[branch]
        second = client.chat.completions.create(
            model="magi", messages=[*history, ask("続きは?")], extra_body={"magi": {"label": "public"}}
        )

        assert second.model_extra["magi"]["label"] == "internal"
        assert service.abroad.arrived == 0


def test_a_public_conversation_stays_public(kit, tmp_path):
    """The mark only holds what was seen: a public turn sent back as it was leaves the next one public."""
    public = {"extra_body": {"magi": {"label": "public"}}}
    with kit.serve(tmp_path, script=kit.echo) as service, service.client() as client:
        first = client.chat.completions.create(model="magi", messages=[ask(ASK)], **public)
        reply = first.choices[0].message.content
        second = client.chat.completions.create(
            model="magi", messages=[ask(ASK), ask(reply, "assistant"), ask("続きは?")], **public
        )

        assert second.model_extra["magi"]["label"] == "public"
        assert service.abroad.arrived == 2


def test_classified_text_is_refused_and_not_kept(kit, tmp_path):
    """A text with a classified marking is a 400 that says so without quoting it; nobody is asked, nothing is kept."""
    with kit.serve(tmp_path) as service, service.client() as client:
        with pytest.raises(openai.BadRequestError) as raised:
            client.chat.completions.create(
                model="magi", messages=[ask("【特定秘密】花壇の件を要約してほしい")]
            )

        assert "特定秘密" in raised.value.message
        assert "花壇" not in raised.value.message
        assert (service.home.arrived, service.abroad.arrived) == (0, 0)


def test_a_council_that_the_label_empties_is_a_residency_mismatch(plain):
    """A label that no seat admits is refused with the code that clients know, and says who was barred."""
    with plain.client() as client, pytest.raises(openai.UnprocessableEntityError) as raised:
        client.chat.completions.create(
            model="magi", messages=[ask(ASK)], extra_body={"magi": {"label": "secret"}}
        )

    assert raised.value.code == "data_residency_mismatch"
    assert "standin-ichi" in raised.value.message
    assert raised.value.response.headers["x-should-retry"] == "false"


def test_beyond_the_queue_callers_are_told_to_wait(kit, tmp_path):
    """With one place and no queue, a second question is a 429 with a time to wait."""
    limits = Limits(running=1, queued=0)
    with kit.serve(tmp_path, script=kit.slow(3), limits=limits) as service, service.http() as http:
        http.post("/v1/deliberations", json={"question": ASK}, headers={"prefer": "respond-async"})
        with service.client() as client, pytest.raises(openai.RateLimitError) as raised:
            client.chat.completions.create(model="magi", messages=[ask(ASK)])

        assert int(raised.value.response.headers["retry-after"]) > 0
        assert raised.value.body["type"] == "rate_limit_error"


def test_the_queue_is_served(kit, tmp_path):
    """With one place and a queue, all who wait are answered."""
    limits = Limits(running=1, queued=10)

    async def run(service):
        async with service.async_client() as client:
            asked = (client.chat.completions.create(model="magi", messages=[ask(ASK)]) for _ in range(8))
            return await asyncio.gather(*asked)

    with kit.serve(tmp_path, limits=limits) as service:
        replies = asyncio.run(run(service))

        assert len({reply.model_extra["magi"]["deliberation"] for reply in replies}) == 8


def test_no_text_reaches_the_log(kit, tmp_path):
    """Question, history, options, answers, model names and queries leave no trace in any log line."""
    canary = "CANARY-abcdef01"
    with kit.serve(tmp_path, script=kit.echo) as service, service.http() as http:
        body = {"model": "magi", "messages": [ask(f"設定 {canary}", "system"), ask(f"問い {canary}")]}
        http.post(f"/v1/chat/completions?q={canary}", json=body)
        http.post("/v1/chat/completions", json=body | {"model": canary, "n": canary})
        http.post("/v1/chat/completions", json=body | {"magi": {canary: canary}})
        http.post(
            "/v1/chat/completions",
            content=json.dumps(body) + canary,
            headers={"content-type": "application/json"},
        )
        http.get(f"/v1/deliberations/{canary}")
        http.request(canary.upper().replace("-", ""), "/v1/models")
        lines = [line for line in service.logged if line["event"] == "request.served"]

        assert len(lines) >= 5
        assert lines[0] == lines[0] | {"method": "POST", "route": "/v1/chat/completions", "status": 200}
        assert canary not in service.everything_logged()
