"""The routes of text-embeddings-inference, and those of Cohere and infinity for reranking."""

import math
from pathlib import Path

from .tool import sandbox, serving

RERANKER = Path(__file__).resolve().parents[1] / "fixtures" / "cross-encoders" / "bert"
TEXTS = ["Items can be returned within 30 days.", "Honey bees dance in winter.", "Ein Zug fährt durch die Nacht."]
LONG = "volcano " * 700


def check(chosen, report):
    with sandbox(chosen.embed, indexed=False) as box:
        with serving(box, report) as server:
            report.step(embed, box, server, report)
            for part in (truncation, similarity, tokenize, information, refusals):
                report.step(part, server, report)
            answer = server.post("/rerank", {"query": "bees", "texts": TEXTS})
            report.check("without a reranker /rerank is 424", answer.status == 424 and answer.message(), answer)
            answer = server.post("/v1/rerank", {"model": "x", "query": "bees", "documents": TEXTS})
            report.check(
                "without a reranker /v1/rerank is refused with a message",
                answer.status in (400, 404, 424) and answer.message(),
                answer,
            )
        with serving(box, report, "--reranker", RERANKER) as server:
            report.step(rerank, server, report)


def far(one, other):
    return max((abs(a - b) for a, b in zip(one, other)), default=0.0) if len(one) == len(other) else math.inf


def embed(box, server, report):
    wanted = box.vectors(TEXTS)
    answer = server.post("/embed", {"inputs": TEXTS})
    found = answer.json()
    report.check("/embed answers a list of vectors", answer.status == 200 and [len(row) for row in found] == [384] * 3, answer)
    apart = max(far(*pair) for pair in zip(found, wanted))
    report.check("/embed has the vectors of the program", apart <= 1e-6, apart)
    one = server.post("/embed", {"inputs": TEXTS[1]}).json()
    report.check("/embed of one text is a list of one vector", len(one) == 1 and far(one[0], wanted[1]) <= 1e-6, one[:1])
    answer = server.post("/embed", {"inputs": TEXTS, "normalize": False})
    report.check("/embed says that it normalizes", answer.status == 422 and "length 1" in (answer.message() or ""), answer)
    cut = server.post("/embed", {"inputs": TEXTS, "dimensions": 64}).json()
    expected = [[x / math.sqrt(sum(x * x for x in row[:64])) for x in row[:64]] for row in wanted]
    report.check("/embed cuts and normalizes", max(far(*pair) for pair in zip(cut, expected)) <= 1e-5, [len(row) for row in cut])


def truncation(server, report):
    answer = server.post("/embed", {"inputs": LONG})
    message = answer.message() or ""
    report.check("a long text is 422", answer.status == 422, answer)
    report.check("the message has both lengths", "512" in message and "702" in message, message)
    words = [f"word{number}" for number in range(600)]
    ids = [token["id"] for token in server.post("/tokenize", {"inputs": " ".join(words), "add_special_tokens": False}).json()[0]]
    cut = server.post("/embed", {"inputs": " ".join(words), "truncate": True, "truncation_direction": "Right"})
    if report.check("a long text is truncated when that is asked for", cut.status == 200, cut):
        kept = server.post("/embed", {"inputs": [ids[:510]]}).json()[0]
        report.check("a truncated text is its first 510 tokens", far(cut.json()[0], kept) <= 1e-6)
    answer = server.post("/embed", {"inputs": LONG, "truncate": True, "truncation_direction": "Left"})
    report.check("/embed says that it cuts at the end", answer.status == 422 and "end" in (answer.message() or ""), answer)
    report.check(
        "a short text needs no direction", server.post("/embed", {"inputs": "a", "truncation_direction": "Right"}).status == 200
    )


def similarity(server, report):
    source, *others = TEXTS
    rows = server.post("/embed", {"inputs": TEXTS}).json()
    answer = server.post("/similarity", {"inputs": {"source_sentence": source, "sentences": others}})
    expected = [sum(a * b for a, b in zip(rows[0], row)) for row in rows[1:]]
    report.check("/similarity is the cosine of the vectors", answer.status == 200 and far(answer.json(), expected) <= 1e-5, answer)
    answer = server.post(
        "/similarity", {"inputs": {"source_sentence": source, "sentences": others}, "parameters": {"truncate": True}}
    )
    report.check("/similarity takes parameters", answer.status == 200 and len(answer.json()) == 2, answer)


def tokenize(server, report):
    answer = server.post("/tokenize", {"inputs": TEXTS})
    rows = answer.json()
    report.check("/tokenize answers a list for each text", answer.status == 200 and len(rows) == 3, answer)
    report.check(
        "tokens have id, text, special, start and stop",
        all({"id", "text", "special", "start", "stop"} <= set(token) for row in rows for token in row),
        rows[0][:2],
    )
    report.check(
        "special tokens are at both ends",
        all(row[0]["special"] and row[-1]["special"] and not any(token["special"] for token in row[1:-1]) for row in rows),
    )
    ascii_text = TEXTS[0]
    plain = [token for token in rows[0] if not token["special"]]
    report.check(
        "start and stop are the place in the text",
        all(ascii_text[token["start"] : token["stop"]].lower() == token["text"].removeprefix("##").lower() for token in plain),
        plain,
    )
    inner = server.post("/tokenize", {"inputs": TEXTS[0], "add_special_tokens": False}).json()
    report.check("special tokens can be left out", [token["id"] for token in inner[0]] == [token["id"] for token in plain], inner)
    ids = [[token["id"] for token in row if not token["special"]] for row in rows]
    by_text, by_ids = (server.post("/embed", {"inputs": inputs}) for inputs in (TEXTS, ids))
    if report.check("/embed takes token ids", by_ids.status == 200, by_ids):
        report.check(
            "token ids have the vectors of their texts", max(far(*pair) for pair in zip(by_text.json(), by_ids.json())) <= 1e-6
        )


def information(server, report):
    answer = server.get("/health")
    report.check("/health is 200 and empty", answer.status == 200 and not answer.body, answer)
    answer = server.get("/info")
    info = answer.json()
    report.check(
        "/info names the model and its limits",
        answer.status == 200 and "bge-small" in info["model_id"] and info["max_input_length"] == 512,
        answer,
    )
    report.check(
        "/info has what clients of TEI read", {"model_type", "max_client_batch_size", "version"} <= set(info), sorted(info)
    )


def refusals(server, report):
    for path, body in [
        ("/embed", {}),
        ("/embed", {"inputs": 5}),
        ("/embed", {"inputs": [5, "a"]}),
        ("/embed", {"inputs": []}),
        ("/embed", {"inputs": None}),
        ("/embed", {"inputs": "a", "truncate": "yes"}),
        ("/embed", {"inputs": "a", "truncation_direction": "Up"}),
        ("/embed", {"inputs": "a", "dimensions": 0}),
        ("/embed", {"inputs": "a", "dimensions": 385}),
        ("/embed", {"inputs": [[10_000_000]]}),
        ("/embed", {"inputs": "a", "prompt_name": "nosuch"}),
        ("/similarity", {"inputs": {}}),
        ("/similarity", {"inputs": "a"}),
        ("/similarity", {"inputs": {"source_sentence": "a", "sentences": []}}),
        ("/tokenize", {}),
        ("/tokenize", {"inputs": {}}),
    ]:
        answer = server.post(path, body)
        report.check(f"{path} refuses {body}", answer.status in (400, 422), answer)
        shape = answer.json() if answer.body[:1] == b"{" else {}
        report.check(
            f"{path} refuses {body} in TEI's shape",
            isinstance(shape.get("error"), str) and isinstance(shape.get("error_type"), str),
            answer,
        )


def rerank(server, report):
    query = "how do I return an item"
    answer = server.post("/rerank", {"query": query, "texts": TEXTS})
    rows = answer.json()
    report.check(
        "/rerank answers every text, the best first",
        answer.status == 200
        and sorted(row["index"] for row in rows) == [0, 1, 2]
        and [row["score"] for row in rows] == sorted((row["score"] for row in rows), reverse=True),
        answer,
    )
    report.check("scores are probabilities", all(0 <= row["score"] <= 1 for row in rows), rows)
    report.check("texts are left out", all("text" not in row or row["text"] is None for row in rows), rows)
    raw = server.post("/rerank", {"query": query, "texts": TEXTS, "raw_scores": True, "return_text": True}).json()
    report.equal("texts are there when asked", [row["text"] for row in raw], [TEXTS[row["index"]] for row in raw])
    sigmoid = {row["index"]: 1 / (1 + math.exp(-row["score"])) for row in raw}
    report.check("raw scores are the logits", all(abs(sigmoid[row["index"]] - row["score"]) < 1e-5 for row in rows), (rows, raw))
    answer = server.post("/rerank", {"query": query, "texts": []})
    report.check("/rerank of nothing is refused, or empty", answer.status in (400, 422) or answer.json() == [], answer)
    body = {"model": RERANKER.name, "query": query, "documents": TEXTS, "top_n": 2, "return_documents": True}
    answer = server.post("/v1/rerank", body)
    if not report.check("/v1/rerank is answered", answer.status == 200, answer):
        return
    found = answer.json()
    report.check("/v1/rerank has the shape", found["object"] == "rerank" and {"model", "results"} <= set(found), answer)
    report.check("/v1/rerank shows no path", str(RERANKER.parent) not in answer.body.decode(), answer)
    report.check("top_n keeps the best", [row["index"] for row in found["results"]] == [row["index"] for row in rows[:2]], answer)
    report.check(
        "relevance scores are those of /rerank",
        far([row["relevance_score"] for row in found["results"]], [row["score"] for row in rows[:2]]) < 1e-5,
        answer,
    )
    report.check(
        "documents are there when asked", all(TEXTS[row["index"]] in str(row["document"]) for row in found["results"]), answer
    )
    answer = server.post("/v1/rerank", {"query": query, "documents": TEXTS})
    report.check(
        "/v1/rerank without model and top_n answers all", answer.status == 200 and len(answer.json()["results"]) == 3, answer
    )
