"""Requests as bytes, for what no client sends."""

import select
import socket
import time
from email.parser import BytesParser

from .tool import Answer

CHUNK = 64 * 1024


def connect(server, timeout=30):
    return socket.create_connection(("127.0.0.1", server.port), timeout=timeout)


def head(method, path, *lines, host="127.0.0.1", version="HTTP/1.1"):
    """The head of a request; host may be None."""
    hosts = [f"Host: {host}"] if host is not None else []
    return ("\r\n".join([f"{method} {path} {version}", *hosts, *lines]) + "\r\n\r\n").encode("latin1")


def parse(received):
    """The answers in what a connection gave: a list, the last of which may be cut short."""
    answers = []
    while b"\r\n\r\n" in received and received.startswith(b"HTTP/"):
        top, _, rest = received.partition(b"\r\n\r\n")
        line, _, lines = top.partition(b"\r\n")
        headers = BytesParser().parsebytes(lines + b"\r\n\r\n")
        status = int(line.split()[1])
        length = headers.get("content-length")
        if status < 200:
            body, received = b"", rest
        elif headers.get("transfer-encoding", "").lower() == "chunked":
            body, received = unchunked(rest)
        elif length is not None:
            body, received = rest[: int(length)], rest[int(length) :]
        else:
            body, received = rest, b""
        answers.append(Answer(status, headers, body))
    return answers


def unchunked(rest):
    body = b""
    while b"\r\n" in rest:
        size, _, rest = rest.partition(b"\r\n")
        number = int(size.split(b";")[0], 16)
        if not number:
            return body, rest.partition(b"\r\n")[2]
        body, rest = body + rest[:number], rest[number + 2 :]
    return body, b""


def send(server, data, timeout=30, half_close=False):
    """Sends bytes, and gives the answers, and whether the server closed the connection within the time."""
    with connect(server, timeout) as connection:
        try:
            connection.sendall(data)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        received, closed = read(connection, time.monotonic() + timeout)
    return parse(received), closed


def one(server, data, timeout=30):
    """The only answer to bytes that end with `Connection: close` or an error; None where there is none."""
    answers, _ = send(server, data, timeout)
    return answers[0] if answers else None


def read(connection, end, most=1 << 24):
    """What arrives until the other side closes, or until the time; and whether it closed."""
    received = b""
    while (left := end - time.monotonic()) > 0 and len(received) < most:
        connection.settimeout(left)
        try:
            data = connection.recv(CHUNK)
        except TimeoutError:
            return received, False
        except OSError:
            return received, True
        if not data:
            return received, True
        received += data
    return received, False


def flood(server, start, pieces, seconds=30):
    """Sends pieces until the server answers, closes, or the time is over: the answer, and the bytes that were sent."""
    sent, received, end = 0, b"", time.monotonic() + seconds
    with connect(server) as connection:
        connection.sendall(start)
        for piece in pieces:
            readable, writable, _ = select.select([connection], [connection], [], 5)
            if readable or not writable or time.monotonic() > end:
                break
            try:
                connection.sendall(piece)
                sent += len(piece)
            except OSError:
                break
        received, _ = read(connection, time.monotonic() + 5)
    answers = parse(received)
    return answers[0] if answers else None, sent
