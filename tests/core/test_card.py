"""Agent cards: what a file may say, what is refused, and that no refusal quotes a value."""

import copy

import pytest

from magi.core.card import Ancestor, Backend, Card, Endpoint, Model, Proof, Subprocessor, host_of, parse_card
from magi.core.errors import MalformedFileError

CANARY = "ひみつの値-canary-0815"
PARTS = {"model": Model, "endpoint": Endpoint, "backend": Backend}
NEEDED = {
    part: [key for key, field in kind.model_fields.items() if field.is_required()]
    for part, kind in PARTS.items()
}
MAY_BE_ABSENT = {("endpoint", "answers_as"): ["m2"], ("endpoint", "answers_from"): ["japaneast"]}
MAY_BE_ABSENT |= {("backend", "recorded"): {"entrustment": "2026-11-01"}}
MAY_BE_ABSENT |= {("model", "knowledge_cutoff"): "2024-06-01"}
"""Facts whose absence says nothing in the card's favour, with one example each."""
KEYS = [("id",), ("title",), *((part, key) for part, kind in PARTS.items() for key in kind.model_fields)]
MAY_BE_UNKNOWN = {
    "host_country",
    "inference_scope",
    "provider_country",
    "parent_country",
    "weights_sha",
    "trains_on_input",
    "retention_days",
    "human_review",
    "ismap",
    "gov_cloud",
    "closed_network",
    "zone",
    "contract",
    "subprocessors",
}
OTHER = {
    ("endpoint", "base_url"): "http://127.0.0.1:10/v1",
    ("endpoint", "key_env"): "K",
    ("endpoint", "structured"): "none",
    ("endpoint", "stream"): True,
    ("model", "developer_country"): "US",
    ("model", "training_disclosure"): "none",
    ("model", "weights_origin"): ["other"],
    ("backend", "inference_scope"): "GLOBAL",
    ("backend", "weights_origin"): ["US"],
    ("backend", "exposed_law"): ["x"],
    ("backend", "subprocessors"): ["x"],
    ("backend", "allowed_hosts"): ["127.0.0.1", "x"],
    ("backend", "weights_sha"): "none",
    ("backend", "ismap"): {"id": "C1", "checked_on": "2026-11-01"},
    ("backend", "zone"): "lgwan",
    ("backend", "contract"): "terms",
    ("backend", "cert_pin"): "system-ca",
    ("backend", "checked_on"): "2026-11-21",
}


def put(table, path, value):
    """A copy of a table with one value replaced."""
    table = copy.deepcopy(table)
    (table[path[0]] if len(path) > 1 else table)[path[-1]] = value
    return table


def refused(table):
    """The problems that a table is refused for."""
    with pytest.raises(MalformedFileError) as caught:
        parse_card(table, "cards/x.toml")
    assert caught.value.facts["file"] == "cards/x.toml"
    return caught.value.facts["problems"]


def test_a_whole_table_is_read(build):
    """A complete table gives the card that its fields name, live."""
    card = parse_card(build.card_table(), "x")

    assert card == build.card()
    assert card.origin == "live"


def test_all_missing_keys_are_named_at_once():
    """An empty file's refusal names every section, and empty sections name every one of their keys."""
    whole = refused({})
    sections = refused({"id": "a", "title": "t", "model": {}, "endpoint": {}, "backend": {}})

    assert {p.split(":")[0] for p in whole} == {"id", "title", *PARTS}
    assert {p.split(":")[0] for p in sections} == {
        f"{part}.{key}" for part, keys in NEEDED.items() for key in keys
    }
    assert {(part, key) for part, kind in PARTS.items() for key in kind.model_fields} - {
        (part, key) for part, keys in NEEDED.items() for key in keys
    } == set(MAY_BE_ABSENT)


@pytest.mark.parametrize("path", [("surprise",), *((part, "surprise") for part in PARTS)])
def test_an_unknown_key_is_refused_by_name(build, path):
    """A key that the schema does not know is refused wherever it stands."""
    (problem,) = refused(put(build.card_table(), path, 1))

    assert problem.startswith(".".join(path) + ":")


@pytest.mark.parametrize("origin", ["live", "scripted", "recorded"])
def test_origin_may_not_stand_in_a_file(build, origin):
    """No file can mark its own card as a stand-in, or as live."""
    (problem,) = refused(put(build.card_table(), ("origin",), origin))

    assert problem.startswith("origin:")


@pytest.mark.parametrize("key", ["lineage", "proofs"])
@pytest.mark.parametrize("value", [[], "", [{"name": "x", "developer": "x", "country": "JP"}]], ids=repr)
def test_what_is_bound_may_not_stand_in_a_file(build, key, value):
    """No file can claim its own ancestors or proofs, and the refusal names the file's other problems too."""
    alone = refused(put(build.card_table(), (key,), value))
    beside = refused(put(put(build.card_table(), (key,), value), ("backend", "zone"), "moon"))

    assert [problem.split(":")[0] for problem in alone] == [key]
    assert [problem.split(":")[0] for problem in beside] == [key, "backend.zone"]


def test_subprocessors_have_a_country_or_none_known(build):
    """A subprocessor is a name, whose country nobody knows, or a table with both."""
    table = put(
        build.card_table(), ("backend", "subprocessors"), ["S", {"name": "T", "country": "US"}, {"name": "U"}]
    )

    assert parse_card(table, "x").backend.subprocessors == (
        "S",
        Subprocessor(name="T", country="US"),
        Subprocessor(name="U", country="unknown"),
    )


@pytest.mark.parametrize(
    "recorded", [{"entrustment": "soon"}, {"entrustment": 1}, {"No Word": "2026-11-01"}, []], ids=str
)
def test_a_recorded_condition_has_a_day(build, recorded):
    """A condition on record is a plain word with a calendar day; anything else is refused."""
    assert refused(put(build.card_table(), ("backend", "recorded"), recorded))


def test_the_digest_leaves_proofs_out_and_covers_lineage(build):
    """A probe at every start does not make another card; another lineage does."""
    card = build.card()
    proof = Proof(fact="inference_scope", value="JP", day="2026-11-01", how="probe", by="x")
    line = Ancestor(name="base", developer="x", country="JP")

    assert build.card(proofs=(proof,)).digest == card.digest
    assert build.card(lineage=(line,)).digest != card.digest
    assert build.card(lineage=(line,)).digest != build.card(lineage=()).digest


@pytest.mark.parametrize(
    "url", ["https://evil.example/v1", "http://127.0.0.10/v1", "http://127.0.0.1.evil.example:9/v1"]
)
def test_a_host_outside_the_list_is_refused(build, url):
    """The endpoint's host must be one of the backend's allowed hosts, exactly."""
    (problem,) = refused(put(build.card_table(), ("endpoint", "base_url"), url))

    assert "allowed_hosts" in problem


@pytest.mark.parametrize(
    "url",
    [
        "http://user@127.0.0.1/v1",
        "http://127.0.0.1/v1?key=1",
        "http://127.0.0.1\\@evil.example/",
        "http://127.0.0.1/v1#x",
        "ftp://127.0.0.1/",
        "http://１２７.0.0.1/",
        "http://127.0.0.1/v1\n",
        "http://127.0.0.1/%2e",
    ],
)
def test_urls_that_parsers_read_differently_are_refused(build, url):
    """User info, query, fragment, backslash, full-width letters, percent and line ends stand in no base URL."""
    problems = refused(put(build.card_table(), ("endpoint", "base_url"), url))

    assert any(p.startswith("endpoint.base_url:") for p in problems)


@pytest.mark.parametrize("key", sorted(Backend.model_fields))
def test_unknown_stands_where_the_schema_says_so(build, key):
    """The word unknown is a value of just those backend facts that somebody may not have checked."""
    table = put(build.card_table(), ("backend", key), "unknown")
    free_text = key in {"operator", "evidence_url", "checked_by"}

    if key in MAY_BE_UNKNOWN:
        assert getattr(parse_card(table, "x").backend, key) == "unknown"
    elif not free_text:
        assert refused(table)


@pytest.mark.parametrize("path", KEYS, ids=".".join)
def test_no_refusal_quotes_the_value(build, path):
    """Whatever wrong value stands in whichever key, neither the error nor its causes hold it."""
    for value in (CANARY * 30, [CANARY], {"id": CANARY}):
        told = ""
        try:
            parse_card(put(build.card_table(), path, value), "x")
        except MalformedFileError as error:
            told = f"{error} {error.__cause__}"

        assert CANARY not in told


@pytest.mark.parametrize("path", [key for key in KEYS if key[-1] != "protocol"], ids=".".join)
def test_the_digest_covers_every_key(build, path):
    """Any field that changes gives another digest (of the protocol there is only one yet)."""
    table = build.card_table()
    old = table[path[0]] if len(path) == 1 else table[path[0]].get(path[1])
    other = OTHER.get(path, MAY_BE_ABSENT.get(path))
    if other is None:
        other = (not old) if isinstance(old, bool) else old + 1 if isinstance(old, int) else f"{old}x"
    if path[-1].endswith("_country"):
        other = "US"

    assert parse_card(put(table, path, other), "x").digest != parse_card(table, "x").digest


def test_an_unknown_cut_off_is_not_written(build):
    """Whether nobody states a knowledge cut-off or the card says unknown, its bytes are those of before the field."""
    table = build.card_table()
    card = parse_card(table, "x")
    said = parse_card(put(table, ("model", "knowledge_cutoff"), "unknown"), "x")

    assert said.digest == card.digest
    assert "knowledge_cutoff" not in said.model_dump()["model"]


@pytest.mark.parametrize("value", ["2024-06", "2024-06-31", "soon", ""])
def test_a_cut_off_is_a_day_or_unknown(build, value):
    """Anything else is refused by name."""
    (problem,) = refused(put(build.card_table(), ("model", "knowledge_cutoff"), value))

    assert problem.startswith("model.knowledge_cutoff:")


def test_the_digest_covers_the_origin(build):
    """A card bound to a stand-in has another digest than the live one."""
    live = build.card()

    assert live.model_copy(update={"origin": "scripted"}).digest != live.digest


def test_the_digest_is_the_same_for_any_order_of_keys(build):
    """Two files that say the same in another order give one digest."""
    table = build.card_table()
    turned = {key: table[key] for key in reversed(table)}
    turned["backend"] = {key: table["backend"][key] for key in reversed(table["backend"])}

    assert parse_card(turned, "x").digest == parse_card(table, "x").digest


def test_a_card_is_frozen(build):
    """No field of a parsed card can be set."""
    with pytest.raises(ValueError, match="frozen"):
        build.card().id = "other"

    assert Card.model_config["frozen"]


def test_text_is_not_a_number_or_a_truth(build):
    """Values keep their TOML type: no text is read as a number, no number as a truth."""
    for key, value in (("retention_days", "0"), ("gov_cloud", 1), ("trains_on_input", "false")):
        assert refused(put(build.card_table(), ("backend", key), value))


def test_host_of_drops_port_and_path():
    """The host of a base URL is what stands between the scheme and the port."""
    urls = ("http://127.0.0.1:9/v1", "https://api.example.jp/v1/x", "https://api.example.jp")

    assert [host_of(url) for url in urls] == ["127.0.0.1", "api.example.jp", "api.example.jp"]
