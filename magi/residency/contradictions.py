"""What an endpoint says of itself against what its card claims: such a card is wrong, and nothing goes there.

A host name proves nothing in a card's favour (the same host serves several places), but it can refute: the
global host of a provider is not in Japan, and a host of the PRC's providers is operated from there. The tables
hold documented facts of providers as data. A contradiction denies public text too. Leaves to others: facts that
neither file nor host can show (`proofs`), the ruling (`policy`).
"""

import re
from dataclasses import dataclass

from magi.core.card import UNKNOWN, Card, host_of
from magi.residency.laws import JAPAN, PRC_PLACES

SCOPE, HOST, OPERATOR = (
    "endpoint_contradicts_scope",
    "endpoint_contradicts_host",
    "endpoint_contradicts_operator",
)
ALIAS, ROUTER, PROOF = "model_alias", "endpoint_is_router", "proof_contradicts_card"

NOT_JAPAN = frozenset({JAPAN})
"""What the global endpoint of a provider, or one of another region, refutes: the claim to be in Japan."""


@dataclass(frozen=True)
class Endpoints:
    """Endpoints of one kind, by a pattern over the whole host name, and what may not be claimed of them.

    `operators` are the countries whose operators run such hosts, `clouds` those whose clouds they stand on (the
    card's operator may be another, if it names a subprocessor of that country); `not_scope` and `not_host` are claims
    that the endpoint refutes.
    """

    host: re.Pattern[str]
    operators: frozenset[str] = frozenset()
    not_scope: frozenset[str] = frozenset()
    not_host: frozenset[str] = frozenset()
    clouds: frozenset[str] = frozenset()


def _under(*domains: str) -> re.Pattern[str]:
    """The domains themselves and every name under them."""
    return re.compile(rf"(?:[a-z0-9-]+\.)*(?:{'|'.join(re.escape(domain) for domain in domains)})")


def _bedrock(region: str) -> re.Pattern[str]:
    """Bedrock's hosts in regions of a pattern, private ones of a customer's network included."""
    return re.compile(rf"(?:[a-z0-9-]+\.)*bedrock[a-z-]*\.{region}\.(?:vpce\.)?(?:amazonaws\.com|api\.aws)")


def _of(country: str) -> frozenset[str]:
    return frozenset({country})


# Sources: the providers' own documentation as of BACKENDS.md; [S] generally known, not opened.
ENDPOINTS: tuple[Endpoints, ...] = (
    # OpenAI: inference in a region only through that region's host and a project of that region.
    Endpoints(_under("api.openai.com"), operators=_of("US")),
    Endpoints(re.compile(r"(?!jp\.)(?:[a-z0-9-]+\.)*api\.openai\.com"), not_scope=NOT_JAPAN),
    # Azure OpenAI: one host name for every deployment SKU; the SKU needs a proof.
    Endpoints(_under("openai.azure.com", "cognitiveservices.azure.com", "services.ai.azure.com"), _of("US")),
    # Bedrock: the region of the host is where a request enters; Japan is Tokyo and Osaka.
    Endpoints(_bedrock("[a-z0-9-]+"), operators=_of("US")),
    Endpoints(
        _bedrock(r"(?!ap-northeast-[13]\.)[a-z0-9-]+"),
        not_scope=NOT_JAPAN,
        not_host=NOT_JAPAN,
    ),
    # Vertex: the host without a region is the global one, with no promise of a place.
    Endpoints(re.compile(r"(?:[a-z0-9-]+-)?aiplatform\.googleapis\.com"), operators=_of("US")),
    Endpoints(
        re.compile(r"(?!asia-northeast[12]-)(?:[a-z0-9-]+-)?aiplatform\.googleapis\.com"), not_scope=NOT_JAPAN
    ),
    # Gemini API: no region at all.
    Endpoints(_under("generativelanguage.googleapis.com"), operators=_of("US"), not_scope=NOT_JAPAN),
    # Whoever runs a service on a foreign cloud, data-centre location alone never makes it domestic.
    Endpoints(
        _under(
            "amazonaws.com", "api.aws", "azure.com", "azurewebsites.net", "azure-api.net", "googleapis.com"
        ),
        clouds=_of("US"),
    ),
    Endpoints(_under("run.app", "cloudfunctions.net", "oraclecloud.com"), clouds=_of("US")),  # [S]
    # Anthropic: inference_geo is only "global" or "us".
    Endpoints(_under("api.anthropic.com"), operators=_of("US"), not_scope=NOT_JAPAN, not_host=NOT_JAPAN),
    Endpoints(_under("api.x.ai"), operators=_of("US"), not_scope=NOT_JAPAN, not_host=NOT_JAPAN),  # [S]
    Endpoints(_under("api.mistral.ai"), operators=_of("FR"), not_scope=NOT_JAPAN, not_host=NOT_JAPAN),  # [S]
    Endpoints(_under("api.cohere.com", "api.cohere.ai"), operators=_of("CA"), not_scope=NOT_JAPAN),  # [S]
    # Alibaba: the deployment scope is the inference place; Global is any node, the mainland included.
    Endpoints(_under("aliyuncs.com"), operators=PRC_PLACES, not_scope=NOT_JAPAN),
    Endpoints(
        _under("api.deepseek.com", "baidubce.com", "volces.com", "cloud.tencent.com", "tencentcloudapi.com"),
        operators=PRC_PLACES,
        not_scope=NOT_JAPAN,
        not_host=NOT_JAPAN,
    ),
    Endpoints(
        _under(
            "bigmodel.cn", "moonshot.cn", "minimaxi.com", "minimax.chat", "sensenova.cn", "baichuan-ai.com"
        ),
        operators=PRC_PLACES,
        not_scope=NOT_JAPAN,
        not_host=NOT_JAPAN,
    ),  # [S]
    Endpoints(
        _under("lingyiwanwu.com", "myhuaweicloud.com"), operators=PRC_PLACES, not_scope=NOT_JAPAN
    ),  # [S]
)
ROUTERS = _under("openrouter.ai", "requesty.ai", "portkey.ai")  # [S]
"""Services that pass a request on to whichever provider they choose."""

PLACE_IN_MODEL = re.compile(r"(?:global|apac|us|us-gov|eu|au|ca)\.[a-z0-9-]+\..+")
"""A Bedrock inference profile that leaves Japan: the prefix of the model id decides the place."""
CHOOSES_ITSELF = re.compile(r"(?:.*[/:@_-])?(?:auto|router|auto-router)(?:[:@].*)?")
"""Names that stand for whichever model the other side picks."""
MOVES = re.compile(r"(?:.*[/:@_-])?latest")
"""Names that stand for another model tomorrow; on this machine a tag of the model's own server."""

LOOPBACK = re.compile(r"127(?:\.\d{1,3}){3}")


def contradictions(card: Card) -> tuple[str, ...]:
    """Every code of a claim that the card's own endpoint, model name or proofs refute; none is the good case."""
    backend, found = card.backend, []
    hosts = {
        host.strip().strip(".").lower() for host in (host_of(card.endpoint.base_url), *backend.allowed_hosts)
    }
    for kind in ENDPOINTS:
        if not any(kind.host.fullmatch(host) for host in hosts):
            continue
        if backend.inference_scope in kind.not_scope:
            found.append(SCOPE)
        if backend.host_country in kind.not_host:
            found.append(HOST)
        if kind.operators and backend.provider_country not in kind.operators | {UNKNOWN}:
            found.append(OPERATOR)
        if kind.clouds and not kind.clouds & _named(card):
            found.append(OPERATOR)
    if any(ROUTERS.fullmatch(host) for host in hosts):
        found.append(ROUTER)
    return tuple(dict.fromkeys([*found, *_of_the_model(card, hosts), *_of_proofs(card)]))


def _named(card: Card) -> set[str]:
    """The countries of the operator and of the subprocessors that the card names."""
    hands = () if isinstance(card.backend.subprocessors, str) else card.backend.subprocessors
    return {card.backend.provider_country, *(hand.country for hand in hands if not isinstance(hand, str))}


def _of_the_model(card: Card, hosts: set[str]) -> list[str]:
    model, found = card.endpoint.model.strip().lower(), []
    if PLACE_IN_MODEL.fullmatch(model) and card.backend.inference_scope == JAPAN:
        found.append(SCOPE)
    local = all(LOOPBACK.fullmatch(host) for host in hosts)
    if CHOOSES_ITSELF.fullmatch(model) or (MOVES.fullmatch(model) and not local):
        found.append(ALIAS)
    return found


def _of_proofs(card: Card) -> list[str]:
    """A probe or attestation, however old, that saw another inference scope than the card claims."""
    claim = card.backend.inference_scope
    return [PROOF for proof in card.proofs if proof.fact == "inference_scope" and proof.value != claim]
