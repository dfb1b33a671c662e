#!/usr/bin/env python3
"""Logits of a real cross-encoder against those of transformers.

    cargo build --example score_pairs
    python benches/golden_rerank.py target/debug/examples/score_pairs ../shared

SHARED has `golden/NAME.json`, which is pairs with token counts and logits of transformers (float32, only_second at 512
tokens), and `models/NAME`. In float32 every logit must be within 0.001 and every count equal; in 8-bit integers the largest
difference may be 0.3. Exits with 1 if not.
"""
import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

NAME = "ms-marco-MiniLM-L-12-v2-dequantised"
TOLERANCES = {"f32": 0.001, "int8": 0.3}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path, help="the example score_pairs")
    parser.add_argument("shared", type=Path)
    arguments = parser.parse_args()
    golden = json.loads((arguments.shared / "golden" / f"{NAME}.json").read_text())["pairs"]
    pairs = "".join(json.dumps({"query": pair["query"], "text": pair["text"]}) + "\n" for pair in golden)
    strayed = False
    for precision, tolerance in TOLERANCES.items():
        command = [arguments.program.resolve(), arguments.shared / "models" / NAME, precision]
        output = subprocess.run(command, input=pairs, check=True, stdout=subprocess.PIPE, text=True).stdout
        found = [json.loads(line) for line in output.splitlines()]
        assert len(found) == len(golden), "a score for every pair"
        differences = [abs(pair["score"] - own["score"]) for pair, own in zip(golden, found)]
        counts_differ = sum(pair["tokens"] != own["tokens"] for pair, own in zip(golden, found))
        held = max(differences) <= tolerance and counts_differ == 0
        strayed |= not held
        print(f"{precision:4}  {len(found)} pairs, largest difference {max(differences):.6f}, "
              f"mean {statistics.mean(differences):.6f}, {counts_differ} token counts differ   {'ok' if held else 'STRAYED'}")
    sys.exit(strayed)


if __name__ == "__main__":
    main()
