"""LangChain through its class for OpenAI, unchanged: python langchain_client.py URL KEY < TEXTS-AND-VECTORS"""

import json
import sys

import openai
from langchain_openai import OpenAIEmbeddings
from outcome import check, refused

url, key = sys.argv[1:]
given = json.load(sys.stdin)
texts, vectors = given["texts"], given["vectors"]


def far(one, other):
    return max(abs(a - b) for a, b in zip(one, other)) if len(one) == len(other) else float("inf")


def embeddings(**settings):
    return OpenAIEmbeddings(model=given["model"], base_url=f"{url}/v1", api_key=key, max_retries=0, **settings)


plain = embeddings(check_embedding_ctx_length=False)
found = plain.embed_documents(texts)
apart = max(far(*pair) for pair in zip(found, vectors))
check("documents have the vectors of embed encode", len(found) == len(texts) and apart <= 1e-6, apart)
check("a query has the vector of its text", far(plain.embed_query(texts[0]), vectors[0]) <= 1e-6)
check("many documents are sent in several requests", len(plain.embed_documents(texts * 300, chunk_size=700)) == 300 * len(texts))
refused("a long document is refused", openai.BadRequestError, lambda: plain.embed_documents([given["long"]]))


class Encoding:
    """cl100k's ids of a text, without the download of its ranks."""

    def encode(self, text, **_):
        return [100000 + number for number in range(len(text.split()))]

    encode_ordinary = encode


# By default LangChain sends token ids of a tokenizer of OpenAI, which are not those of this model.
import tiktoken  # noqa: E402

tiktoken.get_encoding = tiktoken.encoding_for_model = lambda *_: Encoding()
checked = embeddings(check_embedding_ctx_length=True, tiktoken_model_name="cl100k_base")
error = refused("token ids of another tokenizer are refused", openai.BadRequestError, lambda: checked.embed_documents(texts))
check("the refusal says that texts can be sent", error is not None and "text" in error.message and "token" in error.message, error)
