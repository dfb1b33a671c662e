#!/usr/bin/env python3
"""Pairs per second of embed and of ONNX Runtime with a cross-encoder, alternating, as a table of medians and ratios.

    cargo build --release --bench rerank
    python benches/compare_rerank.py --shared ../shared --rounds 5
    python benches/compare_rerank.py --shared ../shared --rounds 5 --precision int8

Needs torch, transformers, onnx and onnxruntime, and `models/` and `data/scifact` in SHARED. The pairs are queries of SciFact,
each with the abstracts that share its rarest words, at their own length up to 512 tokens. ONNX Runtime has the model with
its layers fused, two threads, the pairs of a query sorted by length, and counts with its best batch size of the round. Both
tokenize within the time. Run it on an idle machine.
"""
import argparse
import collections
import json
import math
import re
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
INPUTS = ["input_ids", "attention_mask", "token_type_ids"]
NAME = "ms-marco-MiniLM-L-12-v2-dequantised"


def words(text):
    return set(re.findall(r"\w+", text.lower()))


def candidates(scifact, queries, texts):
    """The judged queries, thinned out evenly, each with the abstracts that share its rarest words."""
    read = lambda name: [json.loads(line) for line in (scifact / name).read_text().splitlines()]
    abstracts = [f"{row['title']} {row['text']}" for row in read("corpus.jsonl")]
    occurring = [words(text) for text in abstracts]
    counts = collections.Counter(word for text in occurring for word in text)
    rarity = {word: math.log(len(abstracts) / count) for word, count in counts.items()}
    judged = {line.split("\t")[0] for line in (scifact / "qrels/test.tsv").read_text().splitlines()[1:]}
    asked = [row["text"] for row in read("queries.jsonl") if row["_id"] in judged]
    for query in asked[:: max(1, len(asked) // queries)][:queries]:
        shared = lambda index: sum(rarity[word] for word in words(query) & occurring[index])
        best = sorted(range(len(abstracts)), key=shared, reverse=True)[:texts]
        yield {"query": query, "texts": [abstracts[index] for index in best]}


def export(model, folder, precision):
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.transformers import optimizer
    from transformers import AutoModelForSequenceClassification

    class Scorer(torch.nn.Module):
        def __init__(self, network):
            super().__init__()
            self.network = network

        def forward(self, input_ids, attention_mask, token_type_ids):
            return self.network(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids).logits

    network = AutoModelForSequenceClassification.from_pretrained(model, attn_implementation="eager").eval()
    ids = torch.ones(2, 16, dtype=torch.long)
    axes = {name: {0: "batch", 1: "sequence"} for name in INPUTS} | {"logits": {0: "batch"}}
    path, final = str(folder / "model.onnx"), str(folder / "final.onnx")
    torch.onnx.export(Scorer(network), (ids, ids, ids * 0), path, input_names=INPUTS, output_names=["logits"],
                      dynamic_axes=axes, opset_version=17, dynamo=False)
    if precision == "int8":
        quantize_dynamic(path, final, weight_type=QuantType.QInt8)
    else:
        optimizer.optimize_model(path, model_type="bert", num_heads=12, hidden_size=384).save_model_to_file(final)
    return final


class OnnxRuntime:
    def __init__(self, model, file, threads):
        import onnxruntime
        from tokenizers import Tokenizer
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        self.types = {node.name: np.int32 if "int32" in node.type else np.int64 for node in self.session.get_inputs()}
        self.tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
        self.tokenizer.enable_truncation(512, strategy="only_second")
        self.tokenizer.no_padding()

    def scores(self, query, texts, size):
        encoded = self.tokenizer.encode_batch([(query, text) for text in texts])
        order = sorted(range(len(texts)), key=lambda index: len(encoded[index].ids))
        scores = np.zeros(len(texts))
        for start in range(0, len(order), size):
            batch = order[start:start + size]
            longest = len(encoded[batch[-1]].ids)
            padded = lambda rows: np.array([row + [0] * (longest - len(row)) for row in rows])
            feed = {"input_ids": padded([encoded[index].ids for index in batch]),
                    "attention_mask": padded([encoded[index].attention_mask for index in batch]),
                    "token_type_ids": padded([encoded[index].type_ids for index in batch])}
            feed = {name: feed[name].astype(kind) for name, kind in self.types.items()}
            scores[batch] = self.session.run(None, feed)[0][:, 0]
        return scores

    def measure(self, queries, size):
        start = time.perf_counter()
        scores = [self.scores(query["query"], query["texts"], size) for query in queries]
        pairs = sum(len(query["texts"]) for query in queries)
        return pairs / (time.perf_counter() - start), np.concatenate(scores)


def ours(model, pairs, precision):
    command = ["cargo", "bench", "-q", "--bench", "rerank", "--", str(model), str(pairs), "1", precision]
    output = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    run, scores = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return run, np.concatenate([np.array(row) for row in scores["scores"]])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, required=True, help="the folder with models/ and data/")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--queries", type=int, default=8)
    parser.add_argument("--texts", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batches", default="1,4,20")
    parser.add_argument("--precision", choices=["f32", "int8"], default="f32")
    arguments = parser.parse_args()
    shared = arguments.shared.resolve()
    model = shared / "models" / NAME
    queries = list(candidates(shared / "data" / "scifact", arguments.queries, arguments.texts))
    sizes = [int(size) for size in arguments.batches.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        pairs = Path(folder) / "pairs.jsonl"
        pairs.write_text("".join(json.dumps(query) + "\n" for query in queries))
        peer = OnnxRuntime(model, export(model, Path(folder), arguments.precision), arguments.threads)
        peer.measure(queries[:1], sizes[0])
        own_rates, peer_rates, ratios = [], [], []
        for _ in range(arguments.rounds):
            run, own_scores = ours(model, pairs, arguments.precision)
            own = [run["pairs_per_s"]]
            best = 0.0
            for size in sizes:
                rate, peer_scores = peer.measure(queries, size)
                best = max(best, rate)
            own.append(ours(model, pairs, arguments.precision)[0]["pairs_per_s"])
            own_rates.append(statistics.mean(own))
            peer_rates.append(best)
            ratios.append(own_rates[-1] / best)
    difference = np.abs(own_scores - peer_scores).max()
    print(f"{run['pairs']} pairs, {run['tokens'] / run['pairs']:.0f} tokens on average; logits differ by at most {difference:.5f}\n")
    print(f"| {arguments.precision} | pairs/s, median | embed is faster by, median (least - most) |\n| --- | --- | --- |")
    print(f"| embed | {statistics.median(own_rates):.1f} | |")
    span = f"{statistics.median(ratios):.2f} x ({min(ratios):.2f} - {max(ratios):.2f})"
    print(f"| ONNX Runtime | {statistics.median(peer_rates):.1f} | {span} |")


if __name__ == "__main__":
    main()
