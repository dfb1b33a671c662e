"""Texts of the few words that the tiny model knows."""
WORDS = "apple bank cat dog evening fast green house in jump king late market night old paper rain stock the war".split()


def line(generator, length=8):
    return " ".join(generator.choices(WORDS, k=length))


def write_lines(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{text}\n" for text in lines))
