"""What a program of a client found: a line of JSON for each check, read by the tests that started it."""

import json


def check(name, holds, found=""):
    print(json.dumps([name, bool(holds), str(found)[:500]]), flush=True)


def refused(name, kind, call, holds=lambda error: True):
    """Checks that a call raises an error of this very kind."""
    try:
        answer = call()
    except Exception as error:
        check(name, type(error) is kind and holds(error), f"{type(error).__name__}: {error}")
        return error
    check(name, False, f"answered {answer}")
    return None
