"""`magi seat`: cards and councils of one's own, whole and checked, or refused with the reason and nothing written."""

import hashlib
import shlex
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magi.assets import assets_root, load_assets
from magi.cli.seat_file import CardOrder, card_file, id_of, toml
from magi.residency.label import Label
from magi.residency.policy import NO_TOPICS, admit
from magi.wiring import today

NOBODY = "http://127.0.0.1:1/v1"
FACTS = ("--host-country", "JP", "--checked-by", "山田")
QWEN = ("seat", "--url", NOBODY, "--model", "qwen2.5:7b", *FACTS)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
KEY = st.from_regex(r"[a-z_]{1,8}", fullmatch=True)
VALUE = st.one_of(TEXT, st.booleans(), st.integers(0), st.lists(TEXT).map(tuple))


def card_of(command, name):
    """A card as the next command will load it."""
    return load_assets(command.home / "assets").cards[name]


def may_see(command, card):
    """The labels that a card may see today."""
    profile = load_assets(command.home / "assets").profile("domestic-only")
    return {label for label in Label if admit(label, card, profile, NO_TOPICS, today()).admitted}


def files(folder):
    """Every file under a folder with its bytes."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def three(command):
    """Three cards of three makers: my-qwen, my-llama, my-gemma."""
    for name, model in (("my-qwen", "qwen2.5:7b"), ("my-llama", "llama3.1:8b"), ("my-gemma", "gemma3:4b")):
        assert command.run("seat", "--url", NOBODY, "--model", model, "--id", name, *FACTS).error is None


def council(command, *seats, more=()):
    """Run `magi seat --council mine` with these seats."""
    return command.run("seat", "--council", "mine", *(word for s in seats for word in ("--seat", s)), *more)


def test_a_well_known_model_needs_only_who_and_where(command):
    """From a well-known name, an address, a country and a person comes a whole card, named after the model."""
    done = command.run(*QWEN)
    card = card_of(command, "qwen2.5-7b")

    assert done.error is None
    assert (card.model.developer, card.model.developer_country, card.model.family) == (
        "Alibaba Cloud", "CN", "qwen",
    )  # fmt: skip
    assert (card.endpoint.base_url, card.endpoint.model) == (NOBODY, "qwen2.5:7b")
    assert (card.backend.checked_by, card.backend.checked_on) == ("山田", today().isoformat())
    assert (card.backend.operator, card.backend.contract, card.backend.weights_origin) == (
        "own",
        "own",
        ("CN",),
    )


def test_nothing_is_claimed_that_nobody_checked(command):
    """Without the operator's word there is no closed network, no digest, no certificate: public text only."""
    command.run(*QWEN)
    card = card_of(command, "qwen2.5-7b")

    assert (card.backend.closed_network, card.backend.weights_sha) == (False, "unknown")
    assert (card.backend.ismap, card.backend.gov_cloud) == ("none", False)
    assert (card.model.licence, card.model.training_disclosure) == ("unknown", "unknown")
    assert may_see(command, card) == {Label.PUBLIC}


def test_a_closed_network_without_a_digest_is_not_enough(command):
    """The operator's word for a closed network does not stand in for the weights' digest."""
    command.run(*QWEN, "--closed-network")

    assert may_see(command, card_of(command, "qwen2.5-7b")) == {Label.PUBLIC}


@pytest.mark.parametrize(
    ("given_words", "missing"),
    [
        ((), {"--model", "--developer", "--country", "--family", "--host-country", "--checked-by"}),
        (("--model", "qwen2.5:7b"), {"--host-country", "--checked-by"}),
        (("--model", "my-own-tune", *FACTS), {"--developer", "--country", "--family"}),
        (("--model", "my-own-tune", *FACTS, "--developer", "Us", "--country", "JP"), {"--family"}),
        (("--model", "deepseek-r1:7b", *FACTS), {"--family"}),
        (("--model", "qwen2.5:7b", "--checked-by", "", "--host-country", "JP"), {"--checked-by"}),
    ],
)
def test_what_cannot_be_known_is_asked_for_at_once(command, given_words, missing):
    """Every fact that is missing is named in one refusal, and nothing is written."""
    done = command.run("seat", "--url", NOBODY, *given_words)

    assert done.reason == "facts_missing"
    assert set(done.error.facts["missing"]) == missing
    assert done.error.exit_code == 2
    assert not command.home.exists()


@pytest.mark.parametrize(
    "words", [(), ("--url", NOBODY, "--council", "x"), ("--gguf", "x", "--url", NOBODY)], ids=str
)
def test_one_thing_is_seated_at_a_time(command, words):
    """A card of a server, a card of a file, a council: none or two of them are refused."""
    assert command.run("seat", *words).reason == "one_of"
    assert not command.home.exists()


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:1/v1",
        "https://api.example.invalid/v1",
        "http://192.0.2.1/v1",
        "127.0.0.1:1",
        "",
        "x",
    ],
)
def test_only_servers_of_this_machine_are_seated(command, url):
    """A name or another machine's address is refused: its facts are in a contract, not in a command."""
    done = command.run("seat", "--url", url, "--model", "qwen2.5:7b", *FACTS)

    assert done.reason == "not_loopback"
    assert not command.home.exists()


def test_a_bare_address_means_its_v1(command):
    """An address without a path gets the one under which all these servers answer."""
    command.run("seat", "--url", "http://127.0.0.1:1/", "--model", "qwen2.5:7b", *FACTS)

    assert card_of(command, "qwen2.5-7b").endpoint.base_url == NOBODY


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("--country", "Japan"), ("--host-country", "jp"), ("--id", "Über"), ("--id", "../x"), ("--key-env", "a b"),
        ("--title", "x" * 201), ("--title", "\udcff"),
    ],
)  # fmt: skip
def test_values_that_a_card_may_not_hold_are_refused(command, word, value):
    """What the loader would refuse is refused before it is written, with the key."""
    done = command.run(*QWEN, word, value)

    assert done.reason == "keys"
    assert not command.home.exists()


def test_the_first_card_brings_the_whole_folder(command):
    """Around the first card stand all shipped cards, councils and templates, byte for byte."""
    command.run(*QWEN)
    own = files(command.home / "assets")
    own.pop("agents/qwen2.5-7b.toml")
    root = assets_root(None)
    shipped = {
        f"{part}/{name}": body for part in ("agents", "prompts") for name, body in files(root / part).items()
    }

    assert own == shipped


def test_a_named_folder_is_used_instead_of_the_home(command, tmp_path):
    """With MAGI_ASSETS_DIR the card lands there, and the home stays as it was."""
    command.run(*QWEN, MAGI_ASSETS_DIR=tmp_path / "named")

    assert "qwen2.5-7b" in load_assets(tmp_path / "named").cards
    assert not command.home.exists()


def test_a_broken_folder_is_named_and_left_alone(command):
    """While a file of the folder is broken nothing is added to it."""
    command.run(*QWEN)
    (command.agents / "elyza-jp-70b.toml").write_text("id = ")
    before = files(command.home)
    done = command.run(*QWEN, "--id", "other")

    assert done.reason == "toml"
    assert files(command.home) == before


def test_an_existing_card_is_never_overwritten(command):
    """A second card of the same name is refused and changes nothing; --force replaces it."""
    command.run(*QWEN)
    before = files(command.home)
    refused = command.run(*QWEN, "--title", "Second")
    after = files(command.home)
    forced = command.run(*QWEN, "--title", "Second", "--force")

    assert refused.reason == "exists"
    assert after == before
    assert (forced.error, card_of(command, "qwen2.5-7b").title) == (None, "Second")
    assert set(files(command.home)) == set(before)


def test_what_the_server_offers_is_compared_with_the_card(command, server):
    """A model that the server offers is confirmed; a misspelt one is met with the names there are."""
    url = server("qwen2.5:7b", "gemma3:4b")
    right = command.run("seat", "--url", url, "--model", "gemma3:4b", *FACTS)
    wrong = command.run("seat", "--url", url, "--model", "gemma3:12b", *FACTS)

    assert f"{url} は gemma3:4b を提供しています" in right.out
    assert "あるもの: qwen2.5:7b、gemma3:4b" in wrong.out


def test_a_file_of_weights_is_pinned_by_its_real_digest(command, tmp_path):
    """From a file come its digest and the command that serves it; on a closed network it may see internal text."""
    file = tmp_path / "Qwen2.5-7B-Instruct.Q4_K_M.gguf"
    file.write_bytes(b"GGUF and more")
    sha = hashlib.sha256(b"GGUF and more").hexdigest()
    done = command.run("seat", "--gguf", file, "--port", "18081", "--closed-network", "--id", "own", *FACTS)
    card = card_of(command, "own")
    served = next(shlex.split(line) for line in done.out.splitlines() if line.startswith("  magi local"))

    assert (card.backend.weights_sha, card.endpoint.base_url) == (sha, "http://127.0.0.1:18081/v1")
    assert card.endpoint.model == "qwen2.5-7b-instruct.q4_k_m"
    assert Label.INTERNAL in may_see(command, card)
    assert served == ["magi", "local", str(file), "--sha256", sha, "--port", "18081"]


@pytest.mark.parametrize(
    ("body", "port", "reason"),
    [
        (b"GGUF", None, "facts_missing"),
        (b"GGU", "1", "not_gguf"),
        (b"", "1", "not_gguf"),
        (None, "1", "not_found"),
    ],
)
def test_a_file_that_cannot_be_served_is_not_seated(command, tmp_path, body, port, reason):
    """No port, no file, or no GGUF file: refused, nothing written."""
    file = tmp_path / "w.gguf"
    if body is not None:
        file.write_bytes(body)
    words = ("--port", port) if port else ()
    done = command.run("seat", "--gguf", file, *words, "--model", "qwen2.5:7b", *FACTS)

    assert done.reason == reason
    assert not command.home.exists()


def test_a_council_of_three_makers_is_written(command):
    """Seats named after personas sit as those, with a majority as quorum, and the council is there to be asked."""
    three(command)
    command.run("seat", "--url", NOBODY, "--model", "llama3.2:3b", "--id", "spare", *FACTS)
    done = council(command, "melchior=my-qwen", "balthasar-2=my-llama, spare", "casper=my-gemma")
    written = load_assets(command.home / "assets").council("mine")

    assert done.error is None
    assert [(seat.seat, seat.persona, seat.targets) for seat in written.seats] == [
        ("melchior", "melchior@1", ("my-qwen",)),
        ("balthasar-2", "balthasar@1", ("my-llama", "spare")),
        ("casper", "casper@1", ("my-gemma",)),
    ]
    assert (written.quorum, written.rule.name) == (2, "majority")
    assert "magi ask --council mine" in done.out


@pytest.mark.parametrize(
    ("seats", "more", "reason"),
    [
        (("melchior=my-qwen", "casper=my-llama"), (), "too_few_seats"),
        (("melchior=my-qwen", "balthasar=my-qwen", "casper=my-qwen"), (), "too_few_families"),
        (("melchior=my-qwen", "balthasar=my-qwen", "casper=my-llama"), (), "one_vendor_decides"),
        (("melchior=my-qwen", "balthasar=my-llama", "casper=nobody"), (), "card"),
        (("melchior=my-qwen", "balthasar=my-llama", "first=my-gemma"), (), "persona_missing"),
        (
            ("melchior=my-qwen", "balthasar=my-llama", "casper=my-gemma"),
            ("--persona", "casper=nobody@1"),
            "persona_missing",
        ),
        (
            ("melchior=my-qwen", "balthasar=my-llama", "casper=my-gemma"),
            ("--persona", "other=casper@1"),
            "persona_missing",
        ),
        (
            ("melchior=my-qwen", "balthasar=my-llama", "casper=my-gemma"),
            ("--quorum", "4"),
            "quorum_over_seats",
        ),
        (("melchior=my-qwen", "melchior=my-llama", "casper=my-gemma"), (), "seat_form"),
        (("melchior", "balthasar=my-llama", "casper=my-gemma"), (), "seat_form"),
        (("melchior=my-qwen", "balthasar=my-llama", "casper=my-gemma"), ("--persona", "x"), "persona_form"),
        (("melchior=my-qwen,", "balthasar=my-llama", "casper=my-gemma"), (), "keys"),
    ],
)
def test_a_council_that_may_not_deliberate_is_not_written(command, seats, more, reason):
    """Every refusal of the check names its reason before anything is written."""
    three(command)
    before = files(command.home)

    assert council(command, *seats, more=more).reason == reason
    assert files(command.home) == before


def test_a_persona_can_be_chosen_by_name(command):
    """A seat of any name sits as the persona that it is given."""
    three(command)
    more = ("--persona", "first=casper@1")
    done = council(command, "melchior=my-qwen", "balthasar=my-llama", "first=my-gemma", more=more)

    assert done.error is None
    assert load_assets(command.home / "assets").council("mine").seats[2].persona == "casper@1"


def test_an_existing_council_is_never_overwritten(command):
    """The same name again is refused; the shipped councils are safe too."""
    three(command)
    seats = ("melchior=my-qwen", "balthasar=my-llama", "casper=my-gemma")
    council(command, *seats)
    before = files(command.home)

    assert council(command, *seats).reason == "exists"
    assert command.run(
        "seat", "--council", "magi", *(w for s in seats for w in ("--seat", s))
    ).reason == "exists"  # fmt: skip
    assert files(command.home) == before


@given(st.dictionaries(KEY, VALUE))
def test_every_value_survives_the_file(table):
    """Whatever text stands in a value, the file's table is the table that was written."""
    read = tomllib.loads(toml({"": table, "more": table}))
    plain = {key: list(value) if isinstance(value, tuple) else value for key, value in table.items()}

    assert read == plain | {"more": plain}


@given(TEXT.filter(str.strip), TEXT)
def test_a_card_holds_what_was_said(title, checker):
    """Titles and names of people reach the card as they were given."""
    order = CardOrder(
        NOBODY, "qwen2.5:7b", checked_by=f"x{checker}", host_country="JP", title=f"x{title}"
    )  # fmt: skip
    card, text = card_file(order, today())

    assert (card.title, card.backend.checked_by) == (f"x{title}", f"x{checker}")
    assert tomllib.loads(text)["title"] == card.title


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("qwen2.5:7b", "qwen2.5-7b"),
        ("elyza/Llama-3.1-ELYZA-JP-70B", "llama-3.1-elyza-jp-70b"),
        ("a__b", "a-b"),
        ("x" * 99, "x" * 64),
    ],
)
def test_a_card_is_named_after_its_model(model, name):
    """The id is the model's own name in the letters that an id may hold."""
    assert id_of(model) == name
