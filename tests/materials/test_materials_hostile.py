"""Hostile material: bombs, bottomless nesting, limits, random and mutated bytes, workers that hang or die."""

import asyncio
import gzip
import io
import os
import threading
import zipfile
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magi.materials import Extracted, Piece, extract, extract_bounded
from magi.materials.extract import extract as extract_within
from magi.materials.found import Limits
from magi.materials.limits import MAX_INPUT_BYTES


def wrapped(data, times, make):
    """Bytes inside archives inside archives."""
    for number in range(times):
        data = make.zip({f"level{number}": data})
    return data


def test_archives_nest_to_the_stated_depth(make, texts):
    """Three levels are opened, a fourth is `too_deep`, and nothing of it is passed over in silence."""
    third = extract("a.zip", wrapped("底の印".encode(), 3, make))
    fourth = extract("a.zip", wrapped("底の印".encode(), 4, make))

    assert ("底の印" in texts(third, "body"), third.unreadable) == (True, ())
    assert fourth.unreadable == ("too_deep",)


def test_mails_nest_to_the_stated_depth():
    """A mail in a mail in a mail and so on is `too_deep`."""
    mail = EmailMessage()
    mail["Subject"], mail["From"] = "x", "a@example.jp"
    mail.set_content("x")
    for _ in range(6):
        outer = EmailMessage()
        outer["Subject"], outer["From"] = "x", "a@example.jp"
        outer.set_content("x")
        outer.add_attachment(mail)
        mail = outer

    assert "too_deep" in extract("a.eml", mail.as_bytes()).unreadable


def test_an_input_above_the_limit_is_not_read():
    """Twenty million bytes are read, one more is `too_large`."""
    found = extract("長い.txt", b"a" * (MAX_INPUT_BYTES + 1))

    assert (found.pieces, found.unreadable) == ((Piece("file_name", "長い.txt"),), ("too_large",))


@pytest.mark.parametrize(
    ("limits", "build"),
    [
        (Limits(), lambda make: make.zip({"bomb": b"\x00" * 120_000_000})),
        (Limits(), lambda _: gzip.compress(b"\x00" * 120_000_000)),
        (Limits(expanded=1_000), lambda make: make.zip({"a": b"x" * 600, "b": b"x" * 600})),
        (Limits(expanded=1_000), lambda make: make.docx("<w:p/>" * 500)),
        (Limits(members=3), lambda make: make.zip(dict.fromkeys("abcd", b"x"))),
        (Limits(pieces=3), lambda make: make.zip({name: name.encode() for name in "abcd"})),
        (Limits(characters=50), lambda _: b"word " * 11),
    ],
)
def test_every_limit_is_reported(make, limits, build):
    """Bombs and sheer size leave `too_large`; what fits is kept."""
    found = extract_within("a", build(make), limits)

    assert "too_large" in found.unreadable
    assert found.pieces


def test_a_file_that_is_two_at_once_is_read_as_both(make, texts):
    """An archive behind a text or a PDF is found and makes the material unreadable."""
    for front in (b"plain text\n", make.written(make.pdf())):
        found = extract("a.txt", front + make.zip({"n.txt": "裏の印"}))

        assert "裏の印" in texts(found, "body")
        assert "embedded_object" in found.unreadable


def test_members_under_a_password_or_an_unusual_method_are_named(make):
    """Encrypted members leave `encrypted`; methods without a bound on unpacking are not opened."""
    plain = bytearray(make.zip({"a.txt": b"x" * 50}, zipfile.ZIP_STORED))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        plain[plain.index(signature) + flags] |= 1

    assert extract("a.zip", bytes(plain)).unreadable == ("encrypted",)
    assert extract("a.zip", make.zip({"a.txt": b"x"}, zipfile.ZIP_LZMA)).unreadable == ("unknown_format",)


def test_broken_member_data_is_named(make):
    """A member whose check sum does not fit leaves `malformed`."""
    data = make.zip({"a.txt": b"canary" * 9}, zipfile.ZIP_STORED).replace(b"canary", b"CANARY")

    assert "malformed" in extract("a.zip", data).unreadable


def test_names_no_encoder_accepts_are_mended():
    """A name with half a surrogate pair comes out encodable, and the repair is reported."""
    found = extract("a\udc83b.txt", b"x")

    assert found.name.encode() == found.pieces[0].text.encode()
    assert "undecodable" in found.unreadable


def test_text_stays_out_of_every_repr():
    """Neither the name nor a text shows in a representation, which may reach a log."""
    found = extract("秘密の名.txt", "秘密の文".encode())

    assert "秘密" not in repr(found)


def samples(make):
    """A small real file of each kind."""
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "山田 <a@example.jp>", "件名" * 30
    mail.set_content("本文")
    mail.add_attachment(make.docx(), maintype="application", subtype="x", filename="添付.docx")
    pdf = make.pdf()
    pdf.add_attachment("a.txt", b"x")
    make.annotate(pdf, Contents="注釈")
    return [
        make.docx("<w:p><w:ins><w:r><w:t>x</w:t></w:r></w:ins></w:p>"),
        make.xlsx('<row r="1"><c r="A1" t="s" s="0"><v>0</v></c></row>', strings="<si><t>x</t></si>"),
        make.zip({"mimetype": "x", "content.xml": "<a><table-cell number-columns-repeated='3'/></a>"}),
        make.written(pdf),
        mail.as_bytes(),
        gzip.compress(b"text"),
        make.png + b"\x00\x00\x00\x10tEXtAuthor\x00name.....\x00\x00\x00\x00",
        b"\xff\xd8\xff\xe1\x00\x10Exif\x00\x00abcdefgh\xff\xda",
        b"<html><p title='x'>&#x53d6;<!-- y --></html>",
        "\\ud800 \\u53d6 本文".encode("cp932"),
    ]


def is_whole(found):
    """A result is what the type says, and every text can be encoded."""
    return (
        isinstance(found, Extracted)
        and all(isinstance(each, Piece) and each.text.encode() for each in found.pieces)
        and all(code.islower() for code in found.unreadable)
    )


STARTS = (
    b"", b"%PDF-1.7\n", b"PK\x03\x04", b"\x1f\x8b\x08\x1f", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff",
    b"From: a\nTo: b\n", b"<html>", b"<?xml ", b"\xfe\xff", b"RIFF\0\0\0\0WEBP",
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(name=st.text(), data=st.binary(max_size=400), start=st.sampled_from(STARTS))
def test_random_bytes_never_raise(name, data, start):
    """Any name and any bytes give a result."""
    assert is_whole(extract(name, start + data))


@settings(max_examples=150, deadline=None)
@given(choice=st.data())
def test_mutated_files_never_raise(make, choice):
    """Real files with bytes changed, cut out or repeated give a result."""
    data = bytearray(choice.draw(st.sampled_from(samples(make))))
    for _ in range(choice.draw(st.integers(1, 6))):
        at = choice.draw(st.integers(0, max(0, len(data) - 1)))
        size = choice.draw(st.integers(0, 30))
        data[at : at + size] = choice.draw(st.binary(max_size=30))

    assert is_whole(extract("a", bytes(data)))


def hang(_name, _data):
    """A reader that never ends."""
    while True:
        pass


def die(_name, _data):
    """A reader that takes its process with it."""
    os._exit(3)


class NeverRuns(Executor):
    """A pool whose workers are all busy for ever."""

    def submit(self, *_args, **_kwargs):
        """Take work and leave it."""
        return Future()


class Closed(Executor):
    """A pool that throws its work away."""

    def submit(self, *_args, **_kwargs):
        """Take work and cancel it."""
        work = Future()
        work.cancel()
        return work


def test_a_pool_reads_what_extract_reads(make):
    """In a process and in a thread the result is the same as without a pool."""
    data = make.docx("<w:p><w:r><w:t>本文</w:t></w:r></w:p>")
    with ProcessPoolExecutor(1) as processes, ThreadPoolExecutor(1) as threads:
        found = [asyncio.run(extract_bounded("a.docx", data, pool, 60)) for pool in (processes, threads)]

    assert found == [extract("a.docx", data)] * 2


def test_a_hanging_reader_times_out_and_frees_its_worker():
    """After a reader that never ends, the one worker of the pool reads the next document."""
    with ProcessPoolExecutor(1) as pool:
        hung = asyncio.run(extract_bounded("名.txt", b"x", pool, 0.3, read=hang))
        after = asyncio.run(extract_bounded("a.txt", b"next", pool, 60))

    assert (hung.pieces, hung.unreadable) == ((Piece("file_name", "名.txt"),), ("timed_out",))
    assert after.unreadable == ()


def test_a_dead_worker_or_pool_is_a_time_out():
    """A worker that dies, a pool that is busy, closed or throws work away: nothing was read."""
    closed = ThreadPoolExecutor(1)
    closed.shutdown()
    with ProcessPoolExecutor(1) as pool:
        found = [
            asyncio.run(extract_bounded("a", b"x", pool, 30, read=die)),
            asyncio.run(extract_bounded("a", b"x", NeverRuns(), 0.05)),
            asyncio.run(extract_bounded("a", b"x", Closed(), 5)),
            asyncio.run(extract_bounded("a", b"x", closed, 5)),
        ]

    assert [each.unreadable for each in found] == [("timed_out",)] * 4


def test_cancelling_the_caller_is_not_a_time_out():
    """A caller that is cancelled is cancelled, it does not get a result."""

    async def cancelled():
        task = asyncio.create_task(extract_bounded("a", b"x", NeverRuns(), 60))
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())


def test_threads_read_at_once_without_mixing(make):
    """Several threads read PDF files at once; each gets the codes of its own file only."""
    good, bad = make.written(make.pdf()), make.written(make.pdf())[:-250]
    results = {}
    start = threading.Barrier(4)

    def read(number):
        start.wait(10)
        results[number] = [extract("a", good if number % 2 else bad).unreadable for _ in range(10)]

    threads = [threading.Thread(target=read, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert results[1] == results[3] == [()] * 10
    assert all(all(codes) for codes in results[0] + results[2])


def test_the_zip_of_a_bomb_is_not_unpacked_beyond_its_budget():
    """Declared sizes are not believed: a member that says it is small is still counted."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"\x00" * 5_000)
    data = out.getvalue().replace((5_000).to_bytes(4, "little"), (50).to_bytes(4, "little"))

    assert extract_within("a.zip", data, Limits(expanded=1_000)).unreadable
