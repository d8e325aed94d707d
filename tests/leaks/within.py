"""Runs inside a network namespace: sets up its interfaces, does a job, tells in JSON what left and what was reached.

``python within.py alone|watched magi|control FOLDER``. *alone*: there is nothing but loopback. *watched*: there is a
second interface with a default route, whose far end keeps every frame; a name server would be asked through it too.
*magi*: one question, one chat with the service, a batch of three rows, all declared public and with seats abroad.
*control*: a program that tries to get out, by address and by name.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx

SCRIPT = Path(sys.executable).with_name("magi")
LIMIT_SECONDS = 60
CANARY = "椿の花壇七三〇一号"
QUESTION = f"{CANARY}を実施するべきか。はいかいいえで答えてください。"
OUTSIDE = "203.0.113.9"
"""Of the documentation block (RFC 5737): nobody's."""
NAMES_SERVED_AT = "203.0.113.53"
LURES = {
    "HTTP_PROXY": f"http://{OUTSIDE}:3128",
    "HTTPS_PROXY": f"http://{OUTSIDE}:3128",
    "ALL_PROXY": f"http://{OUTSIDE}:3128",
    "OPENAI_BASE_URL": f"http://{OUTSIDE}/v1",
    "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{OUTSIDE}:4318",
    "OTEL_TRACES_EXPORTER": "otlp",
    "SENTRY_DSN": f"http://key@{OUTSIDE}/1",
    "LANGCHAIN_TRACING_V2": "true",
    "LANGCHAIN_ENDPOINT": f"http://{OUTSIDE}:1984",
    "PLENO_ANONYMIZE_BASE_URL": f"http://{OUTSIDE}:8080",
    "HF_ENDPOINT": f"http://{OUTSIDE}:8081",
}
"""What makes other programs call out."""
ALL_FRAMES = 3
"""ETH_P_ALL (linux/if_ether.h)."""
LAST = b"the last frame of this job"
IPV6, ICMPV6, HOP_BY_HOP = b"\x86\xdd", 58, 0


def run(*command):
    """Run a command of the system; it must do."""
    subprocess.run(command, check=True, capture_output=True, timeout=LIMIT_SECONDS)


def set_up(*, watched):
    """Bring up the interfaces; the socket that hears what leaves, where there is a way out."""
    run("ip", "link", "set", "lo", "up")
    if not watched:
        return None
    run("ip", "link", "add", "way0", "type", "veth", "peer", "name", "end0")
    for name in ("way0", "end0"):
        run("ip", "link", "set", name, "addrgenmode", "none")
    run("ip", "address", "add", "10.77.0.1/24", "dev", "way0")
    for name in ("way0", "end0"):
        run("ip", "link", "set", name, "up")
    run(
        "ip",
        "neighbour",
        "add",
        "10.77.0.2",
        "lladdr",
        "02:00:00:00:00:02",
        "dev",
        "way0",
        "nud",
        "permanent",
    )
    run("ip", "route", "add", "default", "via", "10.77.0.2")
    heard = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_FRAMES))
    heard.bind(("end0", 0))
    heard.settimeout(0)
    return heard


def frames_of(heard):
    """Every frame that came out at the far end, but for the kernel's own talk with its IPv6 neighbours."""
    frames = []
    while heard is not None:
        try:
            frame = heard.recv(65_536)
        except BlockingIOError:
            break
        if not (frame[12:14] == IPV6 and frame[20] in (ICMPV6, HOP_BY_HOP)):
            frames.append(frame.hex())
    return frames


class Loopback(threading.Thread):
    """Hears loopback and counts what a name server there would have been asked."""

    def __init__(self):
        """Hear from now on."""
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_FRAMES))
        self.socket.bind(("lo", 0))
        self.frames = self.names = 0

    def run(self):
        """Look at the destination port of every IPv4 frame, up to the one that says it was the last."""
        while True:
            packet = self.socket.recv(65_536)[14:]
            if packet[-len(LAST) :] == LAST:
                return
            ports = (packet[0] & 15) * 4
            self.frames += 1
            self.names += packet[0] >> 4 == 4 and packet[ports + 2 : ports + 4] == b"\0\x35"

    def end(self):
        """Hear everything that was sent before, and end."""
        with socket.socket(type=socket.SOCK_DGRAM) as udp:
            udp.sendto(LAST, ("127.0.0.1", 9))
        self.join(LIMIT_SECONDS)


def environment(folder):
    """A home of its own, and every lure."""
    home = {"PATH": os.defpath, "HOME": str(folder), "LANG": "C.UTF-8", "MAGI_HOME": str(folder / "home")}
    return home | LURES


def magi(folder, *arguments):
    """One command to its end."""
    done = subprocess.run(
        [SCRIPT, *arguments],
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def chat(folder):
    """One chat with the service; the HTTP status, and the exit status of the service."""
    said = folder / "said"
    with said.open("wb") as file:
        process = subprocess.Popen(
            [SCRIPT, "serve", "--rehearsal", "--port", "0"],
            env=environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
    try:
        until = time.monotonic() + LIMIT_SECONDS
        while (found := re.search(r"(http://\S+)/v1 ", said.read_text("utf-8"))) is None:
            if process.poll() is not None or time.monotonic() > until:
                return 0, process.poll()
            time.sleep(0.02)
        body = {"model": "magi", "messages": [{"role": "user", "content": QUESTION}]}
        body["magi"] = {"label": "public"}
        url = f"{found[1]}/v1/chat/completions"
        reply = httpx.post(url, json=body, timeout=LIMIT_SECONDS, trust_env=False)
        process.send_signal(signal.SIGTERM)
        return reply.status_code, process.wait(LIMIT_SECONDS)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(LIMIT_SECONDS)


def all_of_magi(folder):
    """What the program did, by its own word."""
    code, out, _ = magi(folder, "ask", "--rehearsal", "--label", "public", "--json", QUESTION)
    seen = [line["country"] for line in json.loads(out)["who_saw_what"]] if code == 0 else []
    rows = [{"id": number, "question": f"{number}番。{QUESTION}"} for number in (1, 2, 3)]
    file, answers = folder / "rows.jsonl", folder / "out.jsonl"
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    batch = ("batch", "run", file, "--out", answers, "--rehearsal", "--label", "public")
    batch_code, _, _ = magi(folder, *batch)
    lines = len(answers.read_text("utf-8").splitlines()) if answers.exists() else 0
    status, served = chat(folder)
    egress, told, _ = magi(folder, "audit", "egress", "--json")
    return {
        "codes": [code, batch_code, served, egress],
        "countries": seen,
        "rows": lines,
        "status": status,
        "abroad": sum(line["foreign"] for line in json.loads(told)["sends"]) if egress == 0 else None,
    }


def control():
    """Try to get out: a connection, a datagram with the canary, a look-up on loopback; what the system said."""
    with socket.socket() as tcp:
        tcp.settimeout(0)
        connected = tcp.connect_ex((OUTSIDE, 443))
    with socket.socket(type=socket.SOCK_DGRAM) as udp:
        try:
            udp.sendto(CANARY.encode(), (NAMES_SERVED_AT, 53))
            sent = 0
        except OSError as error:
            sent = error.errno
        udp.sendto(b"?", ("127.0.0.1", 53))
    return {"connected": connected, "sent": sent}


def main(where, job, folder):
    """Set up, do the job, tell."""
    heard = set_up(watched=where == "watched")
    loopback = Loopback()
    loopback.start()
    told = all_of_magi(Path(folder)) if job == "magi" else control()
    loopback.end()
    interfaces = sorted(name for _, name in socket.if_nameindex())
    told |= {"interfaces": interfaces, "left": frames_of(heard), "looked_up": loopback.names}
    print(json.dumps(told | {"on_loopback": loopback.frames}))  # noqa: T201  # the answer of this program


if __name__ == "__main__":
    main(*sys.argv[1:])
