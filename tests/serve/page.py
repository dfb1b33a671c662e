#!/usr/bin/env python3
"""Checks the page of `embed serve` in a headless Chromium.

    python tests/serve/page.py --documents FOLDER    writes the documents that the checks search for
    python tests/serve/page.py URL SCREENSHOTS       checks the page at URL, whose one index is of these documents

Standard library and Chromium only (Debian's package `chromium`, for example). Answers that a server with one index and
no API key does not give (a key is missing, a search fails, there are two indexes) are given to the page in its place.
Each check prints a line; the exit code is 1 if one fails.
"""
import argparse
import json
import sys
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from providers.tool import Report  # noqa: E402
from serve import browser  # noqa: E402

STEPS = "\n\n".join(f"Step {number} of the dough: fold it, cover it, and wait for half an hour before the next one." for number in range(1, 13))
LONG = "\n\n".join(f"Paragraph {number} says nothing of interest about the weather of that day." for number in range(40))
DOCUMENTS = {
    "guide/bread.md": "# Bread\n\nMix flour, water, salt and starter. Let the dough rest overnight in the fridge.\n\n"
    f"{STEPS}\n\n## Oven\n\nBake the bread in a hot pot. The `temperature` is **high**.\n\n| step | minutes |\n| --- | --- |\n| with lid | 25 |\n",
    "guide/garden.md": "# Garden\n\nPrune the roses in early spring, above a bud that points outward.\n\n"
    "# Tomatoes\n\nWater tomatoes in the morning, and never the leaves.\n",
    "guide/weather.txt": f"{LONG}\n\nA thunderstorm with lightning ended the drought.\n",
    "code/parse.py": 'def parse_headers(lines):\n    """Headers of a request as a dictionary."""\n'
    '    return dict(line.split(": ", 1) for line in lines)\n\n\nclass HttpClient:\n    """Sends requests."""\n\n    timeout = 10\n',
    "odd & strange/ü #1?.txt": "A penguin waddles over the ice of a strange path.\n",
    "shop.jsonl": "\n".join(json.dumps(row) for row in [
        {"text": "A raincoat for cyclists", "price": 49, "color": "yellow", "tags": ["rain", "bike"]},
        {"text": "Umbrella that folds into a pocket", "price": 24.5, "color": "green", "tags": ["rain"]},
        {"text": "Rubber boots for rain and mud", "price": 35, "color": "dark green", "author": {"name": "Ann"}},
    ]) + "\n",
    "hostile.jsonl": "\n".join(json.dumps(row) for row in [
        {"text": "Hostile one: <script>window.hacked=1</script> <img src=x onerror=\"window.hacked=2\"> end.", "title": "<b>Bold</b>"},
        {"text": "Hostile two: </p></mark><svg onload=window.hacked=3> " + "x" * 300, "url": "javascript:window.hacked=4"},
    ]) + "\n",
}
HITS = "document.querySelectorAll('#hits .hit')"
FIRST = "document.querySelector('#hits .hit')"
PLACES = "[...document.querySelectorAll('#hits .place')].map((place) => place.textContent)"
IDLE = "!document.body.classList.contains('busy')"
STATUS = {
    "version": "0.1.0", "model": {"name": "a model"},
    "indexes": [{"name": name, "sources": 1, "documents": 2, "passages": 3} for name in ["notes", "papers"]],
}
# The least contrast of a text with what is behind it.
CONTRAST = """(() => {
  const channels = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (element) => {
    const color = channels(getComputedStyle(element).backgroundColor);
    return color[3] === 0 && element.parentElement ? behind(element.parentElement) : light(color);
  };
  const texts = [...document.querySelectorAll('body *')].filter((element) => element.checkVisibility() && element.closest(':not(svg)') &&
    [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()) && !element.closest('option, .unseen'));
  const contrasts = texts.map((element) => {
    const [a, b] = [light(channels(getComputedStyle(element).color)), behind(element)].sort((x, y) => y - x);
    return [(a + 0.05) / (b + 0.05), element.outerHTML.slice(0, 80)];
  });
  return contrasts.sort(([a], [b]) => a - b)[0];
})()"""


def write_documents(folder):
    for name, text in DOCUMENTS.items():
        path = Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def check(url, folder, report=None):
    """Checks the page at `url`, saves screenshots in `folder`, and returns the report."""
    report = report or Report()
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with browser.opened() as page:
        checks = Checks(page, url.rstrip("/") + "/", folder, report)
        page.look()
        for part in [
            checks.typing, checks.keys, checks.documents, checks.filters, checks.addresses, checks.texts,
            checks.outdated_answers, checks.problems, checks.looks, checks.requests,
        ]:
            part()
    return report


class Checks:
    def __init__(self, page, url, folder, report):
        self.page, self.url, self.folder, self.report = page, url, folder, report

    def open(self, **parameters):
        """A page with a search, once it has been answered."""
        query = "&".join(f"{name}={quote(each)}" for name, value in parameters.items() for each in ([value] if isinstance(value, str) else value))
        self.page.go(f"{self.url}?{query}" if query else self.url)
        self.page.wait(f"{IDLE} && document.querySelector('#about').textContent")

    def holds(self, name, expression, seconds=10):
        holds = self.page.wait(expression, seconds)
        found = "" if holds else self.page.run("document.querySelector('main').innerText.slice(0, 300)")
        self.report.check(name, holds, found)

    def equals(self, name, expression, expected):
        found = self.page.run(expression)
        self.report.check(name, found == expected, f"{found!r} instead of {expected!r}")

    def typing(self):
        self.report.section("page: typing")
        page = self.page
        self.open()
        self.holds("the box has the focus at the start", "document.activeElement.id === 'query'")
        self.holds("the start says what is indexed", "/\\d+ passages? of \\d+ documents? in 7 sources/.test(document.querySelector('#summary').textContent)")
        page.type("pruning roses")
        self.holds("typing gives results", f"{FIRST}?.textContent.includes('early spring')")
        self.holds("the number of results is announced", f"document.querySelector('#count[role=status]').textContent === `${{{HITS}.length}} passages`")
        marks = f"[...{FIRST}.querySelectorAll('mark')].map((mark) => mark.textContent)"
        self.equals("words of the query are marked, by stem", marks, ["Prune", "roses"])
        self.holds("a score is shown", f"/0\\.\\d{{3}}$/.test({FIRST}.querySelector('.score').textContent)")
        self.holds("the title of the page is the query", "document.title.startsWith('pruning roses')")
        page.click("#by input[value=words]")
        self.holds("by words, only passages with the words are results", f"{IDLE} && {HITS}.length === 1")
        self.open(q="zebra", by="words")
        self.holds("no result is said", "document.querySelector('#count').textContent === 'No results'")
        self.open(q="thunderstorm with lightning")
        self.holds("a long passage is folded", f"{FIRST}.querySelector('.text').matches('.folded') && {FIRST}.querySelector('.text').clientHeight < 200")
        in_view = ("((text, mark) => mark.top >= text.top && mark.bottom <= text.bottom)"
                   f"({FIRST}.querySelector('.text').getBoundingClientRect(), {FIRST}.querySelector('mark').getBoundingClientRect())")
        self.holds("its fold shows the words of the query", in_view)
        page.click("#hits .foot button")
        self.holds("and unfolds", f"{FIRST}.querySelector('.text').scrollHeight === {FIRST}.querySelector('.text').clientHeight")

    def keys(self):
        self.report.section("page: keys")
        page = self.page
        self.open(q="bread of flour, water, salt")
        selected = f"[...{HITS}].indexOf(document.activeElement)"
        page.press("ArrowDown")
        self.holds("the arrow goes from the box to the first result", f"{selected} === 0")
        page.press("ArrowDown")
        self.holds("and to the next", f"{selected} === 1")
        page.press("ArrowUp")
        page.press("ArrowUp")
        self.holds("and back to the box", "document.activeElement.id === 'query'")
        page.press("Enter")
        self.holds("Enter in the box goes to the results", f"{selected} === 0")
        page.press("/")
        self.holds("/ goes to the box", "document.activeElement.id === 'query' && document.querySelector('#query').value === 'bread of flour, water, salt'")
        page.press("ArrowDown")
        page.send("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
        page.press("c")
        self.holds("c copies path and line", "/^Copied .*bread.md:1$/.test(document.querySelector('#toast').textContent)")
        self.equals("to the clipboard", f"navigator.clipboard.readText().then((text) => text === {PLACES}[0])", True)
        page.press("m")
        self.holds("m gives similar passages", f"{IDLE} && document.querySelector('#conditions').textContent.includes('similar to') && {HITS}.length > 3")
        self.holds("without the passage itself", f"!{PLACES}.some((place) => place.endsWith('bread.md:1'))")
        page.press("Escape")
        self.holds("Escape returns to the search", f"document.querySelector('#query').value === 'bread of flour, water, salt' && {PLACES}[0].endsWith('bread.md:1')")
        self.holds("and to its result", f"{selected} === 0")
        page.press("Escape")
        self.holds("Escape leaves the results", "document.activeElement.id === 'query'")

    def documents(self):
        self.report.section("page: documents")
        page = self.page
        passages = "document.querySelectorAll('#reader .passage')"
        self.open(q="hot pot in the oven")
        page.press("ArrowDown")
        page.press("Enter")
        self.holds("Enter opens the whole document", f"{passages}.length > 1 && document.querySelector('#reader h2').textContent.endsWith('guide/bread.md')")
        self.holds("at the passage of the result", "document.querySelector('#reader [aria-current]').textContent.includes('Bake the bread')")
        self.holds("in place of the results", "document.querySelector('#list').hidden")
        self.holds("Markdown has headings, tables and code", "['h3', 'th', 'code', 'strong'].every((tag) => document.querySelector(`#reader ${tag}`))")
        page.run("location.reload()")
        self.holds("the address opens it again", f"{passages}.length > 1")
        page.press("Escape")
        self.holds("Escape returns to the results", f"document.querySelector('#reader').hidden && {HITS}.length > 1")
        self.holds("and to the result that was opened", f"document.activeElement === {FIRST}")
        self.open(q="parse_headers")
        self.holds("code is in a fixed width", f"getComputedStyle({FIRST}.querySelector('pre code')).fontFamily.includes('mono')")
        self.open(q="penguin on ice")
        page.click("#hits .place")
        self.holds("a source with spaces and symbols opens", f"{passages}[0]?.textContent.includes('waddles')")
        self.open(q="penguin", open="no-such:1")
        self.holds("an unknown document is an error", "document.querySelector('#problem h2').textContent === 'Not found'")

    def filters(self):
        self.report.section("page: filters")
        page = self.page
        condition = "document.querySelector('#conditions').textContent"
        self.open(q="rain")
        page.click("#filter")
        page.type("price")
        page.run("document.querySelector('#operator').value = '<'; document.querySelector('#value').focus()")
        page.type("40")
        page.press("Enter")
        self.holds("a filter narrows", f"{IDLE} && {HITS}.length === 2 && {condition}.includes('price < 40')")
        page.run("[...document.querySelectorAll('.metadata button')].find((field) => field.textContent === 'color dark green').click()")
        self.holds("a click on metadata adds a filter", f"{IDLE} && {HITS}.length === 1 && {condition}.includes('color = \"dark green\"')")
        self.holds("a field of a field is shown", f"{FIRST}.textContent.includes('author.name Ann')")
        page.run("document.querySelectorAll('#conditions button').forEach((remove) => remove.isConnected && remove.click())")
        page.run("document.querySelectorAll('#conditions button').forEach((remove) => remove.isConnected && remove.click())")
        self.holds("filters can be removed", f"{IDLE} && document.querySelector('#conditions').hidden && {HITS}.length > 2")
        page.run("document.querySelector('#glob').focus()")
        page.type("*.md")
        page.press("Enter")
        self.holds("a glob narrows", f"{IDLE} && {HITS}.length > 0 && {PLACES}.every((place) => place.includes('.md:'))")
        page.run("document.querySelector('#field').focus()")
        page.type("price")
        page.run("document.querySelector('#value').focus()")
        page.type('"40')
        page.press("Enter")
        self.holds("a bad filter shows the message of the server", "document.querySelector('#problem[role=alert]').innerText.toLowerCase().includes('quot')")
        self.holds("and is marked", "document.querySelector('#conditions .bad').textContent.includes('price < \"40')")
        page.click("#conditions .bad button")
        self.holds("removing it mends the search", f"{IDLE} && {HITS}.length > 0 && document.querySelector('#problem').hidden")
        self.open(q="rain", where="no_such_field = 1")
        self.holds("notes of the answer are shown", "document.querySelector('#notes').textContent.includes('no_such_field')")

    def addresses(self):
        self.report.section("page: addresses and history")
        page = self.page
        self.open(q="tomatoes", k="20", group="document")
        self.holds("an address gives its search", f"{PLACES}[0].includes('garden.md')")
        self.holds("and its controls", "document.querySelector('#k').value === '20' && document.querySelector('#group input[value=document]').checked")
        self.holds("which count documents", "document.querySelector('#count').textContent.endsWith('documents')")
        page.run("document.querySelector('#query').select()")
        page.type("umbrella")
        self.holds("typing changes the address", f"{IDLE} && new URLSearchParams(location.search).get('q') === 'umbrella' && {PLACES}[0].includes('shop')")
        page.run("history.back()")
        self.holds("back gives the earlier search", f"document.querySelector('#query').value === 'tomatoes' && {PLACES}[0].includes('garden.md')")
        page.run("history.forward()")
        self.holds("forward gives the later one", f"document.querySelector('#query').value === 'umbrella' && {PLACES}[0].includes('shop')")
        page.click("#home")
        self.holds("the name leads to the start", "!document.querySelector('#start').hidden && location.search === '?' + new URLSearchParams() || location.search === ''")

    def texts(self):
        self.report.section("page: hostile texts")
        self.open(q="hostile", glob="*hostile.jsonl")
        self.holds("markup is shown as text", f"{HITS}.length === 2 && document.querySelector('#hits').textContent.includes('<script>window.hacked=1</script>')")
        self.holds("also in metadata", "document.querySelector('#hits').textContent.includes('<b>Bold</b>')")
        self.page.click("#hits .place")
        self.holds("and in the document", "document.querySelector('#reader').textContent.includes('<img src=x')")
        self.page.pause(0.3)
        self.equals("nothing of it ran or became an element", "window.hacked === undefined && document.querySelectorAll('main :is(script, img, svg, b.bold)').length", 0)

    def outdated_answers(self):
        self.report.section("page: outdated answers")
        page = self.page
        self.open()
        page.intercept = lambda request: "hold" if parse_qs(urlsplit(request["url"]).query).get("q") == ["tomato"] else None
        page.type("tomato")
        self.holds("an answer that takes long is awaited", f"!({IDLE})")
        page.pause(0.4)
        page.type("es and roses")
        self.holds("a later query is answered first", f"{IDLE} && {PLACES}[0].includes('garden.md') && document.querySelector('#query').value === 'tomatoes and roses'")
        self.report.check("the earlier request is aborted", any("q=tomato&" in address for address in page.aborted), page.aborted)
        page.intercept = None

    def problems(self):
        self.report.section("page: problems")
        page = self.page
        heading = "document.querySelector('#problem h2').textContent"

        def failing(status, code=None):
            error = {"error": {"message": "a message", "type": "a type", "code": code, "param": None}}
            return lambda request: (status, error) if "/search" in request["url"] else None

        for status, code, expected in [
            (500, None, "The server failed"), (429, None, "The server is busy"), (404, "no_index", "No index"), (413, None, "The search was refused"),
        ]:
            page.intercept = failing(status, code)
            self.open(q="bread")
            self.holds(f"status {status} is an error", f"!document.querySelector('#problem').hidden && {heading} === '{expected}'")
        page.intercept = lambda request: "fail" if "/search" in request["url"] else None
        self.open(q="bread")
        self.holds("a server that is gone is an error", f"{heading} === 'The server does not answer'")
        page.intercept = None
        page.click("#problem button")
        self.holds("which can be tried again", f"document.querySelector('#problem').hidden && {HITS}.length > 0")

        page.intercept = lambda request: (200, STATUS | {"indexes": []}) if request["url"].endswith("/status") else None
        self.open()
        self.holds("a server without an index says so", f"{heading} === 'No index'")

        page.intercept = lambda request: (200, STATUS) if request["url"].endswith("/status") else None
        self.open()
        page.intercept = lambda request: (200, {"model": "a model", "results": [], "notes": []}) if "/search" in request["url"] else None
        page.run("document.querySelector('#index').value = 'papers'; document.querySelector('#index').dispatchEvent(new Event('change', { bubbles: true }))")
        page.run("document.querySelector('#query').focus()")
        page.type("bread")
        self.holds("two indexes can be chosen between", "document.querySelector('#count').textContent === 'No results'")
        self.report.check("and the search names one", any("/search" in address and "index=papers" in address for address in page.requests.values()))

        def guarded(request):
            protected = "/status" in request["url"] or "/search" in request["url"]
            return (401, {"error": {"message": "a key is needed"}}) if protected and request["headers"].get("Authorization") != "Bearer secret" else None

        page.intercept = guarded
        self.open(q="bread")
        self.holds("a key is asked for", "document.querySelector('#key').open")
        page.type("wrong")
        page.press("Enter")
        self.holds("a wrong key is refused", "document.querySelector('#key').open && document.querySelector('#key-message').textContent.includes('refused')")
        page.type("secret")
        page.press("Enter")
        self.holds("the right key gives the search", f"!document.querySelector('#key').open && {HITS}.length > 0")
        self.equals("and is kept for the session only", "[sessionStorage.getItem('key'), localStorage.length]", ["secret", 0])
        page.run("sessionStorage.clear()")
        page.intercept = None

    def looks(self):
        self.report.section("page: looks")
        page = self.page
        searches = {"start": {}, "results": {"q": "rain and bread"}, "filters": {"q": "rain", "where": ["price < 40", 'tags ~ "rain"']}, "code": {"q": "parse_headers"},
                    "document": {"q": "bread", "open": self.document_of("bread")}, "hostile": {"q": "hostile"}, "error": {"q": "rain", "where": "price <"}}
        for name, width, height, scheme in [("light", 1280, 900, "light"), ("dark", 1280, 900, "dark"), ("phone", 390, 844, "light"), ("phone-dark", 390, 844, "dark")]:
            page.look(width=width, height=height, scheme=scheme)
            wide, low, lightness = [], [], None
            for search, parameters in searches.items():
                self.open(**parameters)
                if search == "filters":
                    page.click("#filter")
                page.pause(0.3)
                page.screenshot(self.folder / f"{name}-{search}.png")
                if page.run("document.documentElement.scrollWidth > innerWidth"):
                    wide.append(search)
                contrast, element = page.run(CONTRAST)
                if contrast < 4.5:
                    low.append((search, round(contrast, 2), element))
                lightness = page.run("Number(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])")
            self.report.check(f"{name}: nothing is wider than the window", not wide, wide)
            self.report.check(f"{name}: texts have a contrast of 4.5", not low, low)
            self.report.check(f"{name}: the background is {scheme}", (lightness > 128) == (scheme == "light"), lightness)
        page.look()

    def document_of(self, query):
        self.open(q=query)
        return self.page.run(f"{FIRST}.record.document")

    def requests(self):
        self.report.section("page: requests")
        host = urlsplit(self.url).netloc
        foreign = {address for address in self.page.requests.values() if urlsplit(address).netloc != host and not address.startswith(("data:", "about:"))}
        self.report.check("no request leaves the server", not foreign, foreign)
        # A failed load is an error of the console; those of these routes were provoked.
        unexpected = [error for error in self.page.errors
                      if not (error.startswith("Failed to load") and any(route in error for route in ["/search", "/documents/", "/status"]))]
        self.report.check("no error on the console", not unexpected, unexpected)
        unlabelled = "[...document.querySelectorAll('input, select, button')].filter((control) => !(control.labels?.length || control.ariaLabel || control.textContent.trim())).map((control) => control.id)"
        self.equals("every control has a name", unlabelled, [])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=Path, metavar="FOLDER", help="write the documents to FOLDER")
    parser.add_argument("url", nargs="?")
    parser.add_argument("screenshots", nargs="?", type=Path)
    chosen = parser.parse_args()
    if chosen.documents:
        return write_documents(chosen.documents)
    if not chosen.screenshots:
        parser.error("a URL and a folder for screenshots, or --documents, are needed")
    return check(chosen.url, chosen.screenshots).finish()


if __name__ == "__main__":
    sys.exit(main())
