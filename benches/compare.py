#!/usr/bin/env python3
"""Tokens per second of embed and of other runtimes, alternating, as a table of medians and ratios.

    cargo build --release --bench throughput
    python benches/compare.py --shared ../shared --rounds 5
    python benches/compare.py --shared ../shared --rounds 5 --precision int8
    python benches/compare.py --shared ../shared --rounds 5 --instructions avx2

With --instructions avx2, all run as on a CPU without AVX-512: embed by EMBED_INSTRUCTIONS, oneDNN (OpenVINO, PyTorch) by its own
variable, and ONNX Runtime, which has none, as a copy whose test for AVX-512 always fails.

Needs the packages of SHARED/peers/requirements.txt. A round runs embed and every peer on the same texts; a peer counts
with its best batch size of the round. Run it on an idle machine.
"""
import argparse
import importlib.util
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PEERS = {"f32": ["sentence-transformers", "onnxruntime", "openvino"], "int8": ["onnxruntime"]}


# `test al, 0xE0` asks whether the system saves the registers of AVX-512; the jump after it leads to their kernels.
ONNXRUNTIME_TEST = re.compile(rb"(?s)(\xa8\xe0)\x0f\x84....(\xf6\xc2\x10\x74)")
NO_JUMP = rb"\1\x66\x0f\x1f\x44\x00\x00\2"


def without_avx512(folder):
    """The environment of runs as on a CPU without AVX-512; `folder` gets a copy of ONNX Runtime."""
    package = Path(importlib.util.find_spec("onnxruntime").origin).parent
    shutil.copytree(package, folder / "onnxruntime")
    (library,) = (folder / "onnxruntime" / "capi").glob("onnxruntime_pybind11_state*.so")
    patched, count = ONNXRUNTIME_TEST.subn(NO_JUMP, library.read_bytes())
    if count != 1:
        sys.exit(f"the test for AVX-512 was found {count} times in {library.name}: this version is not known")
    library.write_bytes(patched)
    return {
        "EMBED_INSTRUCTIONS": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "ATEN_CPU_CAPABILITY": "avx2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "PYTHONPATH": str(folder),
    }


def json_lines(command):
    output = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def ours(texts, precision):
    return json_lines(["cargo", "bench", "-q", "--bench", "throughput", "--", str(texts), "1", precision])


def peer(shared, name, texts, batches, precision):
    """The rows of one peer in one precision; the process is killed before it starts another precision."""
    command = [sys.executable, str(shared / "peers" / "encode.py"), "--peers", name, "--batches", batches,
               "--model", str(shared / "models" / "bge-small-en-v1.5"), "--texts", str(texts)]
    rows = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        for line in process.stdout:
            if line.startswith("{") and json.loads(line)["precision"] == precision:
                rows.append(json.loads(line))
            if len(rows) == len(batches.split(",")):
                process.kill()
                break
    return rows


def best_rates(rows):
    best = {}
    for row in rows:
        best[row["peer"]] = max(best.get(row["peer"], 0.0), row["tokens_per_s"])
    return best


def measure(shared, texts, rounds, batches, precision):
    rates = {}
    for _ in range(rounds):
        rows = ours(texts, precision)
        for name in PEERS[precision]:
            rows += peer(shared, name, texts, batches, precision)
            rows += ours(texts, precision)
        own = [row["tokens_per_s"] for row in rows if row["peer"] == "embed"]
        best = best_rates(row for row in rows if row["peer"] != "embed")
        best["embed"] = statistics.median(own)
        for key, rate in best.items():
            rates.setdefault(key, []).append(rate)
    return rates


def table(name, rates):
    own = rates["embed"]
    print(f"\n| {name} | tokens/s, median | embed is faster by, median (least - most) |\n| --- | --- | --- |")
    for peer_name, measured in sorted(rates.items(), key=lambda item: -statistics.median(item[1])):
        ratios = [a / b for a, b in zip(own, measured)]
        span = f"{statistics.median(ratios):.2f} x ({min(ratios):.2f} - {max(ratios):.2f})"
        print(f"| {peer_name} | {statistics.median(measured):,.0f} | {span} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, required=True, help="the folder with peers/, models/ and data/")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--abstracts", type=int, default=64)
    parser.add_argument("--sentences", type=int, default=1000)
    parser.add_argument("--batches", default="4,32")
    parser.add_argument("--precision", choices=sorted(PEERS), default="f32")
    parser.add_argument("--instructions", choices=["avx2"])
    arguments = parser.parse_args()
    shared = arguments.shared.resolve()
    with tempfile.TemporaryDirectory() as folder:
        # A peer is killed once it has told its rates, so its temporary files are removed here.
        os.environ["TMPDIR"] = folder
        if arguments.instructions:
            os.environ.update(without_avx512(Path(folder)))
        subprocess.run([sys.executable, str(shared / "peers" / "texts.py"), "--out", folder, "--abstracts",
                        str(arguments.abstracts), "--sentences", str(arguments.sentences)], check=True)
        for name in ["abstracts", "sentences"]:
            texts = Path(folder) / f"{name}.txt"
            table(name, measure(shared, texts, arguments.rounds, arguments.batches,
                                 arguments.precision))


if __name__ == "__main__":
    main()
