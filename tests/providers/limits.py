"""The limits of requests, rate limits, and money."""
import json

from . import fake
from .tool import OPENAI, VOYAGE, sandbox


def texts_of(service):
    return [len(json.loads(request["body"])["input"]) for request in service.requests]


def check(chosen, report):
    report.section("limits")
    sizes(chosen, report)
    rates(chosen, report)
    small_bucket(chosen, report)
    server_limit(chosen, report)
    rebuild(chosen, report)
    folders(chosen, report)
    money(chosen, report)
    settings(chosen, report)


def sizes(chosen, report):
    with fake.Service("openai", cheap=True) as openai, fake.Service("voyage", cheap=True) as voyage:
        with sandbox(chosen.embed, openai=openai, voyage=voyage) as box:
            box.write("many.txt", "".join(f"text {number}\n" for number in range(5000)))
            run = box.run("index", "many.txt", "--model", OPENAI, "--index", "o", "--concurrency", "1")
            report.check("openai: 2,048 texts a request", run.code == 0 and max(texts_of(openai)) == 2048, (texts_of(openai), run))
            run = box.run("index", "many.txt", "--model", VOYAGE, "--index", "v", "--concurrency", "1")
            report.check("voyage: 1,000 texts a request", run.code == 0 and max(texts_of(voyage)) == 1000, (texts_of(voyage), run))
            box.write("long.txt", ("word " * 7000 + "\n") * 2 + "word " * 20000 + "\n")
            openai.requests.clear()
            run = box.run("index", "long.txt", "--model", OPENAI, "--index", "l", "--input-format", "lines")
            report.check("openai: a text beyond 8,192 tokens is cut and counted", run.code == 0 and "1 truncated" in run.stderr, run)
            run = box.run("similarity", "", "a", "--model", OPENAI)
            report.check("an empty text is refused before it is sent", run.code == 2 and "empty" in run.stderr, run)


def rates(chosen, report):
    with fake.Service("openai", cheap=True, requests_a_minute=600, tokens_a_minute=600_000) as openai:
        openai.buckets["tokens"].left = 20_000
        with sandbox(chosen.embed, openai=openai) as box:
            box.write("many.txt", "".join(f"this is text {number}\n" for number in range(8000)))
            run = box.run("index", "many.txt", "--model", OPENAI)
            refused = len(texts_of(openai)) - openai.answered
            report.check("a rate limit that the headers state is kept without a refusal", run.code == 0 and refused == 0, (refused, run))


def small_bucket(chosen, report):
    """A limit below the size of the usual request."""
    with fake.Service("openai", cheap=True, tokens_a_minute=60_000) as openai, sandbox(chosen.embed, openai=openai) as box:
        openai.buckets["tokens"].size = 1000
        openai.buckets["tokens"].refill = 6000
        box.write("many.txt", "".join(f"this is text {number}\n" for number in range(2000)))
        run = box.run("index", "many.txt", "--model", OPENAI)
        report.check("a limit below a request's tokens makes requests smaller", run.code == 0, (len(openai.requests), run))


def server_limit(chosen, report):
    """A server that takes fewer texts than others, and no base64."""
    with fake.Service("openai", cheap=True) as openai, sandbox(chosen.embed, openai=openai, EMBED_API_KEY=fake.KEY) as box:
        openai.most_texts, openai.takes_base64 = 20, False
        box.write("many.txt", "".join(f"this is text {number}\n" for number in range(400)))
        run = box.run("index", "many.txt", "--model", openai.url + "#text-embedding-3-small")
        report.check("a server's own limits are learned", run.code == 0 and len(openai.requests) <= 60, (texts_of(openai), run))
        box.write("long.txt", "short\n" + "word " * 9000 + "\n")
        run = box.run("index", "long.txt", "--model", openai.url + "#text-embedding-3-small")
        report.check("a text that is too long is named", 'refuses the text that begins "word word' in run.stderr, run)


def rebuild(chosen, report):
    with fake.Service("openai", cheap=True) as openai, sandbox(chosen.embed, openai=openai) as box:
        for number in range(300):
            box.write(f"tree/{number}.md", f"# Title {number}\n\nText of file {number}.\n")
        assert box.run("index", "tree", "--model", OPENAI).code == 0
        openai.requests.clear()
        run = box.run("index", "--rebuild", "--dry-run", "--price", "2")
        report.check("the cost of a rebuild is known before", "300 texts" in run.stderr and "$" in run.stderr, run)
        run = box.run("index", "--rebuild", "--price", "2", "--max-cost", "0.0001")
        sent = sum(texts_of(openai))
        report.check("a rebuild above --max-cost sends no text", run.code == 2 and sent <= 2, (sent, run))
        openai.requests.clear()
        run = box.run("index", "--rebuild")
        report.check("a rebuild of 300 files takes few requests", run.code == 0 and len(openai.requests) <= 6, (texts_of(openai), run))


def folders(chosen, report):
    with fake.Service("openai", cheap=True) as openai, sandbox(chosen.embed, openai=openai) as box:
        for number in range(300):
            box.write(f"tree/{number}.md", f"# Title {number}\n\nText of file {number}.\n")
        run = box.run("index", "tree", "--model", OPENAI)
        is_whole = run.code == 0 and "300 added" in run.stderr and "embedded 300 texts" in run.stderr
        report.check("300 small files take few requests", is_whole and len(openai.requests) <= 6, (texts_of(openai), run))
        before = len(openai.requests)
        box.write("tree/7.md", "# Another\n\ntext\n")
        run = box.run("index", "tree")
        report.check("one changed file is one request", "1 changed" in run.stderr and len(openai.requests) == before + 1, run)
        found = box.run("search", "Text of file 12.", "tree", "--model", OPENAI, "-k", "1")
        report.check("a search of files takes few requests", found.code == 0 and len(openai.requests) <= before + 8, found)


def money(chosen, report):
    with fake.Service("openai") as openai, sandbox(chosen.embed, openai=openai) as box:
        box.write("many.txt", "".join(f"this is text {number}\n" for number in range(1000)))
        plan = box.run("index", "many.txt", "--model", OPENAI, "--dry-run", "--price", "2")
        report.check("a dry run says texts, tokens and money", "1000 texts, 5000 tokens, $0.010000 at $2 a million" in plan.stderr, plan)
        before = len(openai.requests)
        run = box.run("index", "many.txt", "--model", OPENAI, "--price", "2", "--max-cost", "0.001")
        is_refused = run.code == 2 and "above the limit of $0.001000" in run.stderr and len(openai.requests) == before + 1
        report.check("a run above --max-cost sends no text", is_refused, run)
        run = box.run("encode", "--input", "many.txt", "--model", OPENAI, "--price", "2", "--max-cost", "0.001")
        report.check("so does a stream", run.code == 2 and "above the limit" in run.stderr, run)
        run = box.run("index", "many.txt", "--model", OPENAI, "--price", "2", "--max-cost", "1")
        report.check("the closing line has what `usage` said", "used 4001 tokens for 1001 texts in" in run.stderr, run)
        run = box.run("index", "many.txt", "--model", openai.url + "#text-embedding-3-small", "--index", "e", "--max-cost", "1")
        report.check("a limit needs a price", run.code == 2, run)
        run = box.run("index", "docs.txt", "--index", "local", "--max-cost", "0")
        report.check("a local model costs nothing", run.code == 0, run)
        box.environment.pop("OPENAI_API_KEY")
        box.environment.pop("OPENAI_BASE_URL")
        run = box.run("index", "many.txt", "--model", OPENAI, "--dry-run", "--index", "d")
        report.check("a dry run needs no key", "1000 texts, 5000 tokens, $0.000100" in run.stderr, run)
        run = box.run("index", "many.txt", "--model", OPENAI, "--index", "d")
        report.check("a run needs one", run.code == 2 and "OPENAI_API_KEY is not set" in run.stderr, run)


def settings(chosen, report):
    with fake.Service("openai") as openai, sandbox(chosen.embed, openai=openai, EMBED_API_KEY=fake.KEY) as box:
        model = openai.url + "#text-embedding-3-small"
        run = box.run("index", "docs.txt", "--model", model, "--dimensions", "64")
        report.check("URL#NAME, cut to 64 dimensions here", run.code == 0 and b"dimensions" not in openai.requests[-1]["body"], run)
        run = box.run("search", "cats")
        report.check("an index alone does not make its server receive the key", "needs a key, and none was sent" in run.stderr, run)
        box.environment["EMBED_API_URL"] = openai.url
        found = box.run("search", "cats", "--by", "meaning", "-k", "1")
        report.check("the index knows its model", "docs.txt:3" in found.stdout, found)
        run = box.run("index", "docs.txt", "--model", "http://127.0.0.1:9/v1#m", "--index", "n")
        report.check("no server: one line within seconds", run.code == 2 and "cannot reach 127.0.0.1:9" in run.stderr, run)
        for flags, message in [
            (["--model", "openai:"], "no model is named"),
            (["--model", "http://user:secret@host#m"], "a user or a password is in the URL"),
            (["--model", "http://host"], "has no '#'"),
            (["--model", OPENAI, "--pooling", "cls"], "pooling cannot be set"),
            (["--model", OPENAI, "--dimensions", "4000"], "no vectors of dimension 4000, only of 1 to 1536"),
            (["--model", "https://host/v1?key=secret#m"], "the URL has a '?'"),
            (["--model", "voyage:voyage-3"], "VOYAGE_API_KEY is not set"),
        ]:
            run = box.run("index", "docs.txt", "--index", "x", *flags)
            is_clear = run.code == 2 and message in run.stderr and "secret" not in run.stderr
            report.check(f"{' '.join(flags)}: {message}", is_clear, run)
