"""Leak paths 36 to 38, 41, 44 and 45: rows, caches, personas and files."""

import asyncio
import io
import json
import struct
import wave
import zipfile
import zlib
from dataclasses import replace

import pytest

from magi.core.errors import EgressRefusedError, QuestionRefusedError
from magi.core.prompts import Templates
from magi.gateway.client import Client
from magi.gateway.protocols.openai_chat import render
from magi.gateway.ticket import Wire
from magi.jobs.batch import Ends, run_batch
from magi.jobs.ground import ground
from magi.jobs.rows import read_rows
from magi.jobs.survey import survey
from magi.service.materials import Attached, Reader, attach
from magi.service.question import take_question

PUBLIC = "庁舎の花壇に何を植えるとよいか"
PERSON = "山田太郎さんの個人番号は123456789018です。"
KANJI = str.maketrans("0123456789", "〇一二三四五六七八九")


# 36.


class Lines(list):
    """A sink that keeps its lines."""

    def write(self, line):
        """Keep one."""
        self.append(json.loads(line))


def batch(play, lines, label=None, **changes):
    """Run a file of these lines to its end; answered and refused lines."""
    file = play.folder / "rows.jsonl"
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    done, bad = Lines(), Lines()

    async def run():
        tools = replace(play.tools, **changes)
        base = ground(tools, play.council, play.cards, "", rehearsal=False)
        ends = Ends(done, bad, lambda *_: None)
        await run_batch(tools, base, read_rows(survey(file), label), ends, asyncio.Event())

    play.run(run())
    file.unlink()
    return done, bad


LABELS = ("public", None, "personal", "internal", "public", "機密性2", "secret", "sensitive-personal")


def word(number):
    """A canary of one row that no detector knows."""
    return f"椿の花壇第{number}号区画".translate(KANJI)


def mixed():
    """Forty rows with labels in turn, and four bad lines between them."""
    rows = [
        {"id": n, "question": f"{word(n)}に何を植えるとよいか", "label": LABELS[n % len(LABELS)]}
        for n in range(100, 140)
    ]
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    lines.insert(5, '{"id": 900, "question": "' + word(900) + '", "label": "public"')
    lines.insert(9, json.dumps({"id": 901, "question": word(901), "label": "pubic"}))
    lines.insert(17, '{"id": 902, "question": "' + word(902) + '", "label": "public", "label": "secret"}')
    lines.insert(23, json.dumps({"id": 903, "question": f"{PERSON}{word(903)}", "label": "public"}))
    return rows, lines


def test_leak_36_a_batch_of_mixed_labels(scene, stage, kit):
    """Of many rows at once only those declared public go abroad, whatever their neighbours are; unguarded, all do."""
    rows, lines = mixed()
    play = scene(profile=stage.profile("gennai"))
    done, bad = batch(play, lines)
    open_to_all = scene(profile=kit.open_door(stage.profile()), labeller=kit.Deaf())
    batch(open_to_all, lines)
    public = {row["id"] for row in rows if row["label"] == "public"}
    # Without a policy by label there still is the rule of the My Number zone, which stops what is secret.
    unguarded = {row["id"] for row in rows if row["label"] != "secret"} | {903}

    def seen(scene):
        return {n for n in (*range(100, 140), *range(900, 904)) if word(n).encode() in scene.abroad.received}

    assert seen(play) == public
    assert not play.seen_abroad(PERSON)
    assert {line["id"] for line in bad} >= {901}
    assert len(done) + len(bad) == len(lines)
    assert seen(open_to_all) == unguarded


def test_leak_36_a_row_cannot_lower_the_batch(scene):
    """A batch declared personal stays at home with rows declared public in it; declared public, they go abroad."""
    lines = [json.dumps({"id": n, "question": f"{word(n)}とは何か", "label": "public"}) for n in (1, 2)]
    strict, free = scene(), scene()
    batch(strict, lines, "personal")
    batch(free, lines, "public")

    assert strict.abroad.connections == 0
    assert len(free.abroad.requests) == 2


@pytest.mark.xfail(strict=True, reason="rows are labelled alone: what two rows split is not seen together")
def test_leak_31_a_number_split_over_batch_lines(scene):
    """Six digits in one row and six in the next, all declared public, do not both go abroad."""
    halves = ("123456 とは何か", "マイナンバーの制度で 789018 という例は正しいか")
    play = scene()
    batch(play, [json.dumps({"id": n, "question": half}) for n, half in enumerate(halves)], "public")

    assert not all(half.encode() in play.abroad.received for half in halves)


# 37, 38.


class Caching(Client):
    """A client with a cache in front that knows texts and no labels."""

    async def ask(self, order, authorise, failed):
        """What was answered before, whoever asked."""
        known = self.__dict__.setdefault("known", {})
        if (order.seat, order.user) not in known:
            known[order.seat, order.user] = await super().ask(order, authorise, failed)
        return known[order.seat, order.user]


@pytest.mark.parametrize("client", [Client, Caching])
def test_leak_37_nothing_is_answered_from_a_cache(scene, client):
    """The same words asked three times under three labels are three deliberations; a cache would be seen at home."""
    play = scene(client=client)
    for label in ("public", None, "personal"):
        play.tried(PUBLIC, label=label)
    expected = 9 if client is Client else 3

    assert len(play.home.requests) == expected
    assert len(play.abroad.requests) == 1


def test_leak_37_a_key_gives_nobody_elses_answer(scene, kit):
    """A used idempotency key is refused for another question, and gives no words of the first; a new key is served."""
    play = scene()
    play.ask(f"{kit.WORD}に何を植えるとよいか", label="personal", idempotency_key="k")
    told = play.tried(PUBLIC, idempotency_key="k")
    before = play.abroad.connections
    again = play.tried(PUBLIC, idempotency_key="other")

    assert (told, before, again) == ("idempotency_reused", 0, "unanimous")
    assert len(play.abroad.requests) == 1
    assert play.leaks(kit.WORD) == []


@pytest.mark.parametrize("path", ["/embeddings", "/moderations", "/files", "/responses", "/chat/completions"])
def test_leak_38_nothing_but_a_chat_goes_up(scene, path):
    """Text for an embedder, a moderator or a store abroad is refused by the guard; the chat itself is sent."""
    play = scene()
    card = play.cards["far"]
    chat = render(card, "s", PUBLIC, None)
    wire = Wire("POST", card.endpoint.base_url + path, chat.headers, chat.body)
    ticket = play.mint.issue(
        wire,
        card,
        ask="a1",
        attempt=1,
        label=0,
        derived_from=("question",),
        now_ms=play.tools.clock.now_ms(),
        nonce=play.tools.entropy.token(16),
    )
    reasons = []
    try:
        play.run(play.guard.send(ticket, wire))
    except EgressRefusedError as error:
        reasons.append(error.reason)

    assert reasons == ([] if path == "/chat/completions" else ["path"])
    assert play.abroad.connections == (1 if path == "/chat/completions" else 0)


# 41.


def with_persona(play, words):
    """The same scene with these words in every persona file, as an operator might write them."""
    texts = dict(play.tools.templates.texts)
    texts |= {name: f"{text}\n{words}" for name, text in texts.items() if name.startswith("persona/")}
    play.tools = replace(play.tools, templates=Templates(texts))
    return play


@pytest.mark.parametrize("words", [PERSON, "【部内限】査定方針", "【特定秘密】運用計画"])
def test_leak_41_persona_files(scene, kit, words):
    """Internal text in a persona file does not go abroad with a public question; without the guard's ear it does."""
    guarded, deaf = with_persona(scene(), words), with_persona(scene(labeller=kit.Deaf()), words)
    guarded.ask(PUBLIC)
    deaf.ask(PUBLIC)

    assert guarded.abroad.connections == 0
    assert [event.reason for event in guarded.recorded("refused")] == ["detected"]
    assert guarded.seen_at_home(words)
    assert deaf.seen_abroad(words)


# 44, 45.

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
SEEN = "駅前の花壇の計画"
"""What every file shows; public by itself."""


def packed(parts):
    """A ZIP file of the given members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def docx(xml="", **parts):
    """A Word document with one paragraph, and more inside its body or beside it."""
    body = f"<w:body><w:p><w:r><w:t>{SEEN}</w:t></w:r></w:p>{xml}</w:body>"
    named = {f"word/{name}.xml": content for name, content in parts.items()}
    document = f'<w:document xmlns:w="{W}">{body}</w:document>'
    return packed({"[Content_Types].xml": TYPES, "word/document.xml": document, **named})


def xlsx(text, *, hidden):
    """A workbook with a sheet that is shown and one more."""

    def sheet(words):
        cell = f'<c r="A1" t="inlineStr"><is><t>{words}</t></is></c>'
        return f'<worksheet xmlns="{S}"><sheetData><row r="1">{cell}</row></sheetData></worksheet>'

    state = ' state="hidden"' if hidden else ""
    names = f'<sheet name="a" sheetId="1" r:id="r1"/><sheet name="b" sheetId="2"{state} r:id="r2"/>'
    relations = "".join(f'<Relationship Id="r{n}" Target="worksheets/sheet{n}.xml"/>' for n in (1, 2))
    return packed(
        {
            "[Content_Types].xml": TYPES,
            "xl/workbook.xml": f'<workbook xmlns="{S}" xmlns:r="{R}"><sheets>{names}</sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="x">{relations}</Relationships>',
            "xl/worksheets/sheet1.xml": sheet(SEEN),
            "xl/worksheets/sheet2.xml": sheet(text),
        }
    )


def run_of(text, around="{}"):
    """A paragraph of a Word document."""
    return around.format(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>")


def chunk(kind, data):
    """One chunk of a PNG file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(text):
    """A picture of one pixel with a text in its metadata."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    words = chunk(b"iTXt", b"Comment\0\0\0\0\0" + text.encode())
    return b"\x89PNG\r\n\x1a\n" + head + words + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


def sound():
    """A tenth of a second of silence."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(b"\0\0" * 800)
    return out.getvalue()


COMMENT = f'<w:comments xmlns:w="{W}"><w:comment>{run_of(PERSON)}</w:comment></w:comments>'
DELETED = f"<w:p><w:del><w:r><w:delText>{PERSON}</w:delText></w:r></w:del></w:p>"
VANISHED = f"<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>{PERSON}</w:t></w:r></w:p>"
CORE = f'<coreProperties xmlns="x"><subject>{PERSON}</subject></coreProperties>'
FILES = {
    "text": ("a.txt", f"{SEEN}\n{PERSON}".encode()),
    "file_name": (f"{PERSON}.txt", SEEN.encode()),
    "comment": ("a.docx", docx(comments=COMMENT)),
    "tracked_deletion": ("a.docx", docx(DELETED)),
    "hidden_text": ("a.docx", docx(VANISHED)),
    "hidden_sheet": ("a.xlsx", xlsx(PERSON, hidden=True)),
    "sheet": ("a.xlsx", xlsx(PERSON, hidden=False)),
    "archive_member": ("a.zip", packed({"in/a.txt": f"{SEEN}\n{PERSON}"})),
    "nested_archive": ("a.zip", packed({"b.zip": packed({"c.docx": docx(run_of(PERSON))}), "d.txt": SEEN})),
    "html_comment": ("a.html", f"<p>{SEEN}</p><!-- {PERSON} -->".encode()),
    "cp932": ("a.csv", f"{SEEN},{PERSON}\n".encode("cp932")),
    "transcript": ("a.vtt", f"WEBVTT\n\n00:01.000 --> 00:02.000\n{SEEN} {PERSON}\n".encode()),
}


@pytest.fixture(scope="module")
def ask_with(stage):
    """Asks a public question with files; one reader, whose processes all tests share."""
    reader = Reader()

    def ask(play, *files):
        async def run():
            given = [Attached(name, data, 0) for name, data in files]
            question, materials = await attach(reader, take_question(PUBLIC), given)
            return await play.deliberate(play.request(question, materials=materials))

        return play.run(run())

    yield ask
    stage.run(reader.aclose())


@pytest.mark.parametrize("where", FILES)
def test_leak_44_files(scene, kit, ask_with, where):
    """A canary anywhere in a file keeps question and file at home; unheard, what the file shows goes abroad."""
    guarded, deaf = scene(), scene(labeller=kit.Deaf())
    done = ask_with(guarded, FILES[where])
    ask_with(deaf, FILES[where])

    assert done.opened.label >= 2
    assert guarded.abroad.connections == 0
    assert guarded.leaks(PERSON) == []
    assert deaf.seen_abroad(SEEN)
    # What no reader of the file sees goes to nobody at all, heard or not.
    concealed = where in ("tracked_deletion", "hidden_text", "hidden_sheet", "html_comment")
    assert bool(deaf.seen_abroad(PERSON)) != concealed


def test_leak_44_a_harmless_file_may_go(scene, ask_with):
    """The same kinds of files without a canary go abroad with a public question."""
    for file in (("a.docx", docx()), ("a.txt", SEEN.encode()), ("a.zip", packed({"a.txt": SEEN}))):
        play = scene()
        done = ask_with(play, file)

        assert done.opened.hits == ()
        assert play.seen_abroad(SEEN)


UNREAD = {
    "picture": png(PERSON),
    "docx_with_picture": packed(
        {
            "[Content_Types].xml": TYPES,
            "word/document.xml": f'<w:document xmlns:w="{W}"><w:body>{run_of(SEEN)}</w:body></w:document>',
            "word/media/image1.png": png("x"),
        }
    ),
    "unknown_bytes": bytes(range(256)) * 8,
    "encrypted": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504 + "EncryptedPackage".encode("utf-16-le"),
}


@pytest.mark.parametrize("what", UNREAD)
def test_leak_44_what_cannot_be_read_is_never_public(scene, ask_with, what):
    """A picture, or a file that nobody can read in full, keeps the question at home or is refused."""
    play = scene()
    try:
        came_to = ask_with(play, ("a", UNREAD[what])).opened.label
    except QuestionRefusedError as error:
        came_to = error.reason

    assert came_to == (1 if what == "docx_with_picture" else "material_empty")
    assert play.abroad.connections == 0
    assert play.leaks(PERSON) == []


def test_leak_45_sound_is_refused(scene, ask_with):
    """A recording has no text that anybody could label: it is refused, alone or beside a readable file."""
    for files in ([("a.wav", sound())], [("a.txt", SEEN.encode()), ("a.wav", sound())]):
        play = scene()
        with pytest.raises(QuestionRefusedError) as raised:
            ask_with(play, *files)

        assert raised.value.reason == "material_empty"
        assert (play.home.connections, play.abroad.connections) == (0, 0)
