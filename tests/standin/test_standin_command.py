"""The command `python -m magi.standin` as a process of its own: notices, journal, and ends."""

import hashlib
import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

import pytest

from magi.standin.cassette import Entry, Header, key_of, write

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


# A caller of its own, which waits for an answer that never comes.
_CALLER = """
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
s.sendall(sys.stdin.buffer.read())
s.recv(1)
"""


@contextmanager
def running(*arguments):
    """Run the command until the block ends; give the process, its notice and its address."""
    command = [sys.executable, "-X", "utf8", "-m", "magi.standin", *map(str, arguments)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        try:
            notice = process.stdout.readline().strip()
            address = process.stdout.readline().strip().removeprefix("接続先: ")
            yield process, notice, address
        finally:
            process.kill()


def post(address, body):
    """Send a chat body; give status, mark and body of the answer."""
    request = urllib.request.Request(  # noqa: S310  # the address is the stand-in's own
        f"{address}/chat/completions", data=body, headers={"Content-Type": "application/json"}
    )
    try:
        with OPENER.open(request, timeout=10) as response:
            return response.status, response.headers["magi-standin"], response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["magi-standin"], error.read()


def test_command_says_that_it_is_a_stand_in_and_ends_on_sigterm(body_of):
    """The notice names the stand-in, the answers are marked, and SIGTERM ends it with status 0."""
    with running() as (process, notice, address):
        status, mark, body = post(address, body_of())
        process.send_signal(signal.SIGTERM)
        ended = process.wait(timeout=10)
        complaints = process.stderr.read()

    assert "代役" in notice
    assert "台本" in notice
    assert (status, mark) == (200, "scripted")
    assert "予行用" in json.loads(body)["choices"][0]["message"]["content"]
    assert (ended, complaints) == (0, "")


def test_journal_has_each_request_even_when_killed_before_the_answer(tmp_path, body_of):
    """A line is in the file before the answer, so that killing a delayed stand-in loses none."""
    seen = tmp_path / "seen.txt"
    first = body_of(content="一")
    second = body_of(content="二", model="forged x\nline")
    with running("--seen", seen) as (_, _, address):
        post(address, first)
        post(address, second)
        post(address, b"{")
    third = body_of(content="三")
    with running("--seen", seen, "--delay-ms", "60000") as (process, _, address):
        host, port = address.removeprefix("http://").removesuffix("/v1").split(":")
        caller = subprocess.Popen(
            [
                sys.executable,
                "-c",
                _CALLER,
                host,
                port,
            ],
            stdin=subprocess.PIPE,
        )
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(third)}\r\n\r\n"
        caller.stdin.write(head.encode() + third)
        caller.stdin.close()
        deadline = time.monotonic() + 10
        while seen.read_bytes().count(b"\n") < 4 and time.monotonic() < deadline:
            time.sleep(0.005)
        process.kill()
        caller.wait(timeout=10)

    assert seen.read_text(encoding="utf-8").splitlines() == [
        f"{hashlib.sha256(first).hexdigest()} m",
        f"{hashlib.sha256(second).hexdigest()} forged?x?line",
        f"{hashlib.sha256(b'{').hexdigest()} -",
        f"{hashlib.sha256(third).hexdigest()} m",
    ]


def test_command_plays_a_cassette(tmp_path, body_of):
    """With a cassette the notice speaks of a recording, a hit is played and a miss refused."""
    path = tmp_path / "x.jsonl"
    entry = Entry(key_of(body_of()), "m", 200, (("content-type", "text/plain"),), ("記録".encode(),), (0,))
    write(path, Header("2026-11-22", ()), [entry])
    with running("--cassette", path) as (_, notice, address):
        hit, miss = post(address, body_of()), post(address, body_of(content="別"))

    assert "記録" in notice
    assert hit == (200, "recorded", "記録".encode())
    assert miss[:2] == (404, "recorded")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--host", "0.0.0.0"], "引数が正しくありません"),  # noqa: S104  # it is refused
        (["--delay-ms", "-1"], "引数が正しくありません"),
        (["--cassette", "missing.jsonl"], "起動できません"),
        (["--cassette", "broken.jsonl"], "記録ファイルを読み込めません: line 1"),
    ],
)
def test_wrong_arguments_end_with_status_2(tmp_path, arguments, words):
    """What cannot be served is said in Japanese on the error stream, with status 2."""
    (tmp_path / "broken.jsonl").write_text("{")
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-m", "magi.standin", *arguments],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        timeout=30,
        check=False,
    )

    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
