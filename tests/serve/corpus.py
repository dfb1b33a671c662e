"""Texts to index: those of examples/, and 160 short papers with metadata, enough for confidences."""

import json
import shutil
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
FILES = ["docs.txt", "feedback.txt", "notes", "papers.jsonl", "guide.md"]
TOPICS = [
    "sourdough bread",
    "climbing roses",
    "touring bicycles",
    "coastal sailing",
    "active volcanoes",
    "chess openings",
    "baroque violins",
    "alpine glaciers",
    "honey bees",
    "steam engines",
]
ASPECTS = [
    "A short history of {} from the first records to the present day.",
    "What beginners get wrong about {}, and how to avoid it.",
    "The cost of {} has doubled in ten years; this report asks why.",
    "Measurements of {} in cold weather, with tables and error bars.",
    "A letter to the editor complains about the noise of {}.",
    "Museums that show {} attract more visitors in winter.",
    "Seven photographs of {} taken from an aeroplane.",
    "How children in four countries learn about {} at school.",
    "A recipe book mentions {} only once, in a footnote on page 90.",
    "New rules for {} will come into force next January.",
    "Interviews with people who have spent their lives with {}.",
    "Safety: three accidents with {} and what was learned from them.",
    "A poem compares the sea at night with {}.",
    "The chemistry of {} explained with two experiments.",
    "Insurance of {} against fire, storm and theft.",
    "Why engineers still argue about {} after a hundred years.",
]
QUERIES = [
    "how do I return something",
    "dough that rests overnight",
    "accidents and safety",
    "noise complaint",
    "quantum chromodynamics on a lattice",
    "bees",
    '"error bars" cold -violins',
    "learning at school",
]


def papers():
    for number, (topic, aspect) in enumerate((topic, aspect) for topic in TOPICS for aspect in ASPECTS):
        yield {
            "id": f"p{number}",
            "title": f"On {topic}",
            "text": aspect.format(topic),
            "year": 1990 + number % 30,
            "lang": "de" if number % 3 == 0 else "en",
            "tags": [topic.split()[-1], f"a{number % 16}"],
        }


def write(folder):
    """Writes the files and gives their names."""
    folder = Path(folder)
    for name in ("docs.txt", "feedback.txt", "shop.csv"):
        shutil.copy(EXAMPLES / name, folder / name)
    shutil.copytree(EXAMPLES / "notes", folder / "notes")
    with open(folder / "papers.jsonl", "w", encoding="utf-8") as lines:
        lines.writelines(json.dumps(paper) + "\n" for paper in papers())
    sections = (f"## {topic}\n\n" + "\n".join(aspect.format(topic) for aspect in ASPECTS) for topic in TOPICS)
    (folder / "guide.md").write_text("# Guide\n\n" + "\n\n".join(sections) + "\n", encoding="utf-8")
    return [*FILES, "shop.csv"]
