"""The official client of OpenAI, unchanged: python openai_client.py URL KEY < TEXTS-AND-VECTORS"""

import base64
import json
import struct
import sys
import threading

import openai
from outcome import check, refused

url, key = sys.argv[1:]
given = json.load(sys.stdin)
texts, vectors, long, tokens = given["texts"], given["vectors"], given["long"], given["tokens"]
client = openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0, timeout=60)
create = client.embeddings.create


def far(one, other):
    return max(abs(a - b) for a, b in zip(one, other)) if len(one) == len(other) else float("inf")


def closest(found):
    return max((far(row.embedding, vector) for row, vector in zip(found.data, vectors)), default=float("inf"))


def single(row):
    """The float32 that the numbers are: those of JSON have no more digits than they need."""
    return struct.pack(f"<{len(row.embedding)}f", *row.embedding)


def cosine(one, other):
    product = sum(a * b for a, b in zip(one, other))
    return product / sum(a * a for a in one) ** 0.5 / sum(b * b for b in other) ** 0.5


models = client.models.list().data
check("models are listed", len(models) >= 1 and all(model.object == "model" for model in models), models)
name = models[0].id
check("a model is retrieved", client.models.retrieve(name).id == name)
short = name.rpartition("/")[2]
check("a model is retrieved by the last part of its name", client.models.retrieve(short).object == "model")
refused(
    "an unknown model is not found",
    openai.NotFoundError,
    lambda: client.models.retrieve("nosuch"),
    lambda error: error.code == "model_not_found",
)

answer = create(model=name, input=texts)
check(
    "the default is answered",
    [row.index for row in answer.data] == list(range(len(texts))) and answer.object == "list",
    answer.object,
)
check("vectors are those of embed encode", closest(answer) <= 1e-6, closest(answer))
check("their cosine is above 0.999999", all(cosine(row.embedding, vector) > 0.999999 for row, vector in zip(answer.data, vectors)))
check("usage counts the tokens", answer.usage.prompt_tokens == answer.usage.total_tokens == given["count"], answer.usage)
floats = create(model=short, input=texts, encoding_format="float")
check("float is answered, by the short name", closest(floats) <= 1e-6, closest(floats))
raw = client.embeddings.with_raw_response.create(model=name, input=texts[0], encoding_format="base64")
row = json.loads(raw.text)["data"][0]["embedding"]
check(
    "base64 is the bytes of float32",
    isinstance(row, str) and far(struct.unpack(f"<{len(vectors[0])}f", base64.b64decode(row)), vectors[0]) <= 1e-6,
    row,
)
# The client asks for base64 when its caller says nothing, and has NumPy or not.
check("base64 and float are the same numbers", all(single(a) == single(b) for a, b in zip(answer.data, floats.data)))
check("one text is answered", far(create(model=name, input=texts[0], user="someone").data[0].embedding, vectors[0]) <= 1e-6)
one = create(model=name, input=tokens[0])
check("token ids are answered", far(one.data[0].embedding, vectors[0]) <= 1e-6, one.usage)
check("lists of token ids are answered", closest(create(model=name, input=tokens)) <= 1e-6)
cut = create(model=name, input=texts, dimensions=64)
length = [sum(x * x for x in vector[:64]) ** 0.5 for vector in vectors]
check(
    "dimensions are cut and normalized",
    max(far(row.embedding, [x / size for x in vector[:64]]) for row, vector, size in zip(cut.data, vectors, length)) <= 1e-5,
)
many = create(model=name, input=["a"] * 2048)
check("2,048 inputs are answered", len(many.data) == 2048 and many.usage.total_tokens == 2048 * 3, many.usage)

bad = openai.BadRequestError
refused("an empty text", bad, lambda: create(model=name, input=""))
refused("an empty text among others", bad, lambda: create(model=name, input=["a", ""]))
refused("no inputs", bad, lambda: create(model=name, input=[]))
refused("an input of another type", bad, lambda: create(model=name, input=[{"a": 1}]))
refused("token ids and texts together", bad, lambda: create(model=name, input=[1, "a"]))
refused("dimensions of 0", bad, lambda: create(model=name, input="a", dimensions=0))
refused("dimensions above the model's", bad, lambda: create(model=name, input="a", dimensions=385))
refused("another format", bad, lambda: create(model=name, input="a", encoding_format="hex"))
check("fields of other servers are ignored", len(create(model=name, input="a", extra_body={"nosuch": 1}).data) == 1)
refused(
    "a long text",
    bad,
    lambda: create(model=name, input=["a", long]),
    lambda error: error.code == "context_length_exceeded" and "512" in error.message and "702" in error.message,
)
foreign = refused("token ids of another vocabulary", bad, lambda: create(model=name, input=[[100257, 9906]]))
check("which says that texts can be sent", foreign is not None and "text" in foreign.message, foreign)
refused(
    "another model",
    openai.NotFoundError,
    lambda: create(model="text-embedding-3-small", input="a"),
    lambda error: error.code == "model_not_found",
)
refused(
    "too many inputs",
    openai.APIStatusError,
    lambda: create(model=name, input=["a"] * 2049),
    lambda error: error.status_code == 413 and error.body["message"],
)
for wrong in ("sk-wrong", key[:-1], f"{key}x"):
    refused(
        f"the key {wrong!r}",
        openai.AuthenticationError,
        lambda: openai.OpenAI(base_url=f"{url}/v1", api_key=wrong, max_retries=0).embeddings.create(model=name, input="a"),
    )

# More requests at once than may wait: some are refused, and a client that tries again is answered.
outcomes, retried = [], []


def flood(retries, outcomes):
    try:
        openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=retries, timeout=60).embeddings.create(
            model=name, input=[texts[0] * 8] * 16
        )
        outcomes.append("answered")
    except openai.RateLimitError as error:
        outcomes.append(error.response.headers.get("retry-after", "no Retry-After"))
    except Exception as error:
        outcomes.append(f"{type(error).__name__}: {error}")


def together(number, retries, outcomes):
    threads = [threading.Thread(target=flood, args=(retries, outcomes)) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)


together(24, 0, outcomes)
limited = [outcome for outcome in outcomes if outcome.isdigit()]
check("with many requests some are answered", "answered" in outcomes, outcomes)
check(
    "with many requests others are a RateLimitError with Retry-After",
    len(limited) > 0 and len(limited) + outcomes.count("answered") == 24,
    outcomes,
)
together(6, 10, retried)
check("a client that tries again is answered", retried == ["answered"] * 6, retried)
