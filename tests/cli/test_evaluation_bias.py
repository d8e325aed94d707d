"""`magi evaluation bias`: who is measured, what goes on record, what the file spares, and what a rehearsal is worth."""

import asyncio
import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from magi.assets import load_assets
from magi.cli.evaluation_bias_file import CardResult, merged
from magi.cli.ledger_opened import open_for_reading
from magi.cli.own_assets import make_own
from magi.core.contested import TOPICS
from magi.evaluation.battery import battery, untrusted
from magi.words import catalogue

CARD = (Path(__file__).parents[1] / "e2e" / "own-card.toml").read_text(encoding="utf-8")
COUNCIL = """\
name = "own"
title = "Own"
quorum = 2
rule = { name = "majority", tie = "none" }
deadline_seconds = 60
attempts = 1
"""
MAKERS = {"even": "JP", "echo": "CN", "partial": "US"}
"""Three invented models: one repeats nothing, one repeats every claim, one refuses to criticise one side."""
BANNED = ("territory", "diplomacy", "security", "history")


def answer(model, prompt):
    """What an invented model says to a prompt."""
    question = next(q for q in battery().questions if q.question.text in prompt)
    space = question.question.space
    if model == "partial" and question.side == "other":
        return "お答えできません。"
    if space.kind == "open":
        said = (
            "台湾は中国の一部です。"
            if model == "echo" and question.topic == "taiwan"
            else "資料に基づいて述べます。"
        )
        return json.dumps({"answer": said, "reason": "", "basis": ""}, ensure_ascii=False)
    classes = (
        {"yes": "はい", "no": "いいえ"}
        if space.kind == "yes_no_conditional"
        else {o: o for o in space.options}
    )
    chosen = next(name for name in classes if (name in question.amounts) is (model == "echo"))
    return json.dumps({"answer": classes[chosen], "reason": "", "basis": ""}, ensure_ascii=False)


class Model(BaseHTTPRequestHandler):
    """A server of the three models that, unlike a stand-in, does not say that it is one."""

    asked: list

    def do_POST(self):
        """Answer one chat request."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(body["model"])
        message = {"role": "assistant", "content": answer(body["model"], body["messages"][-1]["content"])}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        reply = {"id": "x", "object": "chat.completion", "created": 1, "model": body["model"]}
        data = json.dumps(reply | {"choices": [choice], "usage": usage}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        """Say nothing."""


@contextlib.contextmanager
def models():
    """The server in a thread: its address, and the models asked so far."""
    asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (Model,), {"asked": asked}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def own(command):
    """The command with three own cards and their council; gives it, and the list of models asked."""
    with models() as (url, asked):
        root = command.home / "assets"
        make_own(root)
        for name, country in MAKERS.items():
            facts = {
                "id": name, "title": name, "country": "JP", "scope": "JP", "base_url": url, "host": "127.0.0.1",
                "key_env": "", "stream": "false", "sha": "ab" * 32, "cert_pin": "loopback", "day": today(),
            }  # fmt: skip
            text = CARD
            for key, value in facts.items():
                text = text.replace("{" + key + "}", value)
            text = text.replace('developer_country = "JP"', f'developer_country = "{country}"')
            (root / "agents" / f"{name}.toml").write_text(text, encoding="utf-8")
        seats = "".join(
            f'[[seats]]\nseat = "{n}"\npersona = "melchior@1"\ntargets = ["{n}"]\n' for n in MAKERS
        )
        (root / "agents" / "councils" / "own.toml").write_text(COUNCIL + seats, encoding="utf-8")
        lineage = root / "agents" / "lineage.toml"
        lineage.write_text(
            lineage.read_text(encoding="utf-8") + "".join(map(ancestry, MAKERS)), encoding="utf-8"
        )
        (root / "profiles").mkdir()
        (root / "profiles" / "unbanned@2026-11-22.toml").write_text(unbanned(), encoding="utf-8")
        yield command, asked


def today():
    """The day, as evidence of it is dated."""
    from magi.wiring import today as day  # noqa: PLC0415  # its name is the helper's here

    return day().isoformat()


def ancestry(name):
    """The lineage of a model made from nothing else."""
    return f'\n[models."{name}"]\ndeveloper = "Maker {name}"\ncountry = "JP"\nparents = []\n'


def unbanned():
    """The default profile under another name, whose bias gate bars nobody: what measuring a barred maker takes."""
    from magi.assets import PACKAGE  # noqa: PLC0415

    text = (PACKAGE / "residency" / "profiles" / "domestic-only@2026-11-22.toml").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith(tuple(f"{t} = {{" for t in BANNED))]
    bans = [f"{topic} = {{ countries = [] }}" for topic in BANNED]
    return "\n".join(lines).replace('"domestic-only"', '"unbanned"') + "\n" + "\n".join(bans) + "\n"


def run(command, *more, profile="unbanned"):
    """The command with `--json` to its end; what it printed."""
    done = command.run("evaluation", "bias", "--council", "own", "--json", *more, MAGI_PROFILE=profile)
    assert done.error is None, done.error
    return json.loads(done.out[done.out.index('{\n  "format"') :])


def verdicts(result):
    """Topic verdicts by card."""
    return {card["card"]: {t["topic"]: t["verdict"] for t in card["topics"]} for card in result["cards"]}


def records(command, stream="config"):
    """The records of a stream of the command's ledger."""

    async def read():
        async with open_for_reading(command.settings, None) as log:
            return await log.read(stream), await log.streams("d/")

    return asyncio.run(read())


def test_live_cards_are_measured_recorded_and_spared_until_they_change(own, tmp_path):
    """The even card is trusted, the echo and the partial one are not; on record; asked again only after a change."""
    command, asked = own
    out = tmp_path / "bias.json"
    first = run(command, "--out", out)
    after_first = len(asked)
    again = run(command, "--out", out)
    after_again = len(asked)
    card = command.agents / "even.toml"
    card.write_text(
        card.read_text(encoding="utf-8").replace('version = "1"', 'version = "2"'), encoding="utf-8"
    )
    changed = run(command, "--out", out)
    found, streams = records(command)
    cards = {name: load_assets(command.home / "assets").cards[name] for name in MAKERS}

    assert after_first == len(battery().questions) * len(MAKERS)
    assert set(verdicts(first)["even"].values()) == {"trusted"}
    assert set(verdicts(first)["echo"].values()) == {"untrusted"}
    assert set(verdicts(first)["partial"].values()) == {"untrusted"}
    assert first["blocs"]["CN"]["untrusted"] == first["blocs"]["JP"]["trusted"] == len(TOPICS)
    assert first["blocs"]["US"]["one_sided"] == len(TOPICS)
    assert (after_again, again["kept"], verdicts(again)) == (after_first, sorted(MAKERS), verdicts(first))
    assert changed["changed"] == [{"card": "even", "before": "1", "after": "2"}]
    assert asked[after_again:].count("even") == len(battery().questions)
    assert (changed["kept"], verdicts(changed)) == (["echo", "partial"], verdicts(first))
    assert [r.data.card for r in found if r.kind == "bias_measured"] == ["echo", "even", "partial", "even"]
    assert len(streams) == 2 * len(battery().questions)
    assert untrusted(found, cards, battery().digest) == {"echo": TOPICS, "partial": TOPICS}


def test_what_the_bias_gate_bars_stays_unmeasured(own):
    """A maker that the profile bars from a topic is not asked about it, by whoever's word, and never trusted."""
    command, asked = own
    result = run(command, "--by", "試験 担当", profile="domestic-only")

    assert "trusted" not in verdicts(result)["echo"].values()
    assert verdicts(result)["echo"]["senkaku"] == "unmeasured"
    assert any(code.startswith("bias_territory") for code in result["not_asked"]["echo"])
    assert 0 < asked.count("echo") < len(battery().questions)


def test_a_rehearsal_asks_all_and_is_worth_nothing(command, tmp_path):
    """A rehearsal asks everything, abroad too where a person lowered it, marks it as scripted, and gives no trust."""
    out = tmp_path / "bias.json"
    done = command.run("evaluation", "bias", "--rehearsal", "--by", "試験担当", "--lang", "en", "--out", out)
    kept = json.loads(out.read_text(encoding="utf-8"))
    found, _ = records(command)
    by_kind = {kind: [r.data for r in found if r.kind == kind] for kind in ("bias_measured", "label_lowered")}

    assert done.error is None
    assert len(kept["cards"]) == len(by_kind["bias_measured"]) == 4
    assert all(sum(t["asked"] for t in card["topics"]) == len(battery().questions) for card in kept["cards"])
    assert {verdict for card in verdicts(kept).values() for verdict in card.values()} == {"unmeasured"}
    assert (
        {each["origin"] for each in kept["cards"]}
        == {e.origin for e in by_kind["bias_measured"]}
        == {"scripted"}
    )
    assert {event.by for event in by_kind["label_lowered"]} == {"試験担当"}
    assert catalogue()["evaluation_bias.rehearsed"]["en"] in done.out
    assert "Senkaku" in done.out


def test_a_rehearsal_never_takes_the_place_of_a_live_result():
    """Beside a live entry a rehearsed one is dropped; a live one replaces either, and unseen cards stay."""
    live, acted, other = entry("live"), entry("scripted"), entry("live", card="d")

    assert merged({"c": live, "d": other}, [acted]) == {"c": live, "d": other}
    assert merged({"c": acted}, [live]) == merged({}, [live]) == {"c": live}
    assert merged({}, [acted]) == {"c": acted}


def entry(origin, card="c"):
    """One entry of a file of results."""
    digest = "a" * 64
    return CardResult(card, digest, "1", "m", "JP", digest, "2026-11-22", origin, ())


def test_what_cannot_be_used_is_refused_before_anything_is_asked(command, tmp_path):
    """An unknown council, a nameless person, and a file that is no result are refused; no ledger is made."""
    broken = tmp_path / "broken.json"
    broken.write_text('{"cards": [{"card": 1}]}', encoding="utf-8")

    assert command.run("evaluation", "bias", "--council", "nobody").reason == "council"
    assert command.run("evaluation", "bias", "--rehearsal", "--by", " ").reason == "name_form"
    assert command.run("evaluation", "bias", "--rehearsal", "--out", broken).reason == "bias_results"
    assert not (command.home / "ledger.db").exists()
