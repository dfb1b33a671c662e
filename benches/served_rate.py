"""The time to index texts through a service with rate limits, against the time that the limits allow; and memory.

    cargo build --release
    python benches/served_rate.py target/release/embed [--texts 50000] [--latency 0.05]

Standard library only. The service is the fake of tests/providers. Its limits are full at first and flow in steadily: the
least time for an amount is (amount - limit) / limit minutes.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from providers import fake  # noqa: E402

WORDS = "alpha beta gamma delta epsilon zeta eta theta".split()


def text(number):
    return " ".join(WORDS[(number >> (3 * place)) % 8] for place in range(6)) + f" {number}"


def measure(embed, texts, latency, requests_a_minute, tokens_a_minute, dimensions):
    service = fake.Service(
        "openai", latency=latency, cheap=True, requests_a_minute=requests_a_minute, tokens_a_minute=tokens_a_minute
    )
    with service, tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "texts.txt").write_text("".join(text(number) + "\n" for number in range(texts)))
        environment = {"PATH": os.environ["PATH"], "HOME": folder, "OPENAI_API_KEY": fake.KEY, "OPENAI_BASE_URL": service.url}
        command = [embed, "index", "texts.txt", "--model", "openai:text-embedding-3-small", "--dimensions", str(dimensions)]
        begun = time.monotonic()
        process = subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True)
        memory = []
        while process.poll() is None:
            memory.append(anonymous_memory(process.pid))
            time.sleep(0.25)
        took = time.monotonic() - begun
        if process.returncode:
            sys.exit(process.stderr.read())
        refused = len(service.requests) - service.answered
        tokens = sum(fake.tokens_of(text(number)) for number in range(texts))
        least = max(
            (tokens - tokens_a_minute) / tokens_a_minute * 60 if tokens_a_minute else 0,
            (len(service.requests) - requests_a_minute) / requests_a_minute * 60 if requests_a_minute else 0,
            0,
        )
        half = memory[len(memory) // 2:]
        return took, least, len(service.requests), refused, max(memory), min(half), max(half)


def anonymous_memory(process):
    """MiB."""
    try:
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("embed", type=Path)
    parser.add_argument("--texts", type=int, default=50_000)
    parser.add_argument("--latency", type=float, default=0.05)
    chosen = parser.parse_args()
    print(f"{chosen.texts} texts, {1000 * chosen.latency:.0f} ms a request")
    print(f"{'limits a minute':<32}{'s':>8}{'least s':>9}{'ratio':>7}{'requests':>10}{'refused':>9}{'most MiB':>10}{'second half':>14}")
    for name, requests, tokens in [
        ("none", None, None),
        ("100,000 tokens", None, 100_000),
        ("200,000 tokens, 500 requests", 500, 200_000),
        ("20 requests", 20, None),
    ]:
        took, least, sent, refused, most, low, high = measure(
            chosen.embed.resolve(), chosen.texts, chosen.latency, requests, tokens, 256
        )
        ratio = f"{took / least:.2f}" if least else "-"
        print(f"{name:<32}{took:>8.1f}{least:>9.1f}{ratio:>7}{sent:>10}{refused:>9}{most:>10.0f}{f'{low:.0f} to {high:.0f}':>14}", flush=True)


if __name__ == "__main__":
    main()
