"""Laws that compel access, and endpoints that contradict their cards."""

import datetime

import pytest

from magi.core.card import Proof, Subprocessor
from magi.residency.contradictions import contradictions
from magi.residency.laws import LAWS, laws_over, undeclared, under_prc, unlisted

US_LAWS = ("US CLOUD Act", "US FISA 702")
US = {"provider_country": "US", "parent_country": "US", "exposed_law": US_LAWS}
AMAZON = (Subprocessor(name="AWS", country="US"),)
CN = {"provider_country": "CN", "parent_country": "CN"}


@pytest.mark.parametrize("place", ["provider_country", "parent_country", "host_country"])
def test_laws_follow_operator_parent_and_host(build, place):
    """Any one of the three places brings its country's laws, and only those."""
    card = build.card(**{place: "US"})

    assert {law.id for law in laws_over(card, build.DAY)} == set(US_LAWS)
    assert laws_over(build.card(), build.DAY) == ()


@pytest.mark.parametrize(
    ("law_id", "country", "since"),
    [
        ("US CLOUD Act", "US", "2018-03-23"),
        ("PRC National Intelligence Law", "CN", "2017-06-28"),
        ("PRC Data Security Law", "CN", "2021-09-01"),
        ("EU e-Evidence", "DE", "2026-08-18"),
    ],
)
def test_a_law_counts_from_its_day(build, law_id, country, since):
    """A law is over a card on the day it entered into force, and not on the day before."""
    card, day = build.card(parent_country=country), datetime.date.fromisoformat(since)

    def found(on):
        return law_id in {law.id for law in laws_over(card, on)}

    assert found(day)
    assert not found(day - datetime.timedelta(days=1))


@pytest.mark.parametrize(
    ("declared", "left"),
    [
        ((), set(US_LAWS)),
        (US_LAWS[:1], {"US FISA 702"}),
        (("米国クラウド法", "us fisa 702 (50 U.S.C. 1881a)"), set()),
        (("unknown",), set(US_LAWS)),
        (("PRC Data Security Law",), set(US_LAWS)),
    ],
    ids=["nothing", "one", "both", "unknown", "another"],
)
def test_a_law_left_out_is_found(build, declared, left):
    """The card's own words, in Japanese or English and any case, declare a law; what they leave out is known."""
    card = build.card(provider_country="US", exposed_law=declared)

    assert {law.id for law in undeclared(card, build.DAY)} == left


def test_a_country_without_a_line_is_known_as_such(build):
    """A foreign country whose laws the table lacks is named; Japan, the PRC and the listed ones are not."""
    assert unlisted(build.card(parent_country="KR")) == ("KR",)
    assert [unlisted(build.card(parent_country=c)) for c in ("JP", "US", "GB", "HK", "unknown")] == [()] * 5


def test_every_law_has_a_source_and_one_line_a_country():
    """No law without source, titles and day; a law stands once for each country."""
    assert all(law.source and law.title_ja and law.title_en and law.in_force_from for law in LAWS)
    assert len({(law.id, law.country) for law in LAWS}) == len(LAWS)


def test_a_japanese_backend_is_not_under_the_prc(build):
    """Weights from the PRC alone put no operator under its jurisdiction."""
    assert not under_prc(build.card(weights_origin=("Qwen",), developer_country="CN"))


# Contradictions.


def at(build, url, **changes):
    """A card at an address."""
    host = url.split("://")[1].split("/")[0].split(":")[0]
    return build.card(base_url=url, allowed_hosts=(host,), **changes)


@pytest.mark.parametrize(
    ("url", "facts", "code"),
    [
        ("https://api.openai.com/v1", US, "endpoint_contradicts_scope"),
        ("https://eu.api.openai.com/v1", US, "endpoint_contradicts_scope"),
        ("https://api.openai.com./v1", US, "endpoint_contradicts_scope"),
        ("https://api.openai.com:443/v1", US, "endpoint_contradicts_scope"),
        ("https://jp.api.openai.com/v1", {}, "endpoint_contradicts_operator"),
        ("https://own.openai.azure.com/openai", {}, "endpoint_contradicts_operator"),
        ("https://aiplatform.googleapis.com/v1", US, "endpoint_contradicts_scope"),
        ("https://us-central1-aiplatform.googleapis.com/v1", US, "endpoint_contradicts_scope"),
        ("https://generativelanguage.googleapis.com/v1beta/openai", US, "endpoint_contradicts_scope"),
        ("https://api.anthropic.com/v1", US, "endpoint_contradicts_host"),
        ("https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1", US, "endpoint_contradicts_scope"),
        ("https://bedrock-mantle.us-east-1.api.aws/v1", US, "endpoint_contradicts_host"),
        ("https://bedrock-runtime.ap-northeast-1.amazonaws.com", {}, "endpoint_contradicts_operator"),
        ("https://dashscope-intl.aliyuncs.com/compatible-mode/v1", CN, "endpoint_contradicts_scope"),
        ("https://w.ap-northeast-1.maas.aliyuncs.com/compatible-mode/v1", CN, "endpoint_contradicts_scope"),
        ("https://api.deepseek.com", {}, "endpoint_contradicts_operator"),
        ("https://qianfan.baidubce.com/v2", US, "endpoint_contradicts_operator"),
        ("https://ark.cn-beijing.volces.com/api/v3", {}, "endpoint_contradicts_operator"),
        ("https://api.hunyuan.cloud.tencent.com/v1", {}, "endpoint_contradicts_operator"),
        ("https://w.ap-northeast-1.maas.aliyuncs.com", {}, "endpoint_contradicts_operator"),
        ("https://openrouter.ai/api/v1", US, "endpoint_is_router"),
        ("https://x.execute-api.ap-northeast-1.amazonaws.com/v1", {}, "endpoint_contradicts_operator"),
        ("https://own.azure-api.net/v1", {"subprocessors": "unknown"}, "endpoint_contradicts_operator"),
        ("https://own-an.a.run.app/v1", {"subprocessors": ("Google",)}, "endpoint_contradicts_operator"),
    ],
)
def test_an_endpoint_refutes_its_card(build, url, facts, code):
    """A claim that the provider's own documentation rules out for this host is found, and nothing may go there."""
    assert code in contradictions(at(build, url, **facts))


@pytest.mark.parametrize(
    ("url", "facts"),
    [
        ("https://jp.api.openai.com/v1", US),
        ("https://api.openai.com/v1", US | {"inference_scope": "GLOBAL"}),
        ("https://own.openai.azure.com/openai", US),
        ("https://asia-northeast1-aiplatform.googleapis.com/v1", US),
        ("https://bedrock-runtime.ap-northeast-1.amazonaws.com/openai/v1", US),
        ("https://bedrock-mantle.ap-northeast-3.api.aws/v1", US),
        ("https://bedrock.example.jp/v1", {}),
        ("https://notapi.deepseek.com.example.jp/v1", {}),
        ("https://api.platform.preferredai.jp/v1", {}),
        ("https://x.execute-api.ap-northeast-1.amazonaws.com/v1", {"subprocessors": AMAZON}),
        ("https://x.execute-api.ap-northeast-1.amazonaws.com/v1", US),
        ("https://api.deepseek.com", CN | {"host_country": "CN", "inference_scope": "GLOBAL"}),
    ],
)
def test_a_host_that_fits_is_no_contradiction(build, url, facts):
    """Hosts that may be in Japan, honest cards, and names that only look alike are left to the other rules."""
    assert contradictions(at(build, url, **facts)) == ()


@pytest.mark.parametrize(
    ("model", "code"),
    [
        ("global.anthropic.claude-sonnet-4", "endpoint_contradicts_scope"),
        ("apac.anthropic.claude-sonnet-4", "endpoint_contradicts_scope"),
        ("us.amazon.nova-pro-v1:0", "endpoint_contradicts_scope"),
        ("EU.anthropic.claude", "endpoint_contradicts_scope"),
        ("auto", "model_alias"),
        ("openrouter/auto", "model_alias"),
        ("model-router", "model_alias"),
        ("auto-router", "model_alias"),
        ("chatgpt-4o-latest", "model_alias"),
        ("mistral-large:latest", "model_alias"),
    ],
)
def test_a_model_name_refutes_its_card(build, model, code):
    """A profile prefix that leaves Japan, or a name that stands for no one model, is found."""
    assert code in contradictions(at(build, "https://api.example.jp/v1", model=model, **US))


@pytest.mark.parametrize(
    "model",
    ["jp.anthropic.claude-sonnet-4", "gpt-4.1", "plamo-3.0-prime", "autoscribe-7b", "us-history", "m"],
)
def test_a_plain_model_name_refutes_nothing(build, model):
    """Japan's own profile prefix and names of one model pass."""
    assert contradictions(at(build, "https://api.example.jp/v1", model=model, **US)) == ()


def test_a_tag_on_this_machine_is_no_alias(build):
    """A model server of one's own tags its only copy latest; auto is refused even there."""
    assert contradictions(build.card(model="qwen2.5:latest")) == ()
    assert contradictions(build.card(model="auto")) == ("model_alias",)
    assert contradictions(at(build, "http://127.0.0.1.example.jp/v1", model="qwen2.5:latest")) == (
        "model_alias",
    )


@pytest.mark.parametrize("day", ["2026-11-22", "2020-01-01"])
def test_a_proof_of_another_scope_refutes_its_card(build, day):
    """Whoever saw another inference scope than the card claims, however long ago, is believed."""
    proof = Proof(fact="inference_scope", value="GLOBAL", day=day, how="probe", by="x")

    assert contradictions(build.card(proofs=(proof,))) == ("proof_contradicts_card",)
    assert contradictions(build.card(proofs=(proof.model_copy(update={"value": "JP"}),))) == ()
