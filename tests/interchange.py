"""Vectors to and from NumPy and DuckDB, with the real libraries.

    python tests/interchange.py path/to/embed

Needs numpy and duckdb from PyPI. Parquet is checked where this embed was built with it.
"""

import json
import os
import subprocess
import sys
import tempfile

import duckdb
import numpy as np

EMBED = os.path.abspath(sys.argv[1])
ROWS, DIMENSION = 500, 384


def embed(*arguments, code=0):
    environment = {"HOME": os.getcwd(), "PATH": os.environ["PATH"]}
    run = subprocess.run([EMBED, *arguments], capture_output=True, text=True, env=environment)
    assert run.returncode == code, (arguments, run)
    return run


def unit_rows(dtype=np.float32):
    rows = np.random.default_rng(1).standard_normal((ROWS, DIMENSION)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(dtype)


def same_bits(left, right):
    assert left.dtype == right.dtype == np.float32 and left.shape == right.shape
    assert np.array_equal(left.view(np.uint32), right.view(np.uint32))


def documents():
    for row in range(ROWS):
        yield {"id": f"n°{row}", "text": f'text {row}\n"quoted" \\ \u2028', "year": 1900 + row, "tags": [row, None, 0.1]}


def check_float32():
    """Unit vectors of NumPy keep every bit on their way in and out."""
    rows = unit_rows()
    np.save("v.npy", rows)
    with open("d.jsonl", "w", encoding="utf-8") as file:
        file.writelines(json.dumps(document) + "\n" for document in documents())
    embed("import", "v.npy", "--documents", "d.jsonl", "--model-name", "numpy")
    embed("export", "--output", "out.npy", "--documents", "out.jsonl")
    same_bits(np.load("out.npy"), rows)
    embed("import", "out.npy", "--documents", "out.jsonl", "--model-name", "numpy", "--index", "copy")
    embed("export", "--output", "again.npy", "--documents", "again.jsonl", "--index", "copy")
    for left, right in (("out.npy", "again.npy"), ("out.jsonl", "again.jsonl")):
        assert open(left, "rb").read() == open(right, "rb").read(), left
    return rows


def check_float16_and_scaling():
    """Float16 and rows of other lengths come out as NumPy scales them in float64, unit rows as they are."""
    for name, rows in (("half", unit_rows(np.float16)), ("long", unit_rows() * np.float32(3.7))):
        np.save(f"{name}.npy", rows)
        embed("import", f"{name}.npy", "--model-name", "numpy", "--index", name)
        embed("export", "--output", f"{name}-out.npy", "--index", name)
        wide = rows.astype(np.float64)
        lengths = np.linalg.norm(wide, axis=1, keepdims=True)
        expected = np.where(abs(lengths - 1) <= 1e-6, wide, wide / lengths).astype(np.float32)
        np.testing.assert_allclose(np.load(f"{name}-out.npy"), expected, rtol=1.2e-7, atol=0)


def check_versions():
    """Every version of the format that NumPy writes is read."""
    rows = unit_rows()
    for version in ((1, 0), (2, 0), (3, 0)):
        with open("version.npy", "wb") as file:
            np.lib.format.write_array(file, rows, version=version)
        embed("import", "version.npy", "--model-name", "numpy", "--index", "versions")
        embed("export", "--output", "version-out.npy", "--index", "versions")
        same_bits(np.load("version-out.npy"), rows)


def check_search(rows):
    """The scores of a search by vector are NumPy's dot products."""
    np.save("q.npy", rows[:20])
    found = [json.loads(line) for line in embed("search", "--vector", "q.npy", "-k", "10", "--jsonl").stdout.split("\n")[:-1]]
    scores = rows[:20].astype(np.float64) @ rows.T.astype(np.float64)
    best = np.sort(scores, axis=1)[:, ::-1][:, :10]
    assert [record["query_line"] for record in found] == [row + 1 for row in range(20) for _ in range(10)]
    np.testing.assert_allclose([record["score"] for record in found], best.ravel(), atol=1e-6)


def check_table(rows, query):
    """DuckDB reads the same ids, texts, metadata and bits."""
    table = duckdb.sql(query).fetchall()
    assert len(table) == ROWS
    for row, (document, (identity, text, metadata, embedding)) in enumerate(zip(documents(), table, strict=True)):
        metadata = json.loads(metadata)
        assert identity == f"v.npy:{document['id']}" and text == document["text"], (row, identity, text)
        assert metadata == {"year": document["year"], "tags": document["tags"]}, (row, metadata)
        same_bits(np.array(embedding, dtype=np.float32), rows[row])


def check_duckdb(rows):
    columns = "id, text, metadata, embedding::FLOAT[384]"
    embed("export", "--output", "out-all.jsonl")
    types = "{id: 'VARCHAR', text: 'VARCHAR', metadata: 'JSON', embedding: 'FLOAT[]'}"
    check_table(rows, f"select {columns} from read_json('out-all.jsonl', format='newline_delimited', columns={types})")
    with open("stdout.jsonl", "w", encoding="utf-8") as file:
        file.write(embed("export", "--output", "-").stdout)
    assert open("stdout.jsonl", "rb").read() == open("out-all.jsonl", "rb").read()
    parquet = subprocess.run([EMBED, "export", "--output", "out.parquet"], capture_output=True, text=True)
    if "built without the feature parquet" in parquet.stderr:
        print("parquet: not in this build")
        return
    assert parquet.returncode == 0, parquet
    check_table(rows, f"select {columns} from read_parquet('out.parquet')")


def check_refusals():
    """What NumPy can write and an index cannot take gets one line, and changes nothing."""
    rows = unit_rows()
    spoiled = rows.copy()
    spoiled[17, 3] = np.nan
    before = embed("export", "--output", "-").stdout
    cases = {
        "row 18 of bad.npy": spoiled,
        "Fortran order": np.asfortranarray(rows),
        "'<f8'": rows.astype(np.float64),
        "'>f4'": rows.astype(">f4"),
        "'<i4'": rows.astype(np.int32),
        "numbers of type '[": rows[:, :2].copy().view([("x", "<f4"), ("y", "<f4")]),
        "a 3-dimensional array": rows.reshape(ROWS, 2, -1),
        "a 1-dimensional array": rows[0],
        "has vectors of dimension 192": rows.reshape(-1, 192),
        "has no rows": rows[:0],
    }
    for message, array in cases.items():
        np.save("bad.npy", array)
        run = embed("import", "bad.npy", code=2)
        assert message in run.stderr and len(run.stderr.splitlines()) <= 2, (message, run.stderr)
    assert embed("export", "--output", "-").stdout == before


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        rows = check_float32()
        check_float16_and_scaling()
        check_versions()
        check_search(rows)
        check_duckdb(rows)
        check_refusals()
        os.chdir("/")
    print("interchange: NumPy", np.__version__, "and DuckDB", duckdb.__version__, "agree")


main()
