#!/usr/bin/env python3
"""Accuracy at rank 1 of `embed analogy` on analogy questions, by measure and origin.

    embed index words.txt && embed export --output words.npy
    python benches/analogies.py words.txt words.npy questions-words.txt

questions-words.txt is that of Mikolov et al. (arXiv 1301.3781); the package gensim includes it in its test data. Words that
differ only in case count as one, the first; questions with a word that the list lacks are skipped. The arithmetic is
reimplemented here in NumPy; the tests of the program compare it with the definition.
"""
import sys
from pathlib import Path

import numpy as np

BATCH = 512
EPSILON = 0.001


def read_questions(path, places):
    questions = []
    for line in Path(path).read_text().lower().splitlines():
        words = line.split()
        if len(words) == 4 and words[0] != ":" and all(word in places for word in words):
            subtracted, start, added, answer = words
            questions.append([places[start], places[subtracted], places[added], places[answer]])
    return np.array(questions)


def scores(vectors, start, subtracted, added, measure):
    if measure == "sum":
        return (vectors[start] - vectors[subtracted] + vectors[added]) @ vectors.T
    share = lambda term: (vectors[term] @ vectors.T + 1) / 2
    return share(start) * share(added) / (share(subtracted) + EPSILON)


def accuracy(vectors, questions, measure):
    right = 0
    for first in range(0, len(questions), BATCH):
        *terms, answer = questions[first:first + BATCH].T
        found = scores(vectors, *terms, measure)
        rows = np.arange(len(answer))
        for term in terms:
            found[rows, term] = -np.inf
        right += (found.argmax(axis=1) == answer).sum()
    return right / len(questions)


def main():
    words_path, vectors_path, questions_path = sys.argv[1:]
    words = Path(words_path).read_text().lower().splitlines()
    vectors = np.load(vectors_path)
    assert len(words) == len(vectors), "a vector for every line"
    centred = vectors - vectors.mean(axis=0)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    first_rows = {word: row for row, word in reversed(list(enumerate(words)))}
    kept = sorted(first_rows.values())
    questions = read_questions(questions_path, {words[row]: place for place, row in enumerate(kept)})
    print(f"{len(questions)} questions, {len(kept)} words")
    for origin, seen in [("zero", vectors), ("mean", centred)]:
        for measure in ["sum", "product"]:
            print(f"--origin {origin} --measure {measure}: {accuracy(seen[kept], questions, measure):.3f}")


if __name__ == "__main__":
    main()
