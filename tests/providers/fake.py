"""OpenAI's and Voyage's embeddings on the loopback interface, as their documentation describes them.

A service answers requests like the real one: it checks the key, the fields and the limits, and its vectors are sums of
random vectors of the words. Incidents, each of which one request meets, make it misbehave.
"""
import base64
import hashlib
import json
import math
import random
import socket
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "sk-test-4f7c1a9be2d84c0f"

OPENAI = {
    "text-embedding-3-small": (1536, None),
    "text-embedding-3-large": (3072, None),
}
VOYAGE = {
    "voyage-3": (1024, [1024], 320_000),
    "voyage-3.5": (1024, [256, 512, 1024, 2048], 320_000),
    "voyage-3-large": (1024, [256, 512, 1024, 2048], 120_000),
    "voyage-code-3": (1024, [256, 512, 1024, 2048], 120_000),
}


class Refusal(Exception):
    """An answer with an error status."""

    def __init__(self, status, body, headers=()):
        super().__init__(status)
        self.status, self.body, self.headers = status, body, dict(headers)


class Bucket:
    """A rate limit: `size` in a minute, which flows in steadily, `refill` a minute."""

    def __init__(self, size):
        self.size, self.left, self.refill, self.at = size, float(size), size, time.monotonic()

    def fill(self):
        now = time.monotonic()
        self.left = min(self.size, self.left + self.refill / 60 * (now - self.at))
        self.at = now

    def take(self, amount):
        """Seconds to wait, or 0 if `amount` was taken."""
        self.fill()
        if amount <= self.left:
            self.left -= amount
            return 0
        return (amount - self.left) * 60 / self.refill

    def headers(self, kind):
        reset = (self.size - self.left) * 60 / self.refill
        return {
            f"x-ratelimit-limit-{kind}": str(self.size),
            f"x-ratelimit-remaining-{kind}": str(int(self.left)),
            f"x-ratelimit-reset-{kind}": f"{int(reset // 60)}m{reset % 60:.3f}s" if reset >= 60 else f"{reset * 1000:.0f}ms",
        }


def tokens_of(text):
    """Words, of which no tokenizer finds fewer tokens."""
    return max(1, len(text.split()))


_words = {}


def vector_of_word(word, dimension):
    key = (word, dimension)
    if key not in _words:
        generator = random.Random(hashlib.sha256(word.encode()).digest())
        _words[key] = [generator.gauss(0, 1) for _ in range(dimension)]
    return _words[key]


def vector(text, dimension):
    """A unit vector that texts share words with."""
    words = text.lower().split()[:8] or [""]
    total = [sum(parts) for parts in zip(*(vector_of_word(word, dimension) for word in words))]
    length = math.sqrt(sum(part * part for part in total))
    return [part / length for part in total]


class Service:
    """One fake service. `dialect` is openai or voyage."""

    def __init__(self, dialect, latency=0.0, requests_a_minute=None, tokens_a_minute=None, cheap=False, key=KEY):
        self.dialect, self.latency, self.key, self.cheap = dialect, latency, key, cheap
        self.buckets = {}
        if requests_a_minute:
            self.buckets["requests"] = Bucket(requests_a_minute)
        if tokens_a_minute:
            self.buckets["tokens"] = Bucket(tokens_a_minute)
        self.incidents = []
        self.requests = []
        self.answered = 0
        self.answered_as = None
        self.most_texts, self.takes_base64 = None, True
        self.lock = threading.Lock()
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                service.handle(self)

            def log_message(self, *arguments):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request, client_address):
                pass  # Clients that are killed break connections.

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/v1"

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def handle(self, handler):
        body = handler.rfile.read(int(handler.headers.get("content-length", 0)))
        with self.lock:
            incident = self.incidents.pop(0) if self.incidents else None
            self.requests.append({"path": handler.path, "headers": dict(handler.headers), "body": body, "at": time.monotonic()})
        try:
            if incident:
                body = incident(handler, body)
                if body is None:
                    return
            status, headers, answer = 200, {}, self.answer(handler, body)
            self.answered += 1
        except Refusal as refusal:
            status, headers, answer = refusal.status, refusal.headers, refusal.body
        if incident and status == 200 and getattr(incident, "changes", None):
            answer = incident.changes(answer)
        if self.latency:
            time.sleep(self.latency)
        payload = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        with self.lock:
            for kind, bucket in self.buckets.items():
                bucket.fill()
                headers = {**bucket.headers(kind), **headers}
        handler.send_response(status)
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", str(len(payload)))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(payload)

    def error(self, status, message, code=None, kind="invalid_request_error", headers=()):
        if self.dialect == "voyage":
            return Refusal(status, {"detail": message}, headers)
        return Refusal(status, {"error": {"message": message, "type": kind, "param": None, "code": code}}, headers)

    def answer(self, handler, body):
        if handler.path != "/v1/embeddings":
            raise self.error(404, f"Invalid URL (POST {handler.path})")
        if self.key and handler.headers.get("authorization") != f"Bearer {self.key}":
            given = handler.headers.get("authorization", "")
            raise self.error(401, f"Incorrect API key provided: {given}", "invalid_api_key")
        request = json.loads(body)
        if not self.takes_base64 and request.get("encoding_format") == "base64":
            raise self.error(422, "encoding_format: base64 is not supported")
        texts = request["input"] if isinstance(request["input"], list) else [request["input"]]
        if self.most_texts and len(texts) > self.most_texts:
            raise self.error(400, f"at most {self.most_texts} requests can be in one batch")
        check = self.check_voyage if self.dialect == "voyage" else self.check_openai
        dimension = check(request, texts)
        used = sum(map(tokens_of, texts))
        self.limit(used)
        embed = cheap_vector if self.cheap else vector
        rows = [embed(text, dimension) for text in texts]
        if request.get("encoding_format") == "base64":
            rows = [base64.b64encode(struct.pack(f"<{dimension}f", *row)).decode() for row in rows]
        data = [{"object": "embedding", "index": index, "embedding": row} for index, row in enumerate(rows)]
        usage = {"total_tokens": used}
        if self.dialect == "openai":
            usage["prompt_tokens"] = used
        return {"object": "list", "data": data, "model": self.answered_as or request["model"], "usage": usage}

    def check_openai(self, request, texts):
        unknown = set(request) - {"input", "model", "encoding_format", "dimensions", "user"}
        if unknown:
            raise self.error(400, f"Unrecognized request argument supplied: {', '.join(sorted(unknown))}")
        if request["model"] not in OPENAI:
            raise self.error(404, f"The model `{request['model']}` does not exist", "model_not_found")
        most, _ = OPENAI[request["model"]]
        if not texts or any(not isinstance(text, str) or not text for text in texts):
            raise self.error(400, "'$.input' is invalid.")
        if len(texts) > 2048:
            raise self.error(400, "'$.input' is invalid: more than 2048 inputs.")
        if any(tokens_of(text) > 8192 for text in texts):
            raise self.error(400, "This model's maximum context length is 8192 tokens.")
        if sum(map(tokens_of, texts)) > 300_000:
            raise self.error(400, "Requested more than max 300000 tokens per request", "max_tokens_per_request")
        dimension = request.get("dimensions", most)
        if not 1 <= dimension <= most:
            raise self.error(400, f"Invalid value for 'dimensions' = {dimension}.")
        return dimension

    def check_voyage(self, request, texts):
        known = {"input", "model", "input_type", "truncation", "output_dimension", "output_dtype", "encoding_format"}
        if set(request) - known:
            raise self.error(400, f"Argument '{sorted(set(request) - known)[0]}' is not supported by our API")
        if request["model"] not in VOYAGE:
            raise self.error(400, f"Model {request['model']} is not supported.")
        own, allowed, most_tokens = VOYAGE[request["model"]]
        if request.get("input_type") not in (None, "query", "document"):
            raise self.error(400, "Invalid input_type.")
        if request.get("output_dtype") not in (None, "float"):
            raise self.error(400, "output_dtype is not supported here.")
        if not texts or len(texts) > 1000:
            raise self.error(400, "The batch size limit is 1000.")
        if sum(map(tokens_of, texts)) > most_tokens:
            raise self.error(400, f"The max allowed tokens per submitted batch is {most_tokens}.")
        if request.get("truncation") is False and any(tokens_of(text) > 32_000 for text in texts):
            raise self.error(400, "An input is longer than the context length of the model.")
        dimension = request.get("output_dimension") or own
        if dimension not in allowed:
            raise self.error(400, f"output_dimension {dimension} is not supported.")
        return dimension

    def limit(self, used):
        with self.lock:
            for kind, amount in (("requests", 1), ("tokens", used)):
                bucket = self.buckets.get(kind)
                if bucket and amount > bucket.size:
                    raise self.error(
                        429, f"Request too large: Limit {bucket.size}, Requested {amount}.", "rate_limit_exceeded", kind
                    )
                wait = bucket.take(amount) if bucket else 0
                if wait:
                    raise self.error(
                        429, f"Rate limit reached on {kind}.", "rate_limit_exceeded", kind,
                        {"retry-after-ms": str(math.ceil(wait * 1000)), "retry-after": str(math.ceil(wait))},
                    )


def cheap_vector(text, dimension):
    """A vector of eight components that are not 0, so that a fake outruns what is measured."""
    digest = hashlib.blake2b(text.encode(), digest_size=32).digest()
    row = [0.0] * dimension
    for place, size in zip(digest[::2], digest[1::2]):
        row[place % dimension] = size + 1.0
    return row


def limited(status=429, headers=(), code="rate_limit_exceeded", message="Slow down."):
    """A refusal of this status."""
    def incident(handler, body):
        raise Refusal(status, {"error": {"message": message, "type": code, "code": code}, "detail": message}, headers)
    return incident


def spent():
    return limited(code="insufficient_quota", message="You exceeded your current quota.")


def page(status=200):
    """A page of a proxy instead of an answer."""
    def incident(handler, body):
        raise Refusal(status, b"<!DOCTYPE html><html><title>Sign in</title></html>")
    return incident


def redirect(to):
    def incident(handler, body):
        raise Refusal(307, b"", {"location": to})
    return incident


def cut(after):
    """The connection breaks: after no byte, or within the answer."""
    def incident(handler, body):
        if after:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n{\"data\": [")
            handler.wfile.flush()
        handler.connection.shutdown(socket.SHUT_RDWR)
        handler.close_connection = True
    return incident


def silence(seconds):
    def incident(handler, body):
        time.sleep(seconds)
        handler.close_connection = True
    return incident


def changed(change):
    """An answer that `change` changes."""
    def incident(handler, body):
        return body
    incident.changes = change
    return incident
