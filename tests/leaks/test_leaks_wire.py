"""Leak paths 6 to 16: redirects, proxies, environment, names, addresses, URLs and certificates.

Each control is the same scene with a transport or a guard that does what common clients do; there the canary is seen.
"""

import urllib.parse

import aiohttp
import httpx
import openai
import pytest

from magi.core.errors import EgressRefusedError
from magi.gateway.body import read_body
from magi.gateway.egress import Guard
from magi.gateway.protocols.openai_chat import render
from magi.gateway.ticket import Wire
from magi.gateway.transport import PinnedTransport

PUBLIC = "庁舎の花壇に何を植えるとよいか"
ELSEWHERE = "127.0.0.2"
MAPPED = f"::ffff:{ELSEWHERE}"


class Usual(httpx.AsyncBaseTransport):
    """What common clients do: redirects followed, names resolved anew, the environment trusted."""

    def __init__(self, resolver=None, **options):
        """Keep the client's options."""
        self.resolver = resolver
        self.options = options

    async def handle_async_request(self, request):
        """Send as aiohttp does when nobody stops it."""
        url = str(request.url)
        if self.resolver is not None:
            host, port = request.url.host, request.url.port
            (address, *_) = await self.resolver.resolve(host, port)
            url = url.replace(host, f"[{address}]" if ":" in address else address, 1)
        headers = {n.decode(): v.decode() for n, v in request.headers.raw if n.lower() != b"content-length"}
        session = aiohttp.ClientSession(trust_env=self.options.pop("trust_env", False))
        async with session, session.request("POST", url, data=request.content, headers=headers) as answer:
            return httpx.Response(answer.status, content=b"", stream=_Whole(await answer.read()))


class _Whole(httpx.AsyncByteStream):
    def __init__(self, body):
        self.body = body

    async def __aiter__(self):
        yield self.body


class Lenient(Guard):
    """A guard that takes any URL and pins nothing; the body is read as always."""

    @staticmethod
    def _check_wire(card, ticket, wire):
        del ticket
        return read_body(wire.body, card.endpoint.model).texts

    async def _pin(self, card, ticket):
        del card, ticket
        return ("unused",)


class Plain(httpx.AsyncBaseTransport):
    """Sends to wherever the system's own reading of the URL leads."""

    async def handle_async_request(self, request):
        """Send as httpx does."""
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(str(request.url), content=request.content)
            return httpx.Response(answer.status_code, stream=_Whole(answer.content))


# 6-8: redirects.


@pytest.mark.parametrize("status", [307, 308])
def test_leak_06_a_redirect_that_keeps_the_body_is_not_followed(scene, kit, status):
    """307 and 308 to a host abroad: the ask fails as redirect_refused; a client that follows re-sends the body."""
    abroad = kit.Recorder()
    play = scene(abroad=abroad)
    play.home.play = kit.redirecting(status, f"http://localhost:{play.abroad.port}/v1/chat/completions")
    done = play.ask(f"{kit.WORD}をどうするとよいか", label=None)
    control = scene(transport=Usual())
    control.home.play = kit.redirecting(status, f"{control.abroad.base_url}/chat/completions")
    control.ask(f"{kit.WORD}をどうするとよいか", label=None)

    assert {seat.failure for seat in done.verdict.seats if seat.ask != "a4"} >= {"redirect_refused"}
    assert (play.leaks(kit.WORD), play.abroad.connections) == ([], 0)
    assert control.seen_abroad(kit.WORD)


@pytest.mark.parametrize("status", [301, 302, 303])
def test_leak_07_a_redirect_with_the_text_in_its_query_is_not_followed(scene, kit, status):
    """A redirect whose query repeats the question becomes a GET abroad in a client that follows; here nothing."""
    for transport, seen in ((None, False), (Usual(), True)):
        play = scene(transport=transport)
        query = urllib.parse.quote(kit.WORD)
        play.home.play = kit.redirecting(status, f"{play.abroad.base_url}/collect?q={query}")
        play.ask(f"{kit.WORD}をどうするとよいか", label=None)

        assert bool(play.seen_abroad(kit.WORD)) is seen
        assert (play.abroad.connections > 0) is seen
        assert seen or play.leaks(kit.WORD) == []


def test_leak_08_a_redirect_to_another_port_is_not_followed(scene, kit):
    """The same host by another port is another server; the body does not go there."""
    for transport, seen in ((None, False), (Usual(), True)):
        play = scene(transport=transport)
        play.home.play = kit.redirecting(307, f"{play.abroad.base_url}/chat/completions")
        play.ask(f"{kit.WORD}をどうするとよいか", label=None)

        assert bool(play.seen_abroad(kit.WORD)) is seen


# 9-11: the environment.

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


def test_leak_09_proxies_of_the_environment_are_not_used(scene, kit, monkeypatch):
    """Every proxy variable points abroad: nothing connects there; a client that trusts the environment does."""
    play, control = scene(), scene(transport=Usual(trust_env=True))
    for name in PROXIES:
        monkeypatch.setenv(name, f"http://127.0.0.1:{play.abroad.port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    play.ask(f"{kit.WORD}をどうするとよいか", label=None)
    for name in PROXIES:
        monkeypatch.setenv(name, f"http://127.0.0.1:{control.abroad.port}")
    control.say(f"{kit.WORD}をどうするとよいか", "c1")

    assert (play.leaks(kit.WORD), play.abroad.connections) == ([], 0)
    assert play.seen_at_home(kit.WORD)
    assert control.seen_abroad(kit.WORD)


def test_leak_10_an_upper_case_exception_and_a_netrc_change_nothing(scene, kit, monkeypatch, tmp_path):
    """NO_PROXY in one spelling only and a .netrc with a password: no proxy and no credential is used."""
    play, control = scene(), scene(transport=Usual(trust_env=True))
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login clerk password planted-password-73\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("NO_PROXY", "elsewhere.example")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{play.abroad.port}")
    play.ask(f"{kit.WORD}をどうするとよいか", label=None)
    done = play.ask(PUBLIC)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{control.abroad.port}")
    control.say(f"{kit.WORD}をどうするとよいか", "c1")

    assert done.verdict.outcome == "unanimous"
    assert (play.leaks(kit.WORD), play.abroad.connections) == ([], 1)
    assert kit.search(play.home.received + play.abroad.received, "clerk:planted-password-73") == []
    assert b"authorization" not in (play.home.received + play.abroad.received).lower()
    assert control.seen_abroad(kit.WORD)
    assert kit.search(control.abroad.received, "clerk:planted-password-73")


def test_leak_11_variables_of_vendor_kits_are_not_read(scene, kit, monkeypatch):
    """Base URLs, regions and keys in the variables of vendors' kits lead nowhere; such a kit follows them with key."""
    play = scene()
    for name in ("OPENAI_BASE_URL", "OPENAI_API_BASE", "AZURE_OPENAI_ENDPOINT", "AZURE_API_BASE"):
        monkeypatch.setenv(name, play.abroad.base_url)
    monkeypatch.setenv("AWS_ENDPOINT_URL", play.abroad.base_url)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted-0123456789")
    play.ask(f"{kit.WORD}をどうするとよいか", label=None)
    quiet = (play.leaks(kit.WORD), play.abroad.connections)

    async def by_the_kit():
        async with openai.AsyncOpenAI(max_retries=0) as client:
            await client.chat.completions.create(model="m", messages=[{"role": "user", "content": kit.WORD}])

    play.run(by_the_kit())

    assert quiet == ([], 0)
    assert kit.search(play.home.received, "sk-planted-0123456789") == []
    assert play.seen_abroad(kit.WORD)
    assert kit.search(play.abroad.received, "sk-planted-0123456789")


# 12-14: names, addresses, URLs.


def named(stage, scheme="http", *, answers):
    """Cards at home under names of their own, h1.test and on; and the table that leads to them."""

    def cards(home, _abroad):
        made = stage.home_cards(home.base_url)
        return {
            name: stage.build.card(
                name,
                developer=card.model.developer,
                family=card.model.family,
                base_url=f"{scheme}://{name}.test:{home.port}/v1",
                allowed_hosts=(f"{name}.test",),
                checked_on=card.backend.checked_on,
            )
            for name, card in made.items()
        }

    return cards, {f"{name}.test": list(answers) for name in ("c1", "c2", "c3")}


def elsewhere(stage, kit):
    """A recorder abroad on another address, and one at home on the same port."""
    abroad = kit.Recorder(host=ELSEWHERE)
    stage.run(abroad.start())
    home = kit.Recorder(port=abroad.port)
    stage.run(abroad.stop())
    return home, kit.Recorder(host=ELSEWHERE, port=abroad.port)


def test_leak_12_a_name_that_moves_between_check_and_connect(scene, stage, kit):
    """The name leads home when it is checked and abroad a moment later: it is asked once, and the address is pinned."""
    for rebound, seen in ((False, False), (True, True)):
        home, abroad = elsewhere(stage, kit)
        cards, table = named(stage, answers=[("127.0.0.1",), (ELSEWHERE,)])
        names = kit.Names(table)
        play = scene(
            home=home,
            abroad=abroad,
            cards=cards,
            resolver=names,
            transport=Usual(names) if rebound else None,
        )
        play.ask(f"{kit.WORD}をどうするとよいか", label=None)

        assert bool(play.seen_abroad(kit.WORD)) is seen
        assert seen or (play.leaks(kit.WORD) == [] and len(names.asked) == 3)
        assert seen or play.seen_at_home(kit.WORD)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("address", ["198.51.100.7", "10.0.0.8", "169.254.169.254", "fd00:ec2::254", MAPPED])
def test_leak_12_13_a_name_that_leads_elsewhere_is_refused(scene, stage, kit, address, scheme):
    """A card of this machine whose name leads abroad, to metadata, or to a mapped address is asked nowhere."""
    home, abroad = elsewhere(stage, kit)
    cards, table = named(stage, scheme, answers=[("127.0.0.1", address)])
    play = scene(home=home, abroad=abroad, cards=cards, resolver=kit.Names(table))
    done = play.ask(f"{kit.WORD}をどうするとよいか", label=None)
    reason = {"http": "http_beyond_loopback", "https": "address_not_loopback"}[scheme]

    assert {s.failure for s in done.verdict.seats if s.said == "failure"} == {f"egress_{reason}"}
    assert (play.leaks(kit.WORD), play.abroad.connections, play.home.connections) == ([], 0, 0)


def test_leak_13_control_a_mapped_address_would_lead_abroad(scene, stage, kit):
    """Without the check of addresses, a name that leads to the mapped form of the foreign address is followed there."""
    home, abroad = elsewhere(stage, kit)
    cards, table = named(stage, answers=[(MAPPED,)])
    names = kit.Names(table)
    play = scene(home=home, abroad=abroad, cards=cards, resolver=names, guard=Lenient, transport=Usual(names))
    play.ask(f"{kit.WORD}をどうするとよいか", label=None)

    assert play.seen_abroad(kit.WORD)


def spelt(port):
    """Spellings of the foreign address that parsers read in different ways: (URL base, reason or None)."""
    return {
        "decimal": f"http://2130706434:{port}/v1",
        "hexadecimal": f"http://0x7f000002:{port}/v1",
        "octal": f"http://0177.0.0.2:{port}/v1",
        "short": f"http://127.2:{port}/v1",
        "trailing dot": f"http://127.0.0.2.:{port}/v1",
    }


READ_BY_SYSTEMS = {"decimal", "hexadecimal", "short"}
"""Spellings that a plain client here follows; the octal one httpx refuses, the one with a dot does not resolve."""


@pytest.mark.parametrize("form", ["decimal", "hexadecimal", "octal", "short", "trailing dot"])
def test_leak_13_14_an_address_in_another_spelling_is_refused(scene, stage, kit, form):
    """A card whose host spells an address otherwise is not even resolved; the system's resolver would go there."""
    for guard, seen in ((Guard, False), (Lenient, True))[: 1 + (form in READ_BY_SYSTEMS)]:
        home, abroad = elsewhere(stage, kit)
        transport = Plain() if seen else None
        play = scene(
            home=home,
            abroad=abroad,
            cards=lambda _, abroad: stage.home_cards(spelt(abroad.port)[form]),
            guard=guard,
            transport=transport,
        )
        play.ask(f"{kit.WORD}をどうするとよいか", label=None)

        assert bool(play.seen_abroad(kit.WORD)) is seen
        assert seen or (play.leaks(kit.WORD), play.abroad.connections, play.resolver.asked) == ([], 0, [])


def crooked(home, abroad):
    """URLs that look like the card's and lead abroad, in some parser at least."""
    return {
        "userinfo": f"http://127.0.0.1:{home}@127.0.0.2:{abroad}/v1/chat/completions",
        "userinfo only": f"http://127.0.0.1@127.0.0.2:{abroad}/v1/chat/completions",
        "backslash": f"http://127.0.0.2:{abroad}\\@127.0.0.1:{home}/v1/chat/completions",
        "fragment": f"http://127.0.0.2:{abroad}/#@127.0.0.1:{home}/v1/chat/completions",
        "query": f"http://127.0.0.2:{abroad}/?@127.0.0.1:{home}/v1/chat/completions",
        "percent": f"http://127.0.0.1%2eevil.test:{abroad}/v1/chat/completions",
        "full width": f"http://127。0。0。2:{abroad}/v1/chat/completions",
        "other host": f"http://127.0.0.2:{abroad}/v1/chat/completions",
        "other scheme": f"https://127.0.0.1:{home}/v1/chat/completions",
        "other port": f"http://127.0.0.1:{home + 1}/v1/chat/completions",
        "other path": f"http://127.0.0.1:{home}/v1/chat/completions/{urllib.parse.quote('花壇')}",
        "more query": f"http://127.0.0.1:{home}/v1/chat/completions?q=1",
    }


ABROAD_IN_PLAIN_CLIENTS = {"userinfo", "userinfo only", "fragment", "query", "full width", "other host"}


@pytest.mark.parametrize("form", sorted(crooked(1, 2)))
def test_leak_14_a_url_that_is_not_the_cards_is_refused(scene, stage, kit, form):
    """Even with a ticket of our own for it, a URL that departs from the card's is refused; plain clients go abroad."""
    for guard in (Guard, Lenient) if form in ABROAD_IN_PLAIN_CLIENTS else (Guard,):
        seen = guard is Lenient
        home, abroad = elsewhere(stage, kit)
        play = scene(home=home, abroad=abroad, guard=guard, transport=None if guard is Guard else Plain())
        card = play.cards["c1"]
        plain = render(card, "system", kit.WORD, None)
        wire = Wire("POST", crooked(play.home.port, play.abroad.port)[form], plain.headers, plain.body)
        ticket = play.mint.issue(
            wire,
            card,
            ask="a1",
            attempt=1,
            label=1,
            derived_from=(),
            now_ms=play.tools.clock.now_ms(),
            nonce=form.encode(),
        )
        refused = told = None
        try:
            told = play.run(play.guard.send(ticket, wire, 5_000))
        except (EgressRefusedError, httpx.InvalidURL, ValueError) as error:
            refused = error
            play.told.append(repr(error))

        assert bool(play.seen_abroad(kit.WORD)) is seen
        assert guard is Lenient or (isinstance(refused, EgressRefusedError) and told is None)
        assert guard is Lenient or (play.leaks(kit.WORD), play.home.connections) == ([], 0)


# 15, 16: certificates and names.


def impostor(stage):
    """Cards at home, https://home.test, whose name leads to the recorder abroad (a poisoned name server)."""

    def cards(_home, abroad):
        url = f"https://home.test:{abroad.port}/v1"
        return stage.home_cards(url)

    return cards


@pytest.mark.filterwarnings(
    "ignore:unclosed transport:ResourceWarning"
)  # the server's, after a failed handshake
def test_leak_15_a_certificate_of_another_authority_gets_nothing(scene, stage, kit, tmp_path):
    """Who answers to the home's name with a certificate of another CA gets no byte; unverified he gets all."""
    ours, theirs = kit.authority(), kit.authority()
    told = {}
    for verify in (True, False):
        play = scene(
            abroad=kit.Recorder(tls=kit.serving(tmp_path, theirs, "home.test")),
            cards=impostor(stage),
            resolver=kit.Names({"home.test": ("127.0.0.1",)}),
            transport=PinnedTransport(kit.trusting(ours, verify=verify)),
        )
        done = play.ask(f"{kit.WORD}をどうするとよいか", label=None)
        told[verify] = {seat.failure for seat in done.verdict.seats if seat.said == "failure"}

        assert bool(play.seen_abroad(kit.WORD)) is not verify
        assert not verify or (play.leaks(kit.WORD), play.abroad.requests) == ([], [])
    assert told[True] == {"tls_failed"}


@pytest.mark.filterwarnings(
    "ignore:unclosed transport:ResourceWarning"
)  # the server's, after a failed handshake
def test_leak_16_a_certificate_for_another_name_on_a_shared_edge_gets_nothing(scene, stage, kit, tmp_path):
    """The same CA and edge with another customer's name: refused; a client that checks the chain alone sends."""
    ours = kit.authority()
    for name in (True, False):
        play = scene(
            abroad=kit.Recorder(tls=kit.serving(tmp_path, ours, "other.test")),
            cards=impostor(stage),
            resolver=kit.Names({"home.test": ("127.0.0.1",)}),
            transport=PinnedTransport(kit.trusting(ours, name=name)),
        )
        play.ask(f"{kit.WORD}をどうするとよいか", label=None)

        assert bool(play.seen_abroad(kit.WORD)) is not name


def test_leak_16_host_and_server_name_are_the_cards(scene, stage, kit, tmp_path):
    """The handshake asks for the card's host and the request names the same, so no edge can serve another site."""
    ours = kit.authority()
    play = scene(
        home=kit.Recorder(tls=kit.serving(tmp_path, ours, "home.test")),
        cards=lambda home, _: stage.home_cards(f"https://home.test:{home.port}/v1"),
        resolver=kit.Names({"home.test": ("127.0.0.1",)}),
        transport=PinnedTransport(kit.trusting(ours)),
    )
    done = play.ask(f"{kit.WORD}をどうするとよいか", label=None)
    hosts = {
        line for asked in play.home.requests for line in asked.head.split(b"\r\n") if line.startswith(b"Host")
    }

    assert done.verdict.outcome == "majority"
    assert play.home.names == ["home.test"] * 3
    assert hosts == {f"Host: home.test:{play.home.port}".encode()}
    assert play.leaks(kit.WORD) == []


@pytest.mark.filterwarnings("ignore:unclosed transport:ResourceWarning")
def test_leak_08_a_redirect_from_https_to_http_is_not_followed(scene, stage, kit, tmp_path):
    """A downgrade to plain HTTP is another scheme: nothing is sent there."""
    ours = kit.authority()
    play = scene(
        home=kit.Recorder(tls=kit.serving(tmp_path, ours, "home.test")),
        cards=lambda home, _: stage.home_cards(f"https://home.test:{home.port}/v1"),
        resolver=kit.Names({"home.test": ("127.0.0.1",)}),
        transport=PinnedTransport(kit.trusting(ours)),
    )
    play.home.play = kit.redirecting(308, f"{play.abroad.base_url}/chat/completions")
    done = play.ask(f"{kit.WORD}をどうするとよいか", label=None)

    async def followed():
        async with httpx.AsyncClient(
            verify=kit.trusting(ours, verify=False), follow_redirects=True, trust_env=False
        ) as client:
            await client.post(f"https://127.0.0.1:{play.home.port}/v1/x", content=kit.WORD.encode())

    quiet = (play.leaks(kit.WORD), play.abroad.connections)
    play.run(followed())

    assert "redirect_refused" in {seat.failure for seat in done.verdict.seats}
    assert quiet == ([], 0)
    assert play.seen_abroad(kit.WORD)
