"""What each misbehaviour of a service leads to: a table of the incident, the outcome and the requests that it took."""
import struct

from . import fake
from .tool import OPENAI, VOYAGE, sandbox


def no_vectors(answer):
    return {**answer, "data": answer["data"][:-1]}


def shuffled(answer):
    return {**answer, "data": answer["data"][::-1]}


def twice(answer):
    return {**answer, "data": [{**row, "index": 0} for row in answer["data"]]}


def with_embedding(embedding):
    return fake.changed(lambda answer: {**answer, "data": [{**row, "embedding": embedding} for row in answer["data"]]})


def without(field):
    return fake.changed(lambda answer: {name: value for name, value in answer.items() if name != field})


def base64_of(*numbers):
    import base64
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


NAN = base64_of(*([float("nan")] + [1.0] * 1535))
ZERO = base64_of(*([0.0] * 1536))

# The incident, the exit code, the requests for the documents, and a part of the message.
TABLE = [
    ("429 with retry-after-ms", [fake.limited(headers={"retry-after-ms": "40"})], 0, 2, ""),
    ("429 with retry-after", [fake.limited(headers={"retry-after": "1"})], 0, 2, ""),
    ("429 with a date in retry-after", [fake.limited(headers={"retry-after": "Fri, 27 Nov 2020 10:00:00 GMT"})], 0, 2, ""),
    ("429 without a header", [fake.limited()], 0, 2, ""),
    ("429 with x-ratelimit headers",
     [fake.limited(headers={"x-ratelimit-remaining-requests": "0", "x-ratelimit-limit-requests": "10",
                            "x-ratelimit-reset-requests": "500ms"})], 0, 2, ""),
    ("429 that asks to wait for a day", [fake.limited(headers={"retry-after": "86400"})], 2, 1, "asks to wait for 86400 s"),
    ("429 for a spent quota", [fake.spent()], 2, 1, "the quota at"),
    ("500 twice", [fake.limited(status=500), fake.limited(status=500)], 0, 3, ""),
    ("503 at every try", [fake.limited(status=503)] * 8, 2, 8, "fails with status 503: Slow down."),
    ("408", [fake.limited(status=408)], 0, 2, ""),
    ("401", [fake.limited(status=401)], 2, 1, "does not accept the key"),
    ("403", [fake.limited(status=403, message="Country not supported")], 2, 1, "status 403: Country not supported"),
    ("404", [fake.limited(status=404, message="no such model")], 2, 1, "has no model text-embedding-3-small"),
    ("400", [fake.limited(status=400, message="bad input")], 2, 1, "status 400: bad input"),
    ("a connection that closes at once", [fake.cut(0)], 0, 2, ""),
    ("a connection that closes within the answer", [fake.cut(1)], 0, 2, ""),
    ("a service that is silent once", [fake.silence(3)], 0, 2, ""),
    ("a service that stays silent", [fake.silence(3)] * 2, 2, 2, "has been silent for 1 s"),
    ("a page instead of JSON", [fake.page()], 2, 1, "the answer is a web page, not JSON"),
    ("a page with status 502", [fake.page(502)], 0, 2, ""),
    ("JSON that is none of embeddings", [fake.changed(lambda _: {"object": "list"})], 2, 1, "the answer is not JSON of embeddings"),
    ("fewer vectors than texts", [fake.changed(no_vectors)], 2, 1, "the answer has 2 of 3 vectors"),
    ("vectors out of order", [fake.changed(shuffled)], 0, 1, ""),
    ("an index twice", [fake.changed(twice)], 2, 1, "the vector of text 1 is missing"),
    ("another dimension", [with_embedding([1.0, 2.0])], 2, 1, "a vector has 2 dimensions instead of 1536"),
    ("NaN in base64", [with_embedding(NAN)], 2, 1, "not a finite number"),
    ("NaN in JSON", [fake.changed(lambda answer: b'{"data":[{"index":0,"embedding":[NaN]}]}')], 2, 1, "the answer is not JSON of embeddings"),
    ("a vector of zeros", [with_embedding(ZERO)], 2, 1, "has length 0"),
    ("invalid base64", [with_embedding("!!!!")], 2, 1, "invalid base64"),
    ("base64 of half a number", [with_embedding("AAA=")], 2, 1, "a part of a number"),
    ("an answer without end", [fake.changed(lambda answer: b" " * 2_000_000)], 2, 1, "the answer is longer than"),
    ("numbers instead of base64", [fake.changed(lambda answer: {**answer, "data": [
        {**row, "embedding": [1.0] + [0.0] * 1535} for row in answer["data"]]})], 0, 1, ""),
    ("no usage", [without("usage")], 0, 1, ""),
    ("an error with status 200", [fake.changed(lambda _: {"error": {"message": f"busy with {fake.KEY}"}})], 2, 1, "the answer is an error: busy with …"),
    ("503 that asks to wait for an hour", [fake.limited(status=503, headers={"retry-after": "3600"})], 2, 1, "fails with status 503"),
    ("429 for a request that is too large", [fake.limited(message="Request too large for this model: Limit 1, Requested 9.")], 0, 3, ""),
    ("another model", [fake.changed(lambda answer: {**answer, "model": "text-embedding-4"})], 2, 1, 'answers as "text-embedding-4"'),
    ("too many tokens for a request", [fake.limited(status=400, code="max_tokens_per_request")], 0, 3, ""),
]


def check(chosen, report):
    report.section("outcomes of misbehaviour")
    for name, incidents, code, requests, message in TABLE:
        outcome(chosen, report, name, incidents, code, requests, message)
    redirects(chosen, report)
    voyage(chosen, report)
    moved(chosen, report)


def outcome(chosen, report, name, incidents, code, requests, message):
    with fake.Service("openai") as openai, sandbox(chosen.embed, openai=openai, EMBED_API_TIMEOUT="1") as box:
        # The first request, which learns the dimension, meets no incident.
        openai.incidents = [fake.changed(lambda answer: answer), *incidents]
        run = box.run("index", "docs.txt", "--model", OPENAI)
        found = len(openai.requests) - 1
        as_expected = run.code == code and found == requests and message in run.stderr
        is_clean = "panicked" not in run.stderr and fake.KEY not in run.stdout + run.stderr
        report.check(f"{name}: exit code {code}, {requests} requests", as_expected and is_clean, (found, run))
        if code == 0:
            search = box.run("search", "return policy", "--by", "meaning", "-k", "1")
            expected = "docs.txt:1" if name != "numbers instead of base64" else ""
            report.check(f"{name}: the right document is found", expected in search.stdout, search)


def redirects(chosen, report):
    with fake.Service("openai") as openai, fake.Service("openai") as other:
        with sandbox(chosen.embed, openai=openai) as box:
            openai.incidents = [fake.redirect(other.url + "/embeddings")]
            run = box.run("similarity", "a", "b", "--model", OPENAI)
            is_refused = run.code == 2 and "redirects to" in run.stderr and not other.requests
            report.check("a redirect to another host: the key does not follow", is_refused, run)


def voyage(chosen, report):
    with fake.Service("voyage") as service, sandbox(chosen.embed, voyage=service) as box:
        run = box.run("index", "docs.txt", "--model", VOYAGE)
        report.check("voyage: documents are sent as documents", run.code == 0 and sides(service) == {"document"}, run)
        service.requests.clear()
        run = box.run("search", "cats", "-k", "1", "--by", "meaning")
        report.check("voyage: a query is sent as a query", "docs.txt:3" in run.stdout and sides(service) == {"query"}, run)
        service.incidents = [fake.limited(status=400, message="Model voyage-3 is not supported.")]
        run = box.run("search", "cats")
        report.check("voyage: the error in `detail` is shown", "Model voyage-3 is not supported." in run.stderr, run)
        run = box.run("search", "cats", "--model", "voyage:voyage-3", "--dimensions", "512")
        report.check("voyage: a dimension that the model does not have", "no vectors of dimension 512" in run.stderr, run)


def sides(service):
    import json
    return {json.loads(request["body"]).get("input_type") for request in service.requests}


def moved(chosen, report):
    """The same name, but other vectors than those of the index."""
    with fake.Service("openai") as openai, sandbox(chosen.embed, openai=openai) as box:
        openai.answered_as = "text-embedding-3-small-2026"
        assert box.run("index", "docs.txt", "--model", OPENAI).code == 0
        report.check("an alias is used like a name", box.run("search", "cats").code == 0)
        openai.answered_as = "text-embedding-3-small-2027"
        run = box.run("search", "cats")
        report.check("an alias that moved is told", run.code == 2 and "but the vectors of the index are of" in run.stderr, run)
        openai.answered_as = None
        run = box.run("search", "cats", "--dimensions", "256")
        report.check("another dimension is refused", run.code == 2 and "256 dimensions" in run.stderr, run)
        run = box.run("index", "docs.txt", "--rebuild", "--model", OPENAI, "--dimensions", "256")
        report.check("a rebuild takes the new dimension", run.code == 0 and box.run("search", "cats").code == 0, run)
        openai.answered_as = "text-embedding-3-small-2028"
        run = box.run("index", "--rebuild")
        report.check("a rebuild takes the model that the alias moved to", run.code == 0 and box.run("search", "cats").code == 0, run)
