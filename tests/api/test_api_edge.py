"""The edge: hosts, origins, marks, and errors that nobody foresaw."""

from dataclasses import replace

import pytest

from magi.api.edge import is_loopback_host
from magi.core.errors import LedgerUnavailableError, TamperedError

ASK = {"model": "magi", "messages": [{"role": "user", "content": "白書を出すべきか。はいかいいえで。"}]}


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8400", "127.0.0.1", "127.8.9.1:1", "[::1]", "[::1]:8400"]
)
def test_this_machine_is_known_by_its_names(host):
    """Every way to name this machine's loopback passes."""
    assert is_loopback_host(host)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "10.0.0.1", "[::]", "", "localhost@e",
     "127.0.0.1:80:80", "2130706433", "0x7f000001", "localhost:", "evil.example:8400", "[::1", "localhost.", "127.1"],
)  # fmt: skip
def test_other_names_are_not_this_machine(host):
    """Names that an attacker could point here, and spellings that only some programs read as loopback, do not pass."""
    assert not is_loopback_host(host)


@pytest.mark.parametrize(
    "path", ["/v1/chat/completions", "/v1/deliberations", "/v1/models", "/healthz", "/none"]
)
def test_a_foreign_host_header_reaches_nothing(plain, path):
    """Under a foreign Host header (DNS rebinding) every path is a 421, and no seat is asked."""
    before = plain.home.arrived
    with plain.http() as http:
        response = http.post(path, json=ASK, headers={"host": "evil.example"})
        read = http.get(path, headers={"host": "evil.example:8400"})

    assert response.status_code == read.status_code == 421
    assert plain.home.arrived == before


def test_a_page_of_another_site_reaches_nothing(plain):
    """A browser's request from another origin is a 403; no response allows any origin; its own page may ask."""
    with plain.http() as http:
        foreign = http.post("/v1/chat/completions", json=ASK, headers={"origin": "https://evil.example"})
        opaque = http.post("/v1/chat/completions", json=ASK, headers={"origin": "null"})
        own = http.post("/v1/chat/completions", json=ASK, headers={"origin": "http://localhost:8400"})
        asked = http.options(
            "/v1/chat/completions",
            headers={"origin": "http://localhost:1", "access-control-request-method": "POST"},
        )

    assert [foreign.status_code, opaque.status_code, own.status_code] == [403, 403, 200]
    assert not [
        name for r in (foreign, own, asked) for name in r.headers if name.startswith("access-control")
    ]


@pytest.mark.parametrize("path", ["/healthz", "/none", "/v1/models", "/v1/models/none"])
def test_every_response_is_marked(plain, path):
    """Found or not, every response says that callers are not identified and that this is a rehearsal."""
    with plain.http() as http:
        response = http.get(path)

    assert response.headers["magi-notice"] == "loopback-only; no-identity"
    assert response.headers["magi-rehearsal"] == "scripted"
    assert response.headers["cache-control"] == "no-store"
    assert "server" not in response.headers


class Broken:
    """A ledger whose reads fail; the rest is the real one's."""

    def __init__(self, ledger, error):
        """Take the real ledger."""
        self._ledger, self._error = ledger, error

    def __getattr__(self, name):
        """The real ledger's."""
        return getattr(self._ledger, name)

    async def open_streams(self):
        """Fail."""
        raise self._error

    async def streams(self, _prefix):
        """Fail, with what it was asked."""
        raise self._error

    async def append(self, *_):
        """Fail."""
        raise self._error


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (LedgerUnavailableError("disk_full", path="/SECRET/ledger.db"), 503, "ledger_unavailable"),
        (TamperedError("hash", what="SECRET"), 503, "tampered"),
        (ValueError("SECRET"), 500, "internal"),
    ],
    ids=["the world's", "the record's", "unforeseen"],
)
def test_the_services_own_faults_tell_no_secret(kit, tmp_path, error, status, code):
    """A fault of the service has its status in the right shape; no path, text or trace is in reply or log."""
    with (
        kit.serve(
            tmp_path, change=lambda tools: replace(tools, ledger=Broken(tools.ledger, error))
        ) as service,
        service.http() as http,
    ):
        health = http.get("/healthz")
        native = http.get("/v1/deliberations")
        chat = http.post("/v1/chat/completions", json=ASK)

        assert [r.status_code for r in (health, native, chat)] == [status] * 3
        assert native.json()["code"] == chat.json()["error"]["code"] == code
        assert "SECRET" not in health.text + native.text + chat.text + service.everything_logged()
        assert ("retry-after" in chat.headers) == (status == 503)
