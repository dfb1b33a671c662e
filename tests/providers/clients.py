"""The official clients use the fakes, so that what the fakes accept and answer is what the services do."""
import subprocess

from . import fake

OPENAI = """
import sys, openai
client = openai.OpenAI(base_url=sys.argv[1], api_key=sys.argv[2], max_retries=2)
answer = client.embeddings.create(model="text-embedding-3-small", input=["return policy", "a cat"], dimensions=256)
assert [row.index for row in answer.data] == [0, 1], answer
assert len(answer.data[0].embedding) == 256 and answer.usage.total_tokens == 4, answer.usage
def refused(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")
create = client.embeddings.create
refused(openai.BadRequestError, lambda: create(model="text-embedding-3-small", input=[""]))
refused(openai.BadRequestError, lambda: create(model="text-embedding-3-small", input=["a"] * 2049))
refused(openai.BadRequestError, lambda: create(model="text-embedding-3-small", input=["word " * 9000]))
large = refused(openai.BadRequestError, lambda: create(model="text-embedding-3-small", input=["word " * 8000] * 41))
assert large.code == "max_tokens_per_request", large
refused(openai.NotFoundError, lambda: create(model="text-embedding-9", input=["a"]))
other = openai.OpenAI(base_url=sys.argv[1], api_key="sk-wrong", max_retries=0)
refused(openai.AuthenticationError, lambda: other.embeddings.create(model="text-embedding-3-small", input=["a"]))
"""

INCIDENTS = """
import sys, openai
client = openai.OpenAI(base_url=sys.argv[1], api_key=sys.argv[2], max_retries=2)
answer = client.embeddings.create(model="text-embedding-3-small", input=["a"])
assert len(answer.data[0].embedding) == 1536, "a 429 and a 500 are tried again"
try:
    openai.OpenAI(base_url=sys.argv[1], api_key=sys.argv[2], max_retries=0).embeddings.create(
        model="text-embedding-3-small", input=["a"])
except openai.RateLimitError as error:
    assert error.code == "insufficient_quota", error
else:
    raise AssertionError("the quota is not spent")
"""

VOYAGE = """
import sys, voyageai
client = voyageai.Client(api_key=sys.argv[2], base_url=sys.argv[1])
answer = client.embed(["return policy", "a cat"], model="voyage-3", input_type="document")
assert len(answer.embeddings) == 2 and len(answer.embeddings[0]) == 1024 and answer.total_tokens == 4, answer
short = client.embed(["a"], model="voyage-3.5", input_type="query", output_dimension=512)
assert len(short.embeddings[0]) == 512
for texts, model in [(["a"] * 1001, "voyage-3"), (["a"], "voyage-9"), (["word " * 30000] * 11, "voyage-3")]:
    try:
        client.embed(texts, model=model)
    except voyageai.error.InvalidRequestError:
        continue
    raise AssertionError(f"{model} took {len(texts)} texts")
try:
    voyageai.Client(api_key="wrong", base_url=sys.argv[1]).embed(["a"], model="voyage-3")
except voyageai.error.AuthenticationError:
    pass
"""


def check(chosen, report):
    report.section("official clients")
    if not chosen.clients:
        print("  left out: no --clients")
        return
    with fake.Service("openai") as openai, fake.Service("voyage") as voyage:
        for name, service, script in [("openai", openai, OPENAI), ("voyageai", voyage, VOYAGE)]:
            report.check(f"{name} uses the fake", *run(chosen.clients, script, service))
        openai.incidents = [fake.limited(headers={"retry-after-ms": "10"}), fake.limited(status=500), fake.changed(lambda answer: answer), fake.spent()]
        report.check("openai tries again what is tried again here", *run(chosen.clients, INCIDENTS, openai))


def run(python, script, service):
    command = [str(python), "-c", script, service.url, fake.KEY]
    process = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return process.returncode == 0, process.stderr[-600:]
