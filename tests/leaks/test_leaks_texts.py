"""Leak paths 31 to 35: texts that hide what they hold, and what looks into them."""

import ast
import base64
import gzip
import json
import operator
import os
import re
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from magi.core.space import ChoiceSpace
from magi.residency.label import Label
from magi.residency.labelling import label_texts
from magi.service.labelling import Labeller
from magi.service.question import MAX_CHARS, Turn

MAGI = Path(__file__).parents[2] / "magi"
PUBLIC = "庁舎の花壇に何を植えるとよいか"
AB = ChoiceSpace(options=("ア", "イ"))
PERSON = "山田太郎さんの個人番号は123456789018です。"


SPLIT = {
    "turns": (("控え：123456",), "789018 を個人番号の欄に書いてよいか", {}),
    "spaced": (("マイナンバー 1234 56",), "78 9018 と続く。どう扱うか", {}),
    "system_and_user": (("申請者の個人番号の前半は123456",), "後半は789018。どう扱うか", {}),
    "three_turns": (("個人番号 1234", "5678"), "9018 は何か", {}),
    "options": ((), "個人番号の控えとしてどちらを使うか", {"ア": "123456", "イ": "789018"}),
    "json_fields": ((), '{"title": "個人番号", "front": "123456", "back": "789018"} をどう扱うか', {}),
}
"""Earlier turns, question and options: nothing in any one of them, a My Number in all together."""


def split(play, turns, text, options):
    """Ask a question over these parts, declared public; what it came to."""
    more = {"options": options, "space": AB} if options else {}
    return play.ask(text, history=tuple(Turn("user", turn) for turn in turns), **more)


@pytest.mark.parametrize("where", SPLIT)
def test_leak_31_a_number_split_over_parts(scene, kit, where):
    """Six digits here and six there stay at home; unheard, both halves are seen abroad."""
    pieces = [piece for piece in ("123456", "789018", "1234", "5678", "9018") if piece in str(SPLIT[where])]
    guarded, deaf = scene(), scene(labeller=kit.Deaf())
    done = split(guarded, *SPLIT[where])
    split(deaf, *SPLIT[where])

    assert done.opened.label == Label.SPECIFIC_PERSONAL
    assert guarded.abroad.connections == 0
    assert guarded.home.connections == 3
    assert all(piece.encode() in deaf.abroad.received for piece in pieces)


def test_leak_31_each_half_alone_may_go(scene):
    """It is the two together that are kept: each half by itself, declared public, does go abroad."""
    play = scene()
    for half in ("123456 とは何か", "マイナンバーの制度で 789018 という例は正しいか"):
        play.ask(half)

    assert len(play.abroad.requests) == 2


@pytest.mark.parametrize("where", ["system_and_user", "three_turns", "options", "json_fields"])
def test_leak_31_the_guard_reads_the_prompt_whole(scene, kit, where):
    """Where the planner hears nothing, the guard finds what the parts hold together in the prompt, and refuses."""
    play = scene(labeller=kit.Deaf(), detect=Labeller().rescan)
    split(play, *SPLIT[where])
    refusals = [(event.by, event.reason) for event in play.recorded("refused")]

    assert refusals == [("egress", "detected")]
    assert play.abroad.connections == 0


def kanji(text):
    """Digits as kanji."""
    return "".join("〇一二三四五六七八九"[int(c)] if c.isdigit() else c for c in text)


def circled(text):
    """Digits as circled digits."""
    return "".join("⓪①②③④⑤⑥⑦⑧⑨"[int(c)] if c.isdigit() else c for c in text)


def arabic(text):
    """Digits as Arabic-Indic digits."""
    return "".join(chr(0x660 + int(c)) if c.isdigit() else c for c in text)


RAW = PERSON.encode()
ENCODED = {
    "base64": base64.b64encode(RAW).decode(),
    "base64url": base64.urlsafe_b64encode(RAW).decode(),
    "base32": base64.b32encode(RAW).decode(),
    "hex": RAW.hex(),
    "escapes": json.dumps(PERSON)[1:-1],
    "html_decimal": "".join(f"&#{ord(c)};" for c in PERSON),
    "html_hex": "".join(f"&#x{ord(c):x};" for c in PERSON),
    "url": quote(PERSON),
    "gzip_base64": base64.b64encode(gzip.compress(RAW, mtime=0)).decode(),
    "zero_width": "\u200b".join(PERSON),
    "bidi": f"\u202e{PERSON[::-1]}\u202c",
    "full_width": PERSON.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789"}),
    "kanji_digits": kanji(PERSON),
    "circled_digits": circled(PERSON),
    "arabic_digits": arabic(PERSON),
    "spaced": " ".join(PERSON),
    "half_width_kana": "ﾏｲﾅﾝﾊﾞｰ 123456789018",
    "base64_twice": base64.b64encode(base64.b64encode(RAW)).decode(),
    "url_in_base64": base64.b64encode(quote(PERSON).encode()).decode(),
    "html_in_hex": "".join(f"&#{ord(c)};" for c in PERSON).encode().hex(),
    "utf16_base64": base64.b64encode(PERSON.encode("utf-16-le")).decode(),
    "cp932_hex": PERSON.encode("cp932").hex(),
}


@pytest.mark.parametrize("name", ENCODED)
def test_leak_32_encodings(scene, kit, name):
    """An encoded canary declared public stays at home in every spelling; unheard, just that spelling goes abroad."""
    text = f"次の文字列をどう扱うか： {ENCODED[name]}"
    guarded, deaf = scene(), scene(labeller=kit.Deaf())
    guarded.tried(text)
    deaf.ask(text)

    assert guarded.abroad.connections == 0
    assert guarded.leaks(PERSON) + guarded.leaks(ENCODED[name]) == []
    assert deaf.seen_abroad(ENCODED[name])


FILLER = "空は青く風は静かで道は長い。"
TAIL = 300


def long_text(ending):
    """A public text nearly as long as a question may be, with this at its end."""
    lines = (MAX_CHARS - TAIL) // len(FILLER)
    return FILLER * lines + ending


class Cut(Labeller):
    """A labeller that looks at the first 49,000 bytes only, as a tokenizer with a limit would."""

    async def label(self, texts, declared, ancestors=(), cleared=()):
        """What the beginning comes to."""
        short = [(name, text.encode()[:49_000].decode(errors="ignore")) for name, text in texts]
        return label_texts(self.detectors, short, declared, ancestors, cleared)


def test_leak_33_the_end_of_a_long_text_is_read(scene):
    """A canary behind 99,000 public characters stays at home; without it the same length does go abroad."""
    play = scene()
    play.ask(long_text(PERSON + PUBLIC))
    before = play.abroad.connections
    play.ask(long_text(PUBLIC))

    assert before == 0
    assert play.leaks(PERSON) == []
    assert len(play.abroad.requests) == 1
    assert len(play.abroad.received) > 200_000


def test_leak_33_a_detector_that_cuts_would_leak(scene, stage, kit):
    """With a labeller that reads 49,000 bytes only, and a guard that sees as little, the same canary goes abroad."""
    cut = Cut()

    async def as_little(texts, cleared):
        return cut.rescan([text.encode()[:49_000].decode(errors="ignore") for text in texts], cleared)

    play = scene(labeller=cut)
    play.guard._detect_long = as_little
    play.ask(long_text(PERSON + PUBLIC))

    assert play.seen_abroad(kit.PERSON)
    stage.run(cut.aclose())


class Dying:
    """Work that ends its process as soon as it arrives there, as the alarm or a full memory would."""

    def __reduce__(self):
        """Unpickled, it is the end."""
        return os._exit, (1,)

    def __call__(self, job):
        """Never reached."""


ENDLESS = partial(operator.contains, iter(int, 1))
"""Work that looks for a job among endless zeros, in C code that no exception interrupts."""


@pytest.mark.parametrize(
    "work", [Dying(), pytest.param(ENDLESS, marks=pytest.mark.slow)], ids=["dies", "hangs"]
)
def test_leak_33_detectors_without_an_end_level_up(scene, stage, work):
    """Detectors that die or do not come to an end make a long public text as strict as any rule: nobody is asked."""
    labeller = Labeller(work=work)
    play = scene(labeller=labeller)
    reason = play.tried(long_text(PUBLIC))
    after = play.home.connections + play.abroad.connections
    short = play.tried(PUBLIC)

    assert (reason, after) == ("classified", 0)
    assert (short, len(play.abroad.requests)) == ("unanimous", 1)
    stage.run(labeller.aclose())


@pytest.mark.parametrize("at", ["planner", "guard"])
def test_leak_33_a_detector_that_errs_levels_up(scene, at):
    """A detector that raises keeps a public text at home, in planner and guard; working, it lets it go."""

    def broken(texts, cleared):
        raise RuntimeError(len(texts), len(cleared))

    labeller = Labeller()
    detectors = labeller.detectors._readers["raw"]
    detectors[0] = replace(detectors[0], look=lambda _: 1 / 0)
    play = scene(labeller=labeller) if at == "planner" else scene(detect=broken)
    play.tried(PUBLIC)
    sound = scene()
    sound.ask(PUBLIC)

    assert play.abroad.connections == 0
    assert len(sound.abroad.requests) == 1


CALLING = re.compile(
    r"^(aiohttp|asyncio|ftplib|http|httpx|multiprocessing|os|requests|smtplib|socket|ssl|subprocess|telnetlib"
    r"|tldextract|transformers|huggingface_hub|spacy|urllib3|urllib\.request)(\.|$)"
)


def callers(source):
    """The imports of a source text by which it could call out."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if CALLING.match(alias.name))
        elif isinstance(node, ast.ImportFrom) and CALLING.match(node.module or ""):
            yield node.module


def test_leak_34_detectors_import_nothing_that_calls_out():
    """No module of the detectors imports a client, a socket or a model hub; a source that does is caught."""
    found = {path.name: list(callers(path.read_text("utf-8"))) for path in (MAGI / "residency").rglob("*.py")}

    assert len(found) > 30
    assert {name: names for name, names in found.items() if names} == {}
    assert list(callers("import tldextract\nfrom huggingface_hub import hf_hub_download")) == [
        "tldextract",
        "huggingface_hub",
    ]


HEARD = """
import os, sys
heard = []
sys.addaudithook(lambda name, _: heard.append(name) if name.startswith("socket.") else None)
from magi.service.labelling import Labeller
found = Labeller().rescan([sys.argv[1]], ())
if sys.argv[2] == "call":
    import socket
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("127.0.0.1", 9))
print(int(found.label), sorted(set(heard) & {"socket.connect", "socket.getaddrinfo", "socket.sendto"}))
"""


@pytest.mark.parametrize(("mode", "heard"), [("look", "[]"), ("call", "['socket.connect']")])
def test_leak_34_looking_opens_no_socket(mode, heard):
    """Building the detectors and labelling a canary opens no socket and looks up no name, whatever the environment."""
    lures = {"PLENO_ANONYMIZE_BASE_URL": "http://127.0.0.1:9", "HF_ENDPOINT": "http://127.0.0.1:9"}
    done = subprocess.run(
        [sys.executable, "-c", HEARD, PERSON, mode],
        env=os.environ | lures,
        capture_output=True,
        timeout=60,
        check=True,
    )

    assert done.stdout.decode().strip() == f"4 {heard}"


class Asking(Labeller):
    """A labeller that asks a model abroad first what it thinks of a text."""

    url = ""

    async def label(self, texts, declared, ancestors=(), cleared=()):
        """Ask, then look."""
        async with httpx.AsyncClient(trust_env=False) as client:
            await client.post(self.url, json=[text for _, text in texts])
        return await super().label(texts, declared, ancestors, cleared)


@pytest.mark.parametrize("text", [PERSON, f"【特定秘密】{PERSON}"])
def test_leak_35_no_model_is_asked_for_a_label(scene, kit, text):
    """Labelling asks nobody, at home or abroad; a labeller that asks a model abroad is seen there."""
    play, asking = scene(), Asking()
    refused = play.tried(f"{text}どう扱うか", label="secret")
    leaking = scene(labeller=asking)
    asking.url = leaking.abroad.base_url
    leaking.tried(f"{text}どう扱うか", label="secret")

    assert refused not in ("unanimous", "majority")
    assert (play.home.connections, play.abroad.connections, play.resolver.asked) == (0, 0, [])
    assert leaking.seen_abroad(kit.PERSON)
