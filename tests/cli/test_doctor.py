"""`magi doctor`: what is there and the command that seats it; what is not, in words; no value of any key."""

import asyncio
import dataclasses
import shlex
from urllib.parse import urlsplit

import pytest

from magi.assets import load_assets
from magi.cli.doctor import MAX_SHOWN, doctor
from magi.cli.servers import USUAL_PORTS

NOBODY = "http://127.0.0.1:1/v1"
FACTS = ("--host-country", "JP", "--checked-by", "山田")
CANARY = "sk-ひみつ-0123456789"


@pytest.fixture
def told(command, capsys):
    """Everything that the doctor prints when servers are looked for at these addresses only."""

    def tell(*urls, **secrets):
        settings = dataclasses.replace(command.settings, secrets=secrets)
        capsys.readouterr()
        healthy = asyncio.run(doctor(settings, {urlsplit(url).port: "Test" for url in urls}))
        return healthy, capsys.readouterr().out

    return tell


def commands(text):
    """The commands that a text shows, split as a shell would."""
    return [shlex.split(line) for line in text.splitlines() if line.strip().startswith("magi seat ")]


def test_a_server_found_is_listed_with_the_command_that_seats_it(command, server, told):
    """Each model comes with its command, which works once somebody signs it; then the model is shown as seated."""
    url = server("qwen2.5:7b", "it's; rm -rf ~ #")
    _, text = told(url)
    shown = commands(text)
    unsigned = command.run(*shown[0][1:])
    seated = command.run(*shown[0][1:], "--checked-by", "山田")
    _, after = told(url)

    assert [words[words.index("--model") + 1] for words in shown] == ["qwen2.5:7b", "it's; rm -rf ~ #"]
    assert unsigned.error.facts["missing"] == ("--checked-by",)
    assert seated.error is None
    assert load_assets(command.home / "assets").cards["qwen2.5-7b"].endpoint.base_url == url
    assert "qwen2.5:7b: カード qwen2.5-7b があります" in after
    assert len(commands(after)) == 1


def test_a_long_list_is_cut(server, told):
    """Of many models the first few are shown and the rest is counted."""
    _, text = told(server(*(f"m{n}" for n in range(MAX_SHOWN + 3))))

    assert len(commands(text)) == MAX_SHOWN
    assert "ほか 3 件" in text


def test_a_card_is_held_against_what_its_server_offers(command, server, told):
    """The doctor tells a card whose model is there, one whose model is not, and one whose server is silent."""
    url = server("gemma3:4b")
    for name, address, model in (
        ("there", url, "gemma3:4b"),
        ("gone", url, "gemma3:1b"),
        ("off", NOBODY, "gemma3:4b"),
    ):
        command.run("seat", "--url", address, "--model", model, "--id", name, *FACTS)
    _, text = told()

    assert "there: 127.0.0.1" in text
    assert "つながりました" in text
    assert "モデル gemma3:1b がありません" in text
    assert "off: 127.0.0.1:1 につながりません" in text


def test_a_server_that_wants_a_key_is_told_so(server, told):
    """A server that answers with a wall is named with the way to give a card its key."""
    _, text = told(server("m", api_key="k"))

    assert "--key-env" in text
    assert commands(text) == []


def test_with_no_server_the_ways_to_get_one_are_shown(told):
    """Nobody listening is no fault: healthy, with what to do."""
    healthy, text = told(NOBODY)

    assert healthy
    assert "magi seat --gguf" in text


def test_keys_show_by_name_only(told):
    """The variables that shipped cards name are listed as there or not, and no value ever."""
    _, text = told(NOBODY, PLAMO_API_KEY=CANARY)

    assert "環境変数 PLAMO_API_KEY があります" in text
    assert "環境変数 SAKURA_AI_KEY が未設定です" in text
    assert CANARY not in text


def test_it_says_whose_cards_are_used(command, told):
    """Shipped cards at first; once one of one's own is written, those of the home."""
    _, before = told(NOBODY)
    command.run("seat", "--url", NOBODY, "--model", "qwen2.5:7b", *FACTS)
    _, after = told(NOBODY)

    assert "同梱のもの" in before
    assert f"カードと合議体は {command.home / 'assets'} のものです" in after


def test_the_usual_ports_are_those_of_the_usual_servers():
    """Ollama, vLLM, llama-server and LM Studio are looked for where they listen unless told otherwise."""
    assert dict(USUAL_PORTS) == {11434: "Ollama", 8000: "vLLM", 8080: "llama-server", 1234: "LM Studio"}
