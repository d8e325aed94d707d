"""The ledger's sends against the books of the outside: what agrees, what does not, and what excuses nothing."""

import datetime
import json
import tracemalloc

import pytest

from magi.core.errors import MalformedFileError, UnknownNameError
from magi.core.record import AttemptFailed, Ticketed
from magi.core.said import Tokens
from magi.replay.egress import Period
from magi.replay.outside import Entry, OutsideFile
from magi.replay.reconcile import Reconciliation, Terms, never_leaves
from magi.replay.shape import parse_shape, shipped

NOON_MS = 1_795_316_400_000
"""2026-11-22 12:00:00 in Japan."""
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
HOST = "api.example.com"


def deliberation(
    build, at_ms, *, host=HOST, fate="answered", took_ms=2_000, origin="live", tokens=None, card="c1"
):
    """One send at `at_ms` and what became of it, as records."""
    ticket = Ticketed(
        ask="a1", attempt=1, card=card, backend="x", host=host, country="US", label=0, digest="cd" * 32,
        derived_from=("question",), expires_ms=at_ms + 30_000,
    )  # fmt: skip
    events = [build.opened(), ticket]
    if fate == "answered":
        counts = None if tokens is None else Tokens(prompt=tokens[0], completion=tokens[1])
        events.append(build.answered(1, card=card, origin=origin, tokens=counts))
    elif fate != "open":
        failed = AttemptFailed(ask="a1", attempt=1, card=card, failure="timed_out", sent=fate)
        events.append(failed)
    times = [at_ms, at_ms, at_ms + took_ms]
    records = build.records(*events)
    return [record.model_copy(update={"at_ms": at}) for record, at in zip(records, times, strict=False)]


def compared(deliberations, proxy=None, usage=None, *, hosts=(), **terms):
    """The differences as (what, who, count), and the work itself."""
    work = Reconciliation(Terms(**terms))
    for number, records in enumerate(deliberations):
        work.take(f"d/{number}", records)
    for line, entry in enumerate(proxy or (), start=1):
        work.take_proxy("p", line, entry)
    for line, entry in enumerate(usage or (), start=1):
        work.take_usage("u", line, entry, hosts)
    if usage is not None:
        work.speaks_for(hosts)
    found = list(work.differences(proxy=proxy is not None, usage=usage is not None))
    return [(each.what, each.who, each.count) for each in found], work


def seen(at_ms, host=HOST, *, left=True):
    """One line of a proxy."""
    return Entry(host, at_ms, at_ms, left=left)


def day(requests, *, start=NOON_MS - 12 * HOUR_MS, model="c1", tokens=(None, None)):
    """One row of a vendor: a day in Japan."""
    return Entry(model, start, start + DAY_MS - 1, requests, *tokens)


def test_the_same_on_both_sides_agrees(build):
    """Each send with its line within the tolerance leaves nothing over."""
    found, work = compared(
        [deliberation(build, NOON_MS), deliberation(build, NOON_MS + 60_000)],
        [seen(NOON_MS - 4_000), seen(NOON_MS + 61_000)],
    )

    assert found == []
    assert (work.proxy.expected, work.proxy.paired, work.proxy.agrees) == (2, 2, True)


@pytest.mark.parametrize("shift_ms", [-5_001, 7_001])
def test_a_line_beyond_the_tolerance_is_two_differences(build, shift_ms):
    """What lies outside the send's time and the clocks' tolerance is unknown to both."""
    found, _ = compared([deliberation(build, NOON_MS)], [seen(NOON_MS + shift_ms)])

    assert found == [("not_in_ledger", HOST, 1), ("not_outside", HOST, 1)]


def test_a_request_around_the_ledger_is_named_with_its_line(build):
    """One line too many at the same minute is one difference, though both lines fit the one send."""
    work = Reconciliation(Terms())
    work.take("d/x", deliberation(build, NOON_MS))
    for line in (7, 8):
        work.take_proxy("p", line, seen(NOON_MS + line))
    (found,) = work.differences(proxy=True, usage=False)

    assert (found.what, found.who, found.count) == ("not_in_ledger", HOST, 1)
    assert found.where in {"p:7", "p:8"}
    assert found.first_ms in {NOON_MS + 7, NOON_MS + 8}


@pytest.mark.parametrize(
    ("fate", "missed"), [("answered", True), ("yes", True), ("maybe", False), ("no", False), ("open", False)]
)
def test_only_what_certainly_left_is_missed_and_all_of_it_may_be_found(build, fate, missed):
    """Without a line only a proven send is a difference; with one, none of them is."""
    without, _ = compared([deliberation(build, NOON_MS, fate=fate)], [])
    with_one, _ = compared([deliberation(build, NOON_MS, fate=fate)], [seen(NOON_MS)])

    assert without == ([("not_outside", HOST, 1)] if missed else [])
    assert with_one == []


@pytest.mark.parametrize("origin", ["scripted", "recorded"])
def test_a_standin_is_not_expected_and_excuses_nothing(build, origin):
    """A rehearsal leaves no line outside; a line at its time is a request around the ledger."""
    quiet, work = compared([deliberation(build, NOON_MS, origin=origin)], [])
    loud, _ = compared([deliberation(build, NOON_MS, origin=origin)], [seen(NOON_MS)])

    assert quiet == []
    assert work.standins == 1
    assert loud == [("not_in_ledger", HOST, 1)]


def test_a_standin_that_failed_is_known_by_its_card(build):
    """An attempt that gave nothing says nothing of its origin; the same card's answer in that deliberation does."""
    held = deliberation(build, NOON_MS, fate="yes")
    again = deliberation(build, NOON_MS + 1_000, origin="scripted")
    second = again[1].model_copy(update={"data": again[1].data.model_copy(update={"attempt": 2})})
    answer = again[2].model_copy(update={"data": again[2].data.model_copy(update={"attempt": 2})})

    assert compared([[*held, second, answer]], [])[0] == []
    assert compared([held], [])[0] == [("not_outside", HOST, 1)]


def test_a_host_inside_is_not_missed_at_the_proxy_but_may_be_seen_there(build):
    """A server that is reached without the proxy has no line; one that it has is its own."""
    inside = frozenset({HOST})

    assert compared([deliberation(build, NOON_MS)], [], inside=inside)[0] == []
    assert compared([deliberation(build, NOON_MS)], [seen(NOON_MS)], inside=inside)[0] == []
    assert compared([deliberation(build, NOON_MS)], usage=[], inside=inside)[0] == [("not_outside", "c1", 1)]


@pytest.mark.parametrize(
    ("host", "stays"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("x.invalid", True),
        (HOST, False),
        ("10.0.0.1", False),
    ],
)
def test_what_is_addressed_to_this_machine_does_not_leave_it(host, stays):
    """Loopback and names that lead nowhere stay; a private network is still a network."""
    assert never_leaves(host) is stays


def test_what_the_proxy_stopped_is_no_request_but_may_explain_a_send(build):
    """A denied line by itself is counted and is no difference; it can be the line of a send."""
    alone, work = compared([], [seen(NOON_MS, left=False)])
    explains, _ = compared([deliberation(build, NOON_MS)], [seen(NOON_MS, left=False)])

    assert (alone, explains) == ([], [])
    assert work.proxy.denied == 1


def test_hosts_that_are_no_models_are_named_by_the_auditor_and_cannot_hide_a_model(build):
    """A stated other host is counted apart, unless the ledger sends there."""
    apart, work = compared([], [seen(NOON_MS, "time.example")], others=frozenset({"time.example"}))
    ours, _ = compared(
        [deliberation(build, NOON_MS)], [seen(NOON_MS), seen(NOON_MS)], others=frozenset({HOST})
    )

    assert (apart, work.proxy.others) == ([], 1)
    assert ours == [("not_in_ledger", HOST, 1)]


def test_another_name_for_the_same_host_is_taken_as_stated(build):
    """An address in the log is the host that the auditor says it is."""
    found, _ = compared(
        [deliberation(build, NOON_MS)], [seen(NOON_MS, "192.0.2.7")], same={"192.0.2.7": HOST}
    )

    assert found == []


def test_the_edge_of_a_period_is_no_difference(build):
    """Lines and sends just beyond the period may explain those just inside, and are not missed themselves."""
    today = Period(datetime.date(2026, 11, 22), datetime.date(2026, 11, 22))
    midnight = NOON_MS + 12 * HOUR_MS
    late, _ = compared([deliberation(build, midnight - 1)], [seen(midnight + 1)], period=today)
    beyond, _ = compared([deliberation(build, midnight + 1)], [], period=today)
    around, _ = compared([deliberation(build, midnight + 1)], [seen(midnight - 1)], period=today)
    alone, _ = compared([], [seen(midnight - 1)], period=today)

    assert (late, beyond, around) == ([], [], [])
    assert alone == [("not_in_ledger", HOST, 1)]


def test_a_day_of_a_vendor_counts_requests_both_ways(build):
    """A row that states more is requests around the ledger; one that states less leaves sends unknown."""
    held = [deliberation(build, NOON_MS + n * 60_000) for n in range(3)]

    assert compared(held, usage=[day(3)])[0] == []
    assert compared(held, usage=[day(5)])[0] == [("not_in_ledger", "c1", 2)]
    assert compared(held, usage=[day(2)])[0] == [("not_outside", "c1", 1)]
    assert compared(held, usage=[])[0] == [("not_outside", "c1", 1)] * 3
    assert compared([], usage=[day(10**12)])[0] == [("not_in_ledger", "c1", 10**12)]


def test_a_failed_send_may_be_on_the_invoice(build):
    """A vendor may count a request that failed, but not one that was proven unsent."""
    for fate, extra in (("yes", 0), ("maybe", 0), ("no", 1)):
        held = [deliberation(build, NOON_MS, fate=fate)]

        assert compared(held, usage=[])[0] == []
        assert compared(held, usage=[day(1)])[0] == [("not_in_ledger", "c1", 1)] * extra


def test_a_send_at_midnight_belongs_to_either_day(build):
    """Within the tolerance of a day's edge a send is counted where the vendor counted it, and once."""
    midnight = NOON_MS + 12 * HOUR_MS
    held = [deliberation(build, midnight - 1_000), deliberation(build, NOON_MS)]
    rows = [day(1), day(1, start=midnight)]

    assert compared(held, usage=rows)[0] == []
    assert compared(held, usage=[day(2)])[0] == []
    assert compared(held, usage=[day(2), day(1, start=midnight)])[0] != []


def test_sums_of_tokens_are_compared_where_all_of_them_are_known(build):
    """Equal sums agree, any other is named; where a send does not say, only less than is known is wrong."""
    held = [deliberation(build, NOON_MS, tokens=(10, 4)), deliberation(build, NOON_MS + 1, tokens=(20, 6))]
    unsure = [*held[:1], deliberation(build, NOON_MS + 1)]

    assert compared(held, usage=[day(2, tokens=(30, 10))])[0] == []
    assert compared(held, usage=[day(2, tokens=(31, 9))])[0] == [
        ("input_tokens", "c1", 31),
        ("output_tokens", "c1", 9),
    ]
    assert compared(unsure, usage=[day(2, tokens=(999, 4))])[0] == []
    assert compared(unsure, usage=[day(2, tokens=(9, 4))])[0] == [("input_tokens", "c1", 9)]


def test_a_vendor_that_counts_no_requests_still_shows_unknown_use(build):
    """Tokens on a day without sends are a difference, and so are sends on a day without a row."""
    held = [deliberation(build, NOON_MS, tokens=(10, 4))]
    row = day(None, tokens=(10, 4))

    assert compared(held, usage=[row])[0] == []
    assert ("not_in_ledger", "c1", 1) in compared([], usage=[row])[0]
    assert compared(held, usage=[day(None, start=NOON_MS + 2 * DAY_MS, tokens=(0, 0))])[0] == [
        ("not_outside", "c1", 1)
    ]


def test_a_file_speaks_for_its_hosts_only(build):
    """Sends to other hosts are not looked for in a vendor's file, and cannot explain its rows."""
    here, elsewhere = deliberation(build, NOON_MS), deliberation(build, NOON_MS, host="other.example")

    assert compared([here, elsewhere], usage=[day(1)], hosts=("api.*",))[0] == []
    assert compared([elsewhere], usage=[day(1)], hosts=("api.*",))[0] == [("not_in_ledger", "c1", 1)]


def test_rows_whose_times_overlap_are_named_and_nothing_of_them_is_lost(build):
    """A day and an hour of it: both counts stand, and the overlap is said."""
    held = [deliberation(build, NOON_MS), deliberation(build, NOON_MS + 1)]
    hour = Entry("c1", NOON_MS, NOON_MS + HOUR_MS - 1, 1)
    found, work = compared(held, usage=[day(2), hour])

    assert found == [("not_in_ledger", "c1", 1)]
    assert work.overlaps == ["u:2"]


# Files.


def read(text, kind="proxy", shape=None, zone=None):
    """The entries of a file and the file, as the command reads it."""
    candidates = tuple(each for each in shipped().values() if each.kind == kind)
    file = OutsideFile("f", shape, candidates, zone)
    raw = text if isinstance(text, bytes) else text.encode()
    return [entry for _, entry in file.read(raw.splitlines(keepends=True))], file


def faults(file):
    """Faults as (line, what)."""
    return [(fault.line, fault.what) for fault in file.faults]


SQUID = (
    "1795316402.500   2500 10.0.0.2 TCP_TUNNEL/200 5120 CONNECT Api.Example.COM:443 - HIER_DIRECT/192.0.2.7 -\n"
    "1795316403.000      1 10.0.0.2 TCP_DENIED/403 100 CONNECT evil.example:443 - HIER_NONE/- text/html\n"
)


def test_squids_time_is_the_end_of_a_request():
    """The beginning is the time less what it took; a denied line did not leave."""
    entries, file = read(SQUID)

    assert entries == [seen(NOON_MS, HOST), seen(NOON_MS + 2_999, "evil.example", left=False)]
    assert file.shape.name == "squid"


@pytest.mark.parametrize(
    ("name", "kind", "line", "expected"),
    [
        (
            "openai",
            "usage",
            {
                "object": "page",
                "data": [
                    {"start_time": 1795316400, "end_time": 1795402800, "results": []},
                    {
                        "start_time": 1795316400,
                        "end_time": 1795402800,
                        "results": [
                            {"input_tokens": 30, "output_tokens": 9, "num_model_requests": 2, "model": "m"}
                        ],
                    },
                ],
            },
            Entry("m", NOON_MS, NOON_MS + DAY_MS - 1, 2, 30, 9),
        ),
        (
            "anthropic",
            "usage",
            {
                "starting_at": "2026-11-22T03:00:00Z",
                "ending_at": "2026-11-22T04:00:00Z",
                "results": [
                    {
                        "model": "m",
                        "uncached_input_tokens": 3,
                        "cache_read_input_tokens": 4,
                        "cache_creation": {"ephemeral_5m_input_tokens": 5},
                        "output_tokens": 1,
                    }
                ],
            },
            Entry("m", NOON_MS, NOON_MS + HOUR_MS - 1, None, 12, 1),
        ),
        (
            "bedrock",
            "usage",
            {
                "schemaType": "ModelInvocationLog",
                "timestamp": "2026-11-22T03:00:00Z",
                "requestId": "r",
                "modelId": "m",
                "input": {"inputTokenCount": 35},
                "output": {"outputTokenCount": 46},
            },
            Entry("m", NOON_MS, NOON_MS, 1, 35, 46),
        ),
        (
            "envoy",
            "proxy",
            {"start_time": "2026-11-22T03:00:00.000Z", "authority": f"{HOST}:443", "response_code": 200},
            seen(NOON_MS),
        ),
        (
            "nginx",
            "proxy",
            {"msec": "1795316402.000", "host": HOST, "status": "200", "request_time": "2.000"},
            seen(NOON_MS),
        ),
    ],
)
def test_each_shape_is_known_by_its_columns(name, kind, line, expected):
    """A line in the published form is told by its columns and read to the same entry."""
    entries, file = read(json.dumps(line), kind)

    assert (file.shape.name, entries, file.faults) == (name, [expected], [])


def test_days_of_a_sheet_are_days_of_the_stated_zone():
    """Dates as offices write them, with thousands separators, in CP932, under Japanese headings."""
    text = '日付,モデル,件数,入力トークン,費用\n2026/11/22,c1,"1,234",5,\\100\n2026/1,c1,1,0,0\n'.encode(
        "cp932"
    )
    entries, file = read(text, "usage", zone="JST")
    start = NOON_MS - 12 * HOUR_MS

    assert entries[0] == Entry("c1", start, start + DAY_MS - 1, 1234, 5)
    assert entries[1].last - entries[1].first == 31 * DAY_MS - 1
    assert (file.cp932_lines, str(file.cost)) == (1, "100")


def test_a_time_without_a_zone_is_refused_until_one_is_stated():
    """Nobody guesses whether a log's clock is Japan's."""
    text = f"time,host\n2026-11-22T12:00:00,{HOST}\n"
    with pytest.raises(MalformedFileError) as refused:
        read(text)

    assert refused.value.reason == "outside_zone"
    assert read(text, zone="+09:00")[0] == [seen(NOON_MS)]
    assert read(text, zone="UTC")[0] == [seen(NOON_MS + 9 * HOUR_MS)]


def test_lines_that_cannot_be_read_are_named_and_the_rest_is_read():
    """Every kind of bad line by its number; a mixture of encodings is none."""
    good = "2026-11-22T12:00:00+09:00,c1,{},窓\n"
    lines = [
        b"time,model,requests,note\n",
        good.format(1).encode(),
        good.format(2).encode("cp932"),
        good.format(-1).encode(),
        good.format("many").encode(),
        b"yesterday,c1,1,x\n",
        b"2026-11-22T12:00:00+09:00,,1,x\n",
        b"2026-11-22T12:00:00+09:00,c1,1\n",
        b"2026-11-22T12:00:00+09:00,c1,1,\x81\n",
        b'2026-11-22T12:00:00+09:00,c1,1,"x\n',
        good.format(1).encode(),
    ]
    entries, file = read(b"".join(lines), "usage")

    assert [entry.requests for entry in entries] == [1, 2, 1]
    assert faults(file) == [
        (4, "negative"),
        (5, "count"),
        (6, "time"),
        (7, "nobody"),
        (8, "cells"),
        (9, "encoding"),
        (10, "csv"),
    ]
    assert (file.repeated, file.cp932_lines) == ([11], 1)


def test_columns_that_fit_no_shape_are_refused():
    """A file that nobody can read is not taken for an empty one."""
    for text in ("a,b\n1,2\n", '{"a": 1}\n', "hello\n"):
        with pytest.raises(MalformedFileError) as refused:
            read(text)

        assert refused.value.reason == "outside_columns"


def test_an_auditors_own_columns():
    """A mapping names any columns; fields that are no fields are refused by name."""
    shape = parse_shape(
        "own.toml", 'kind = "proxy"\nformat = ["csv"]\nzone = "JST"\ntime = ["いつ"]\nhost = ["どこ"]\n'
    )
    entries, _ = read(f"いつ,どこ\n2026/11/22 12:00,https://{HOST}/v1\n", shape=shape)

    assert entries == [seen(NOON_MS)]
    with pytest.raises(MalformedFileError) as refused:
        parse_shape("own.toml", 'kind = "proxies"\nformat = ["xls"]\ntimes = ["x"]\n')

    assert refused.value.facts["problems"] == ("times",)


def test_a_zone_with_summer_time_is_refused():
    """Only a fixed offset says when a moment was."""
    with pytest.raises(UnknownNameError):
        read(SQUID, zone="Europe/Berlin")


def test_a_long_log_is_read_in_little_memory(build):
    """Forty thousand lines and sends take well under a kilobyte each."""
    count = 40_000
    held = deliberation(build, NOON_MS)
    tracemalloc.start()
    work = Reconciliation(Terms(tolerance_ms=0))
    work.take("d/x", held)
    for line in range(count):
        work.take_proxy("p", line, seen(NOON_MS + line))
    differences = sum(1 for _ in work.differences(proxy=True, usage=False))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert differences == count - 1
    assert peak < count * 400
