"""Starts `magi` commands quickly: one process imports the program once and forks for every command.

Each command is a process of its own with its own arguments, environment, folder, files and limits, and runs the
entry point of the console script. A caller connects to the socket and sends one line of JSON (argv, env, cwd,
file_bytes) with the descriptors of stdin, stdout and stderr; back come two lines, the process id and the exit
status (negative: the signal that ended it). Ends when its own standard input closes.
"""

import contextlib
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys

LOADED = ("main", "ask", "batch", "replay", "demo", "doctor", "agents", "rehearsal")
MAX_REQUEST_BYTES = 4_000_000
"""A question of the longest argument that Linux takes (128 KB), escaped by JSON, with room."""


def serve(listener):
    """Fork a keeper for each connection; it forks the command, waits for it and tells."""
    while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            os._exit(keep(connection))
        connection.close()


def keep(connection):
    """Start one command and report its end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    line, files, _, _ = socket.recv_fds(connection, MAX_REQUEST_BYTES, 3)
    while not line.endswith(b"\n"):
        line += connection.recv(MAX_REQUEST_BYTES)
    pid = os.fork()
    if pid == 0:
        connection.close()
        become(json.loads(line), files)
    for file in files:
        os.close(file)
    connection.sendall(f"{pid}\n".encode())
    _, status = os.waitpid(pid, 0)
    with contextlib.suppress(OSError):  # whoever asked may have gone
        connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    return 0


def become(request, files):
    """Be the command: descriptors, environment, folder, limits, arguments; then the entry point."""
    for target, file in enumerate(files):
        os.dup2(file, target)
        os.close(file)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    if request["file_bytes"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["file_bytes"],) * 2)
    sys.argv = ["magi", *(os.fsdecode(bytes.fromhex(each)) for each in request["argv"])]
    sys.stdin, sys.stdout, sys.stderr = (
        open(0, encoding="utf-8", closefd=False),  # noqa: SIM115  # a descriptor, for the process's life
        open(1, "w", encoding="utf-8", closefd=False),  # noqa: SIM115
        open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False),  # noqa: SIM115
    )
    code = 70  # EX_SOFTWARE: the entry point itself broke
    try:
        importlib.import_module("magi.cli.main").run()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):
                stream.flush()
        os._exit(code)


def main():
    """Load, listen, say so, serve."""
    for name in LOADED:
        importlib.import_module(f"magi.cli.{name}")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers are nobody's to wait for
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(sys.argv[1])
    listener.listen(16)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    serve(listener)


if __name__ == "__main__":
    main()
