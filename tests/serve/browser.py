"""A headless Chromium, driven with its DevTools protocol over a pipe."""
import base64
import json
import os
import select
import shlex
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = ["chromium", "chromium-browser", "google-chrome"]
FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--hide-scrollbars", "--remote-debugging-pipe",
]
# Keys that are not characters, and their virtual key codes.
NAMED_KEYS = {"Enter": 13, "Escape": 27, "ArrowUp": 38, "ArrowDown": 40, "Tab": 9, "Backspace": 8}


class Page:
    """A page of a browser, with what happened in it since it was opened."""

    def __init__(self, process, commands, answers):
        self.process, self.commands, self.answers = process, commands, answers
        self.buffer, self.last_id, self.session = b"", 0, None
        # Addresses of requests, those that the page aborted, and messages of errors.
        self.requests, self.aborted, self.errors = {}, [], []
        # Takes a request and returns (status, document) to answer it, "hold" to leave it unanswered, or None.
        self.intercept = None

    def open(self):
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Log", "Network"]:
            self.send(f"{domain}.enable")
        self.send("Fetch.enable", patterns=[{"urlPattern": "*"}])

    # The protocol

    def send(self, method, **parameters):
        """The result of a command."""
        sent = self.post(method, parameters)
        while True:
            message = self.receive(30)
            if message is None:
                raise TimeoutError(method)
            if message.get("id") == sent:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]

    def post(self, method, parameters):
        self.last_id += 1
        message = {"id": self.last_id, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        return self.last_id

    def receive(self, seconds):
        """The next message, or None after so many seconds; events are noted on the way."""
        end = time.monotonic() + seconds
        while b"\0" not in self.buffer:
            if not select.select([self.answers], [], [], max(0, end - time.monotonic()))[0]:
                return None
            received = os.read(self.answers, 1 << 20)
            if not received:
                raise EOFError("the browser ended")
            self.buffer += received
        raw, self.buffer = self.buffer.split(b"\0", 1)
        message = json.loads(raw)
        if "method" in message:
            self.note(message["method"], message["params"])
        return message

    def note(self, event, details):
        if event == "Network.requestWillBeSent":
            self.requests[details["requestId"]] = details["request"]["url"]
        elif event == "Network.loadingFailed" and details.get("canceled"):
            self.aborted.append(self.requests[details["requestId"]])
        elif event == "Fetch.requestPaused":
            self.answer(details["requestId"], details["request"])
        elif event == "Runtime.exceptionThrown":
            thrown = details["exceptionDetails"]
            self.errors.append(thrown.get("exception", {}).get("description", thrown["text"]))
        elif event == "Runtime.consoleAPICalled" and details["type"] == "error":
            self.errors.append(str(details["args"]))
        elif event == "Log.entryAdded" and details["entry"]["level"] == "error":
            self.errors.append(f"{details['entry']['text']} {details['entry'].get('url', '')}")

    def answer(self, identifier, request):
        found = self.intercept(request) if self.intercept else None
        if found is None:
            self.post("Fetch.continueRequest", {"requestId": identifier})
        elif found == "fail":
            self.post("Fetch.failRequest", {"requestId": identifier, "errorReason": "ConnectionRefused"})
        elif found != "hold":
            status, document = found
            body = base64.b64encode(json.dumps(document).encode()).decode()
            headers = [{"name": "content-type", "value": "application/json"}]
            self.post("Fetch.fulfillRequest", {
                "requestId": identifier, "responseCode": status, "responseHeaders": headers, "body": body,
            })

    # The page

    def go(self, address):
        self.send("Page.navigate", url="about:blank")
        self.wait("location.href === 'about:blank'")
        self.send("Page.navigate", url=address)
        self.wait("location.href !== 'about:blank' && document.readyState === 'complete'")

    def run(self, expression):
        """The value of an expression of JavaScript."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait(self, expression, seconds=10):
        """Waits until an expression is true; False if it never was."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.run(f"Boolean({expression})"):
                return True
            self.receive(0.02)
        return False

    def pause(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.receive(end - time.monotonic())

    def press(self, key):
        code = {"windowsVirtualKeyCode": NAMED_KEYS[key]} if key in NAMED_KEYS else {}
        text = {"Enter": "\r"}.get(key, "" if key in NAMED_KEYS else key)
        written = {"text": text} if text else {}
        self.send("Input.dispatchKeyEvent", type="keyDown", key=key, **code, **written)
        self.send("Input.dispatchKeyEvent", type="keyUp", key=key, **code)

    def type(self, text):
        for character in text:
            self.press(character)

    def click(self, selector):
        self.run(f"document.querySelector({json.dumps(selector)}).click()")

    def look(self, *, width=1280, height=900, scheme="light"):
        """Sets the size of the window in CSS pixels and the colour scheme."""
        narrow = width < 600
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, mobile=narrow,
            deviceScaleFactor=2 if narrow else 1,
        )
        self.send("Emulation.setTouchEmulationEnabled", enabled=narrow)
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def screenshot(self, path):
        Path(path).write_bytes(base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"]))


@contextmanager
def opened():
    """An empty page of a browser with a profile of its own."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise FileNotFoundError(f"no browser: one of {', '.join(PROGRAMS)} is needed")
    commands_out, commands = os.pipe()
    answers, answers_in = os.pipe()
    with tempfile.TemporaryDirectory(prefix="embed-browser-", ignore_cleanup_errors=True) as profile:
        flags = shlex.join([program, *FLAGS, f"--user-data-dir={profile}"])
        # The browser reads commands from descriptor 3 and writes answers to descriptor 4.
        shell = f"exec 8<&{commands_out} 9>&{answers_in}; exec {flags} 3<&8 4>&9"
        process = subprocess.Popen(
            ["bash", "-c", shell], pass_fds=[commands_out, answers_in], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        os.close(commands_out)
        os.close(answers_in)
        page = Page(process, commands, answers)
        try:
            page.open()
            yield page
        finally:
            page.session = None
            try:
                page.send("Browser.close")
            except (EOFError, OSError, TimeoutError):
                pass
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
            os.close(commands)
            os.close(answers)
