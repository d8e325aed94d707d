"""The server below the application: heads that do not come, readers that do not read, and stopping."""

import socket
import time

import pytest

from magi.api.limits import MAX_HEAD_BYTES
from magi.api.server import BoundedHttp, loopback_address
from magi.core.errors import UnknownNameError

ASK = "公表済みの白書の概要版を出すべきか。はいかいいえで答えてください。"


class Hasty(BoundedHttp):
    """The same protocol with short times."""

    head_seconds = 0.3


class Impatient(BoundedHttp):
    """The same protocol that waits shortly for readers only, behind buffers that are soon full."""

    head_seconds = 600
    stall_seconds = 0.3

    def connection_made(self, transport):
        """Shrink both buffers: the kernel's would take megabytes on loopback."""
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        transport.set_write_buffer_limits(high=2048)
        super().connection_made(transport)


class Few(BoundedHttp):
    """The same protocol with room for two connections."""

    most_connections = 2


def connected(service, limit=60):
    """A connection to the service."""
    wire = socket.create_connection(("127.0.0.1", service.port))
    wire.settimeout(limit)
    return wire


def is_closed(wire):
    """Whether the other side has hung up; waits for it."""
    try:
        return wire.recv(4096) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize("host", ["::", "192.168.0.1", "example.com", "", "localhost.evil.example"])
def test_only_loopback_is_listened_on(host):
    """Any address that another machine could reach, and any name but localhost, is refused."""
    with pytest.raises(UnknownNameError):
        loopback_address(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.1.2.3"])
def test_loopback_is_listened_on(host):
    """This machine's own addresses pass."""
    assert loopback_address(host) in {"127.0.0.1", "::1", "127.1.2.3"}


@pytest.mark.parametrize(
    "head",
    [b"", b"GET /healthz HT", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: "],
    ids=["silent", "cut line", "cut header"],
)
def test_a_peer_that_sends_no_whole_head_is_cut_off(kit, tmp_path, head):
    """A connection on which no whole request head arrives in time is closed."""
    with kit.serve(tmp_path, protocol=Hasty) as service, connected(service) as wire:
        wire.sendall(head)

        assert is_closed(wire)
        assert service.settled(lambda: not service.server.server_state.connections)


def test_a_peer_that_drips_its_second_head_is_cut_off(kit, tmp_path):
    """The time for a head counts on a kept connection too, however steadily bytes drip in."""
    with kit.serve(tmp_path, protocol=Hasty) as service, connected(service) as wire:
        wire.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert wire.recv(4096).startswith(b"HTTP/1.1 200")
        wire.settimeout(0)
        until = time.monotonic() + kit.LIMIT_SECONDS
        wire.send(b"GET /healthz HTTP/1.1\r\nX: ")
        cut = False
        while not cut and time.monotonic() < until:
            time.sleep(0.05)
            try:
                wire.send(b"x")
                cut = wire.recv(4096) == b""
            except BlockingIOError:
                continue
            except OSError:
                cut = True

        assert cut


@pytest.mark.parametrize("part", ["header", "headers", "path"])
def test_an_endless_head_is_cut_off(plain, part):
    """A head beyond its bound is refused while it still arrives, wherever it grows."""
    piece = {"header": b"x" * 1000, "headers": b"a: " + b"x" * 996 + b"\r\n", "path": b"x" * 1000}[part]
    start = b"GET /" if part == "path" else b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
    sent = 0
    with connected(plain) as wire:
        try:
            wire.sendall(start + (b"X: " if part == "header" else b""))
            while sent < 100 * MAX_HEAD_BYTES:
                wire.sendall(piece)
                sent += len(piece)
        except OSError:
            pass

    assert sent < 100 * MAX_HEAD_BYTES


def test_connections_beyond_the_bound_are_dropped(kit, tmp_path):
    """With room for two connections a third is closed at once, and the others go on."""
    with kit.serve(tmp_path, protocol=Few) as service, connected(service) as one, connected(service) as two:
        for wire in (one, two):
            wire.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert wire.recv(4096).startswith(b"HTTP/1.1 200")
        with connected(service) as three:
            assert is_closed(three)
        one.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")

        assert one.recv(4096).startswith(b"HTTP/1.1 200")


def test_a_reader_that_does_not_read_is_cut_off(kit, tmp_path):
    """A client that asks and asks and never reads is cut off once the buffers are full."""
    request = b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with kit.serve(tmp_path, protocol=Impatient) as service, socket.socket() as wire:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        wire.settimeout(kit.LIMIT_SECONDS)
        wire.connect(("127.0.0.1", service.port))
        wire.settimeout(0)
        until = time.monotonic() + kit.LIMIT_SECONDS
        cut, left = False, b""
        while not cut and time.monotonic() < until:
            left = left or request * 100
            try:
                left = left[wire.send(left) :]
            except BlockingIOError:
                time.sleep(0.01)
            except OSError:
                cut = True

        assert cut
        assert service.settled(lambda: not service.server.server_state.connections)


def test_at_a_stop_what_runs_is_finished(kit, tmp_path):
    """A stop lets a deliberation that runs end: its caller gets the reply, and new ones are refused."""
    with kit.serve(tmp_path, script=kit.slow(1)) as service, service.http() as http:
        begun = http.post("/v1/deliberations", json={"question": ASK}, headers={"prefer": "respond-async"})
        tools = service.desk.offer.tools
        service.loop.call_soon_threadsafe(service.desk.stop)
        refused = http.post("/v1/deliberations", json={"question": ASK})
        followed = http.get(f"{begun.headers['location']}/events")

        assert (refused.status_code, refused.json()["code"]) == (503, "stopping")
        assert followed.status_code == 503
        assert service.settled(lambda: service.events("decided"))[0].outcome != "no_quorum"
        assert service.call(tools.ledger.open_streams()) == ()


def test_at_a_stop_followers_leave_first(kit, tmp_path):
    """A stop of the server ends event streams at once; the deliberation that they follow may still end."""
    with kit.serve(tmp_path, script=kit.slow(2)) as service, service.http() as http:
        begun = http.post("/v1/deliberations", json={"question": ASK}, headers={"prefer": "respond-async"})
        with http.stream("GET", f"{begun.headers['location']}/events") as response:
            coming = response.iter_text()
            text = next(coming)
            service.server.should_exit = True
            text += "".join(coming)

        assert "event: opened" in text
        assert "event: decided" not in text


def test_what_outlasts_the_grace_is_given_up_on_record(kit, tmp_path):
    """Closing the desk without grace gives up what runs: decided on record, nothing left open."""
    with kit.serve(tmp_path, script=kit.slow(30)) as service, service.http() as http:
        http.post("/v1/deliberations", json={"question": ASK}, headers={"prefer": "respond-async"})
        service.call(service.desk.close(grace_seconds=0))

        assert service.events("cancelled")[0].why == "caller_gone"
        assert service.events("decided")[0].outcome == "no_quorum"
        assert service.desk.running == 0
