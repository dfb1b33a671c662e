"""Sockets that are there already: of the parent process, of other servers, of other programs."""

import os
import socket
import subprocess
import sys
import time

from . import raw

# Starts the server as systemd does: the socket is descriptor 3, and the variable names this process.
LAUNCH = """
import os, sys
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[1], sys.argv[1:])
"""


def check(box, report):
    for part in (inherited, replaced, of_others, at_once):
        report.step(part, box, report)


def launch(box, listener, *arguments):
    """The server with `listener` as its first inherited descriptor."""

    def place():
        os.dup2(listener.fileno(), 3, inheritable=True)

    command = [sys.executable, "-c", LAUNCH, box.embed, "serve", "--index", ".embed", *arguments]
    return subprocess.Popen(
        command, cwd=box.folder, env=box.environment(), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
        preexec_fn=place, close_fds=False,
    )


def outcome(process):
    try:
        _, log = process.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None, "it goes on"
    return process.returncode, log.decode(errors="replace")


def inherited(box, report):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = launch(box, listener)
        try:
            with socket.create_connection(listener.getsockname(), timeout=30) as connection:
                connection.settimeout(30)
                connection.sendall(raw.head("GET", "/search?q=bees&k=1", "Connection: close", host="localhost"))
                received, _ = raw.read(connection, time.monotonic() + 30)
            answers = raw.parse(received)
            report.check("a socket of the parent is answered", answers and answers[0].status == 200, received[:300])
        finally:
            process.terminate()
            code, log = outcome(process)
        report.check("a server on a socket of the parent ends with 0", code == 0, (code, log))
    with socket.create_server(("0.0.0.0", 0)) as listener:
        code, log = outcome(launch(box, listener))
        report.check("a socket for all machines needs a key", code == 2 and "there is no key" in log, (code, log))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("127.0.0.1", 0))
        code, log = outcome(launch(box, datagrams))
        report.check("a socket of the parent that takes no connections is an error", code == 2 and log.startswith("error:"), (code, log))


def start(box, path):
    process = box.start("serve", "--socket", path, "--index", ".embed")
    end = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < end and not connects(path):
        time.sleep(0.05)
    return process


def connects(path):
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(path))
        except OSError:
            return False
        return True


def end(process):
    process.terminate()
    return process.wait(20)


def replaced(box, report):
    """A server removes its own socket at its end, not that of another server at the same path."""
    path = box.folder / "shared-socket"
    first = start(box, path)
    path.unlink()
    second = start(box, path)
    end(first)
    report.check("the socket of another server stays", connects(path))
    run = box.run("serve", "--socket", path, "--index", ".embed", check=False, timeout=20)
    report.check("a socket in use is refused", run.returncode == 2 and connects(path), run.stderr)
    second.kill()
    second.wait()
    report.check("a killed server leaves its socket", path.exists())
    third = start(box, path)
    report.check("an abandoned socket is taken over", connects(path))
    end(third)


def of_others(box, report):
    """A socket of another kind has somebody behind it."""
    path = box.folder / "datagrams"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(str(path))
        before = os.stat(path).st_ino
        run = box.run("serve", "--socket", path, "--index", ".embed", check=False, timeout=20)
        report.check("a socket for datagrams is not replaced", run.returncode == 2 and os.stat(path).st_ino == before, run.stderr)
    path.unlink()
    run = box.run("serve", "--socket", box.folder / "nowhere" / "socket", "--index", ".embed", check=False, timeout=20)
    report.check("a socket in no folder is refused", run.returncode == 2 and "hint: make the folder" in run.stderr, run.stderr)


def at_once(box, report):
    """A signal right after the server says where it listens ends it as any other."""
    codes = []
    for _ in range(10):
        process = box.start("serve", "--listen", "127.0.0.1:0", "--index", ".embed", stderr=subprocess.PIPE)
        process.stderr.readline()
        process.terminate()
        codes.append(process.wait(20))
        process.stderr.close()
    report.equal("a signal right after the start is a usual end", codes, [0] * 10)
    for flags in (
        ["--max-waiting", "18446744073709551615"],
        ["--max-waiting", "100001"],
        ["--max-connections", "2305843009213693952"],
        ["--max-body", "18446744073709551615"],
        ["--allow-host", "notes.lan:8737"],
        ["--cors", "notes.example"],
        ["--cors", "*"],
        ["--listen", "8737"],
    ):
        run = box.run("serve", "--index", ".embed", *flags, check=False, timeout=20)
        report.check(f"{' '.join(flags)} is refused in a line", run.returncode == 2 and run.stderr.startswith("error:"), run.stderr)
