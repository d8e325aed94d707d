"""What a model's name says about its maker: well-known names as a whole, nothing for anything else."""

import pytest

from magi.assets import load_assets
from magi.cli.known_models import known_model


@pytest.mark.parametrize(
    ("name", "developer", "family"),
    [
        ("qwen2.5:7b", "Alibaba Cloud", "qwen"),
        ("Qwen/Qwen2.5-7B-Instruct-AWQ", "Alibaba Cloud", "qwen"),
        ("qwen3:30b-a3b-instruct-2507-q4_K_M", "Alibaba Cloud", "qwen"),
        ("llama3.1:8b", "Meta", "llama"),
        ("Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf", "Meta", "llama"),
        ("elyza/Llama-3.1-ELYZA-JP-70B", "ELYZA", "llama"),
        ("hf.co/somebody/gemma-2-2b-it-GGUF:Q4_K_M", "Google", "gemma"),
        ("gemma3n:e2b", "Google", "gemma"),
        ("mistral-nemo", "Mistral AI", "mistral"),
        ("mixtral:8x7b", "Mistral AI", "mistral"),
        ("phi4-mini", "Microsoft", "phi"),
        ("gpt-oss:20b", "OpenAI", "gpt-oss"),
        ("plamo-3-nict-8b-base", "Preferred Networks", "plamo"),
        ("llm-jp-3.1-8x13b-instruct4", "NII LLM-jp", "llm-jp"),
        ("sarashina2.2-3b-instruct-v0.1", "SB Intuitions", "sarashina"),
        ("deepseek-v3.1:671b", "DeepSeek", "deepseek"),
        ("deepseek-r1-distill-qwen-7b", "DeepSeek", "qwen"),
        ("SmolLM2-135M-Instruct.Q4_1", "Hugging Face", "smollm2"),
    ],
)
def test_a_well_known_name_says_who_made_it(name, developer, family):
    """Owner, size, version, quantisation and file ending do not hide a well-known model."""
    known = known_model(name)

    assert (known.developer, known.family) == (developer, family)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "model",
        "qwen2.5-7b-tuned-by-somebody",
        "Qwen2.5-bakeneko-32b",
        "llama-3.2-1b-instruct-abliterated",
        "phind-codellama",
        "philosopher",
        "llava",
        "DeepSeek-R1-0528-Qwen3-8B",
        "x-qwen2.5",
    ],
)
def test_a_name_that_says_more_is_not_known(name):
    """A model that somebody else made out of a well-known one, or that only sounds like one, is nobody's yet."""
    assert known_model(name) is None


def test_a_derived_model_keeps_its_lineage():
    """A Japanese model on foreign weights names both countries; a maker of several families names none of them."""
    assert known_model("Llama-3-ELYZA-JP-8B").lineage == ("US", "JP")
    assert known_model("TinySwallow-1.5B-Instruct").lineage == ("CN", "JP")
    assert known_model("deepseek-r1:7b").family is None


def test_the_table_spells_makers_as_the_cards_do():
    """A shipped card whose model is well known names the same developer, country and family."""
    cards = load_assets().cards.values()
    pairs = [(card, known) for card in cards if (known := known_model(card.endpoint.model))]

    assert len(pairs) >= 3
    assert [
        card.id
        for card, known in pairs
        if (card.model.developer, card.model.developer_country, card.model.family)
        != (known.developer, known.country, known.family)
    ] == []
