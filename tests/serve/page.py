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
import re
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from providers.tool import Report  # noqa: E402
from serve import browser  # noqa: E402

STEPS = "\n\n".join(
    f"Step {number} of the dough: fold it, cover it, and wait for half an hour before the next one." for number in range(1, 13))
LONG = "\n\n".join(f"Paragraph {number} says nothing of interest about the weather of that day." for number in range(40))
DOCUMENTS = {
    "guide/bread.md": "# Bread\n\nMix flour, water, salt and starter. Let the dough rest overnight in the fridge.\n\n"
    f"{STEPS}\n\n## Oven\n\nBake the bread in a hot pot. The `temperature` is **high**.\n\n"
    "| step | minutes |\n| --- | --- |\n| with lid | 25 |\n",
    "guide/garden.md": "# Garden\n\nPrune the roses in early spring, above a bud that points outward.\n\n"
    "# Tomatoes\n\nWater tomatoes in the morning, and never the leaves.\n",
    "guide/weather.txt": f"{LONG}\n\nA thunderstorm with lightning ended the drought.\n",
    "code/parse.py": 'def parse_headers(lines):\n    """Headers of a request as a dictionary."""\n'
    '    return dict(line.split(": ", 1) for line in lines)\n\n\n'
    'class HttpClient:\n    """Sends requests."""\n\n    timeout = 10\n',
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
SHORTHANDS = """
var one = (selector) => document.querySelector(selector);
var all = (selector) => [...document.querySelectorAll(selector)];
var says = (selector, text) => one(selector)?.textContent.includes(text);
"""
HITS = "all('#hits .hit')"
FIRST = "one('#hits .hit')"
PLACES = "all('#hits .place').map((place) => place.textContent)"
IDLE = "!document.body.classList.contains('busy')"
STATUS = {
    "version": "0.1.0", "model": {"name": "a model"},
    "indexes": [{"name": name, "sources": 1, "documents": 2, "passages": 3} for name in ["notes", "papers"]],
}
# Name, width and height of the window, and colour scheme.
LOOKS = [
    ("light", 1280, 900, "light"), ("dark", 1280, 900, "dark"), ("phone", 390, 844, "light"), ("phone-dark", 390, 844, "dark"),
]
# The least contrast of a text with what is behind it.
CONTRAST = """(() => {
  const channels = (color) => color.match(/[\\d.]+/g).map(Number);
  const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => [r, g, b].map((c) => linear(c / 255))
    .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (element) => {
    const color = channels(getComputedStyle(element).backgroundColor);
    return color[3] === 0 && element.parentElement ? behind(element.parentElement) : light(color);
  };
  const texts = all('body *').filter((element) => element.checkVisibility() &&
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
        page.send("Page.addScriptToEvaluateOnNewDocument", source=SHORTHANDS)
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
        query = urlencode(parameters, doseq=True)
        self.page.go(f"{self.url}?{query}" if query else self.url)
        self.page.wait(f"{IDLE} && one('#about').textContent")

    def holds(self, name, expression, seconds=10):
        holds = self.page.wait(expression, seconds)
        found = "" if holds else self.page.run("one('main').innerText.slice(0, 300)")
        self.report.check(name, holds, found)

    def equals(self, name, expression, expected):
        found = self.page.run(expression)
        self.report.check(name, found == expected, f"{found!r} instead of {expected!r}")

    def typing(self):
        self.report.section("page: typing")
        page = self.page
        self.open()
        self.holds("the box has the focus at the start", "document.activeElement.id === 'query'")
        self.holds("the start says what is indexed", "/\\d+ passages of \\d+ documents in 7 sources/.test(one('#summary').textContent)")
        page.type("pruning roses")
        self.holds("typing gives results", f"says('#hits .hit', 'early spring')")
        self.holds("the number of results is announced", f"one('#count[role=status]').textContent === `${{{HITS}.length}} passages`")
        marks = f"[...{FIRST}.querySelectorAll('mark')].map((mark) => mark.textContent)"
        self.equals("words of the query are marked, by stem", marks, ["Prune", "roses"])
        self.holds("a score is shown", f"/0\\.\\d{{3}}$/.test(one('#hits .hit .score').textContent)")
        self.holds("the title of the page is the query", "document.title.startsWith('pruning roses')")
        page.click("#by input[value=words]")
        self.holds("by words, only passages with the words are results", f"{IDLE} && {HITS}.length === 1")
        self.open(q="zebra", by="words")
        self.holds("no result is said", "one('#count').textContent === 'No results'")
        self.open(q="thunderstorm with lightning")
        self.holds("a long passage is folded", "one('#hits .hit .folded')?.clientHeight < 200")
        in_view = ("((text, mark) => mark.top >= text.top && mark.bottom <= text.bottom)"
                   f"(one('#hits .hit .text').getBoundingClientRect(), one('#hits .hit mark').getBoundingClientRect())")
        self.holds("its fold shows the words of the query", in_view)
        page.click("#hits .foot button")
        self.holds("and unfolds", f"one('#hits .hit .text').scrollHeight === one('#hits .hit .text').clientHeight")

    def keys(self):
        self.report.section("page: keys")
        page = self.page
        self.open(q="flour and salt")
        selected = f"{HITS}.indexOf(document.activeElement)"
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
        self.holds("/ goes to the box", "document.activeElement.id === 'query' && one('#query').value === 'flour and salt'")
        page.press("ArrowDown")
        page.send("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
        page.press("c")
        self.holds("c copies path and line", "/^Copied .*bread.md:1$/.test(one('#toast').textContent)")
        self.equals("to the clipboard", f"navigator.clipboard.readText().then((text) => text === {PLACES}[0])", True)
        page.press("m")
        self.holds("m gives similar passages", f"{IDLE} && says('#conditions', 'similar to') && {HITS}.length > 3")
        self.holds("without the passage itself", f"!{PLACES}.some((place) => place.endsWith('bread.md:1'))")
        page.press("Escape")
        self.holds("Escape returns to the search", f"one('#query').value === 'flour and salt' && {PLACES}[0].endsWith('bread.md:1')")
        self.holds("and to its result", f"{selected} === 0")
        page.press("Escape")
        self.holds("Escape leaves the results", "document.activeElement.id === 'query'")

    def documents(self):
        self.report.section("page: documents")
        page = self.page
        passages = "all('#reader .passage')"
        self.open(q="hot pot in the oven")
        page.press("ArrowDown")
        page.press("Enter")
        self.holds("Enter opens the whole document", f"{passages}.length > 1 && one('#reader h2').textContent.endsWith('guide/bread.md')")
        self.holds("at the passage of the result", "says('#reader [aria-current]', 'Bake the bread')")
        self.holds("in place of the results", "one('#list').hidden")
        self.holds("Markdown has headings, tables and code", "['h3', 'th', 'code', 'strong'].every((tag) => one(`#reader ${tag}`))")
        page.run("location.reload()")
        self.holds("the address opens it again", f"{passages}.length > 1")
        page.press("Escape")
        self.holds("Escape returns to the results", f"one('#reader').hidden && {HITS}.length > 1")
        self.holds("and to the result that was opened", f"document.activeElement === {FIRST}")
        self.open(q="parse_headers")
        self.holds("code is in a fixed width", f"getComputedStyle(one('#hits .hit pre code')).fontFamily.includes('mono')")
        self.open(q="penguin on ice")
        page.click("#hits .place")
        self.holds("a source with spaces and symbols opens", f"says('#reader .passage', 'waddles')")
        self.open(q="penguin", open="no-such:1")
        self.holds("an unknown document is an error", "one('#problem h2').textContent === 'Not found'")

    def filters(self):
        self.report.section("page: filters")
        page = self.page
        condition = "one('#conditions').textContent"
        self.open(q="rain")
        page.click("#filter")
        page.type("price")
        page.run("one('#operator').value = '<'; one('#value').focus()")
        page.type("40")
        page.press("Enter")
        self.holds("a filter narrows", f"{IDLE} && {HITS}.length === 2 && {condition}.includes('price < 40')")
        page.run("all('.metadata button').find((field) => field.textContent === 'color dark green').click()")
        self.holds("a click on metadata adds a filter", f"{IDLE} && {HITS}.length === 1 && {condition}.includes('= \"dark green\"')")
        self.holds("a field of a field is shown", f"{FIRST}.textContent.includes('author.name Ann')")
        page.run("all('#conditions button').forEach((remove) => remove.isConnected && remove.click())")
        page.run("all('#conditions button').forEach((remove) => remove.isConnected && remove.click())")
        self.holds("filters can be removed", f"{IDLE} && one('#conditions').hidden && {HITS}.length > 2")
        page.run("one('#glob').focus()")
        page.type("*.md")
        page.press("Enter")
        self.holds("a glob narrows", f"{IDLE} && {HITS}.length > 0 && {PLACES}.every((place) => place.includes('.md:'))")
        page.run("one('#field').focus()")
        page.type("price")
        page.run("one('#value').focus()")
        page.type('"40')
        page.press("Enter")
        self.holds("a bad filter shows the message of the server", "one('#problem[role=alert]').innerText.toLowerCase().includes('quot')")
        self.holds("and is marked", "says('#conditions .bad', 'price < \"40')")
        page.click("#conditions .bad button")
        self.holds("removing it mends the search", f"{IDLE} && {HITS}.length > 0 && one('#problem').hidden")
        self.open(q="rain", where="no_such_field = 1")
        self.holds("notes of the answer are shown", "says('#notes', 'no_such_field')")

    def addresses(self):
        self.report.section("page: addresses and history")
        page = self.page
        self.open(q="tomatoes", k="20", group="document")
        self.holds("an address gives its search", f"{PLACES}[0].includes('garden.md')")
        self.holds("and its controls", "one('#k').value === '20' && one('#group input[value=document]').checked")
        self.holds("which count documents", "one('#count').textContent.endsWith('documents')")
        page.run("one('#query').select()")
        page.type("umbrella")
        self.holds("typing changes the address", f"{IDLE} && location.search.includes('q=umbrella') && {PLACES}[0].includes('shop')")
        page.run("history.back()")
        self.holds("back gives the earlier search", f"one('#query').value === 'tomatoes' && {PLACES}[0].includes('garden.md')")
        page.run("history.forward()")
        self.holds("forward gives the later one", f"one('#query').value === 'umbrella' && {PLACES}[0].includes('shop')")
        page.click("#home")
        self.holds("the name leads to the start", "!one('#start').hidden && location.search === ''")

    def texts(self):
        self.report.section("page: hostile texts")
        self.open(q="hostile", glob="*hostile.jsonl")
        self.holds("markup is shown as text", f"{HITS}.length === 2 && says('#hits', '<script>window.hacked=1</script>')")
        self.holds("also in metadata", "says('#hits', '<b>Bold</b>')")
        self.page.click("#hits .place")
        self.holds("and in the document", "says('#reader', '<img src=x')")
        self.page.pause(0.3)
        self.equals("nothing of it ran or became an element", "window.hacked === undefined && all('main :is(script, img, svg, b.bold)').length", 0)

    def outdated_answers(self):
        self.report.section("page: outdated answers")
        page = self.page
        self.open()
        page.intercept = lambda request: "hold" if parse_qs(urlsplit(request["url"]).query).get("q") == ["tomato"] else None
        page.type("tomato")
        self.holds("an answer that takes long is awaited", f"!({IDLE})")
        page.pause(0.4)
        page.type("es and roses")
        self.holds("a later query is answered first", f"{IDLE} && {PLACES}[0].includes('garden.md')")
        is_aborted = any("q=tomato&" in address for address in page.aborted)
        self.report.check("the earlier request is aborted", is_aborted, page.aborted)
        page.intercept = None

    def problems(self):
        self.report.section("page: problems")
        page = self.page
        heading = "one('#problem h2').textContent"

        def failing(status, code=None):
            error = {"error": {"message": "a message", "type": "a type", "code": code, "param": None}}
            return lambda request: (status, error) if "/search" in request["url"] else None

        for status, code, expected in [
            (500, None, "The server failed"), (429, None, "The server is busy"), (404, "no_index", "No index"),
            (413, None, "The search was refused"),
        ]:
            page.intercept = failing(status, code)
            self.open(q="bread")
            self.holds(f"status {status} is an error", f"!one('#problem').hidden && {heading} === '{expected}'")
        page.intercept = lambda request: "fail" if "/search" in request["url"] else None
        self.open(q="bread")
        self.holds("a server that is gone is an error", f"{heading} === 'The server does not answer'")
        page.intercept = None
        page.click("#problem button")
        self.holds("which can be tried again", f"one('#problem').hidden && {HITS}.length > 0")

        def serving(indexes):
            return lambda request: (200, STATUS | {"indexes": indexes}) if request["url"].endswith("/status") else None

        page.intercept = serving([])
        self.open()
        self.holds("a server without an index says so", f"{heading} === 'No index'")

        page.intercept = serving(STATUS["indexes"])
        self.open()
        nothing = {"model": "a model", "results": [], "notes": []}
        page.intercept = lambda request: (200, nothing) if "/search" in request["url"] else None
        page.run("one('#index').value = 'papers'; one('#index').dispatchEvent(new Event('change'))")
        page.run("one('#query').focus()")
        page.type("bread")
        self.holds("two indexes can be chosen between", "one('#count').textContent === 'No results'")
        searches = [address for address in page.requests.values() if "/search" in address]
        self.report.check("and the search names one", "index=papers" in searches[-1], searches[-1])

        def guarded(request):
            is_protected = "/status" in request["url"] or "/search" in request["url"]
            if is_protected and request["headers"].get("Authorization") != "Bearer secret":
                return 401, {"error": {"message": "a key is needed"}}
            return None

        page.intercept = guarded
        self.open(q="bread")
        self.holds("a key is asked for", "one('#key').open")
        page.type("wrong")
        page.press("Enter")
        self.holds("a wrong key is refused", "one('#key').open && says('#key-message', 'refused')")
        page.type("secret")
        page.press("Enter")
        self.holds("the right key gives the search", f"!one('#key').open && {HITS}.length > 0")
        self.equals("and is kept for the session only", "[sessionStorage.getItem('key'), localStorage.length]", ["secret", 0])
        page.run("sessionStorage.clear()")
        page.intercept = None

    def looks(self):
        self.report.section("page: looks")
        page = self.page
        searches = {
            "start": {}, "results": {"q": "rain and bread"}, "code": {"q": "parse_headers"}, "hostile": {"q": "hostile"},
            "filters": {"q": "rain", "where": ["price < 40", 'tags ~ "rain"']}, "error": {"q": "rain", "where": "price <"},
            "document": {"q": "bread", "open": self.document_of("bread")},
        }
        for name, width, height, scheme in LOOKS:
            page.look(width=width, height=height, scheme=scheme)
            wide, low, lightness = [], [], None
            for search, parameters in searches.items():
                self.open(**parameters)
                if search == "filters":
                    page.click("#filter")
                page.pause(0.3)
                page.screenshot(self.folder / f"{name}-{search}.png")
                if page.run(f"innerWidth !== {width} || document.documentElement.scrollWidth > innerWidth"):
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
        requests = [urlsplit(address) for address in self.page.requests.values()]
        foreign = {address.geturl() for address in requests if address.scheme not in ["data", "about"] and address.netloc != host}
        self.report.check("no request leaves the server", not foreign, foreign)
        # The browser also reports every request that failed; the checks above provoked those of these routes.
        provoked = re.compile("Failed to load .*/(search|documents|status)")
        unexpected = [error for error in self.page.errors if not provoked.match(error)]
        self.report.check("no error on the console", not unexpected, unexpected)
        has_name = "control.labels?.length || control.ariaLabel || control.textContent.trim()"
        nameless = f"all('input, select, button').filter((control) => !({has_name})).map((control) => control.id)"
        self.equals("every control has a name", nameless, [])


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
