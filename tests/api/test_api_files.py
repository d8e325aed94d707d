"""Files over HTTP: the openai client's file parts and the native form, through the whole service."""

import base64
import io
import zipfile

import openai
import pytest

CHAT, NATIVE = "/v1/chat/completions", "/v1/deliberations"
ASK = "この資料の案を採るべきか。はいかいいえで答えてください。"
SEEN = "駅前の花壇の計画の概要"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\x0dIHDR" + b"\x00" * 17
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def docx(comment="", picture=None):
    """A Word document of one paragraph, with a comment, and a picture stored as it is."""
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "word/document.xml": f'<w:document xmlns:w="{W}"><w:body><w:p><w:r><w:t>{SEEN}</w:t></w:r></w:p></w:body>'
        "</w:document>",
        "word/comments.xml": f'<w:comments xmlns:w="{W}"><w:comment><w:p><w:r><w:t>{comment}</w:t></w:r></w:p>'
        "</w:comment></w:comments>",
    }
    if picture is not None:
        parts["word/media/image1.png"] = picture
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def address(data, media="application/octet-stream"):
    """Bytes as a data: address."""
    return f"data:{media};base64,{base64.b64encode(data).decode()}"


def framed(name, title, text):
    """A material turn as seats are shown it, of a file of which nothing is stated."""
    return f"【資料{name}・日付不明・その他】\n━━━━\n〔{title}〕\n{text}\n━━━━\n【資料{name}の終わり】"


def part(data, name="計画.docx"):
    """A file part of the OpenAI API."""
    return {"type": "file", "file": {"filename": name, "file_data": address(data)}}


def user(*parts, text=ASK):
    """A user's message: file parts, then text."""
    return {"role": "user", "content": [*parts, {"type": "text", "text": text}]}


def complete(service, *messages, **options):
    """One chat completion by the openai client."""
    with service.client() as client:
        done = client.chat.completions.create(model="magi", messages=list(messages), **options)
        return list(done) if options.get("stream") else done


def prompts(standin, since):
    """What a stand-in saw since a count of requests."""
    return [request.last_user_text for request in list(standin.requests)[since:]]


def test_a_public_file_of_the_openai_client_is_shown_to_every_seat(plain):
    """The control: an unmodified client's file part reaches the seats, at home and abroad, before the question."""
    home, abroad = len(plain.home.requests), len(plain.abroad.requests)
    done = complete(plain, user(part(docx())), extra_body={"magi": {"label": "public"}})

    assert done.magi["label"] == "public"
    seen = [*prompts(plain.home, home), *prompts(plain.abroad, abroad)]
    assert len(plain.abroad.requests) > abroad
    assert all(f"資料: {framed('M1', '計画.docx', SEEN)}" in prompt and ASK in prompt for prompt in seen)


def test_a_marked_comment_in_a_file_keeps_it_at_home(plain):
    """A document marking in a comment overrules the declaration: the seat abroad is not asked."""
    abroad = plain.abroad.arrived
    done = complete(plain, user(part(docx("取扱注意"))), extra_body={"magi": {"label": "public"}})

    assert done.magi["label"] == "internal"
    assert "file:1:comment" in {hit["text"] for hit in done.magi["hits"]}
    assert plain.abroad.arrived == abroad
    assert "計画" not in plain.everything_logged()


def test_a_file_of_an_earlier_message_stands_before_it(plain):
    """Files of earlier messages are context in the place where they came."""
    messages = [user(part(b"first", "a.txt"), text="一"), {"role": "assistant", "content": "二"}]
    done = complete(plain, *messages, user(part(b"second", "b.txt")))
    with plain.http() as http:
        shown = http.get(f"{NATIVE}/{done.magi['deliberation']}?bodies=true&why=case-1").json()

    assert [(turn["role"], turn["text"]) for turn in shown["bodies"]["history"]] == [
        ("material", framed("M1", "a.txt", "first")),
        ("user", "一"),
        ("assistant", "二"),
        ("material", framed("M2", "b.txt", "second")),
    ]
    assert shown["bodies"]["question"] == ASK


def test_the_native_route_takes_files(plain):
    """`files` of the native form are read the same way, as plain Base64."""
    data = base64.b64encode("椿の計画".encode()).decode()
    with plain.http() as http:
        done = http.post(NATIVE, json={"question": ASK, "files": [{"name": "a.txt", "data": data}]}).json()
        shown = http.get(f"{NATIVE}/{done['id']}?bodies=true&why=case-1").json()

    assert shown["bodies"]["history"] == [{"role": "material", "text": framed("M1", "a.txt", "椿の計画")}]


def test_a_streamed_question_takes_files(plain):
    """Streaming makes no difference."""
    chunks = complete(plain, user(part(docx())), stream=True)

    assert chunks[-1].choices[0].finish_reason == "stop"


BAD = {
    "no data": ([user({"type": "file", "file": {"file_id": "file-1"}})], 400, "bad_file"),
    "no file": ([user({"type": "file"})], 400, "bad_file"),
    "bad base64": ([user({"type": "file", "file": {"file_data": "data:a/b;base64,@@@"}})], 400, "bad_file"),
    "half base64": ([user({"type": "file", "file": {"file_data": "QQ"}})], 400, "bad_file"),
    "wide base64": ([user({"type": "file", "file": {"file_data": "data:a/b;base64,あ"}})], 400, "bad_file"),
    "not base64": ([user({"type": "file", "file": {"file_data": "data:text/plain,abc"}})], 400, "bad_file"),
    "an address": ([user({"type": "file", "file": {"file_data": "https://x/a,b"}})], 400, "bad_file"),
    "endless name": ([user(part(b"a", "n" * 2000))], 400, "wrong_fields"),
    "too many": ([user(*[part(b"a")] * 9)], 400, "question_refused.too_many_files"),
    "too long": ([user(part(b"a" * 100_001))], 413, "question_refused.too_large"),
    "a picture": ([user(part(PNG))], 400, "question_refused.material_empty"),
    "nothing asked": ([user(part(b"a"), text=" ")], 400, "question_refused.empty"),
    "of the system": ([{"role": "system", "content": [part(b"a")]}, user()], 400, "unsupported_content"),
    "the role": ([{"role": "material", "content": "a"}, user()], 400, "unsupported_role"),
    "an image": ([user({"type": "image_url", "image_url": {"url": "a"}})], 400, "unsupported_content"),
    "sound": ([user({"type": "input_audio", "input_audio": {}})], 400, "unsupported_content"),
}


@pytest.mark.parametrize(("messages", "status", "code"), BAD.values(), ids=BAD)
def test_a_bad_file_is_the_callers_fault(plain, messages, status, code):
    """Each fault of a file has its status and code, and nothing is sent to anybody."""
    before = plain.home.arrived + plain.abroad.arrived
    with pytest.raises(openai.APIStatusError) as raised:
        complete(plain, *messages)

    assert (raised.value.status_code, raised.value.code) == (status, code)
    assert plain.home.arrived + plain.abroad.arrived == before


def test_bad_files_of_the_native_route(plain):
    """The native form refuses the role, misspelt fields and bad data in its own shape."""
    bad = [
        ({"history": [{"role": "material", "text": "a"}]}, "wrong_fields"),
        ({"files": [{"name": "a", "content": "QQ=="}]}, "wrong_fields"),
        ({"files": [{"name": "a", "data": "@"}]}, "bad_file"),
    ]
    with plain.http() as http:
        answers = [http.post(NATIVE, json={"question": ASK} | fields) for fields, _ in bad]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (400, code) for _, code in bad
    ]


def test_images_are_refused_with_the_reason(plain):
    """Who sends an image is told, in both languages, that it cannot be read and goes nowhere."""
    body = {"model": "magi", "messages": [user({"type": "image_url", "image_url": {"url": "a"}})]}
    with plain.http() as http:
        japanese = http.post(CHAT, json=body, headers={"accept-language": "ja"}).json()
        english = http.post(CHAT, json=body, headers={"accept-language": "en"}).json()

    assert "どこにも送りません" in japanese["error"]["message"]
    assert "sent nowhere" in english["error"]["message"]


def test_a_file_of_700_kilobytes_fits(plain):
    """The body's limit of 1 MiB takes a document of 700 KB; one that is larger is refused as a body too large."""

    def form(size):
        data = base64.b64encode(docx(picture=b"\x00" * size)).decode()
        return {"question": ASK, "files": [{"name": "a.docx", "data": data}]}

    with plain.http() as http:
        fits = http.post(NATIVE, json=form(700_000))
        large = http.post(NATIVE, json=form(800_000))

    assert (fits.status_code, fits.json()["label"]) == (200, "internal")
    assert [hit["rule"] for hit in fits.json()["hits"]] == ["material.unreadable"]
    assert (large.status_code, large.json()["code"]) == (413, "body_too_large")


def test_what_is_stated_of_a_file_goes_along_and_raises_the_label(plain):
    """Date and rank stand in the header that seats see; personal data keeps a file declared public at home."""
    about = {
        "date": "令和8年4月1日",
        "rank": "law",
        "licence": "CC-BY-4.0",
        "personal_data": True,
        "title": "条例",
    }
    data = base64.b64encode("椿の計画".encode()).decode()
    abroad = plain.abroad.arrived
    with plain.http() as http:
        file = {"name": "a.txt", "data": data, "about": about}
        done = http.post(NATIVE, json={"question": ASK, "label": "public", "files": [file]}).json()
        shown = http.get(f"{NATIVE}/{done['id']}?bodies=true&why=case-1").json()
    (turn,) = shown["bodies"]["history"]

    assert turn["text"].startswith("【資料M1・日付2026-04-01・法令】\n━━━━\n〔条例〕\n")
    assert ("file:1", "material.personal_data") in {(hit["text"], hit["rule"]) for hit in done["hits"]}
    assert done["label"] == "personal"
    assert plain.abroad.arrived == abroad


def test_a_chat_client_may_state_it_in_the_file_part(plain):
    """The file part of a chat request takes the same fields under `magi`."""
    stated = part("椿の計画".encode(), "a.txt")
    stated["file"]["magi"] = {"date": "2026-04-01", "rank": "report", "label": "internal"}
    done = complete(plain, user(stated), extra_body={"magi": {"label": "public"}})

    assert done.magi["label"] == "internal"


@pytest.mark.parametrize(
    "about",
    [{"date": "令和8年13月1日"}, {"label": "pubilc"}, {"rank": "法"}, {"publisher": "x"}, {"licence": "©"}],
)
def test_what_cannot_be_stated_of_a_file_is_refused(plain, about):
    """A date that is none, a misspelt label, an unknown rank or key is refused by its place, never by its value."""
    file = {"name": "a.txt", "data": base64.b64encode(b"a").decode(), "about": about}
    with plain.http() as http:
        refused = http.post(NATIVE, json={"question": ASK, "files": [file]})

    assert refused.status_code in {400, 422}
    assert "files.0.about" in refused.text
    assert not any(str(value) in refused.text for value in about.values())
