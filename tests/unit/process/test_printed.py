"""What a log shows of the exception behind a server error."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.process.printed import MOST_BYTES, Printed, exception_in

PYTHON = """INFO: 127.0.0.1 "POST /hook HTTP/1.1" 500 Internal Server Error
Traceback (most recent call last):
  File "/srv/lib/app.py", line 9, in call
    return handle()
           ^^^^^^^^
  File "/srv/receiver.py", line 41, in verify
    stamp = int(text)
ValueError: invalid literal for int() with base 10: 'abc'
"""
NODE = """TypeError: Cannot read properties of undefined (reading 'id')
    at handle (/srv/receiver.js:12:20)
    at Layer.handle (/srv/node_modules/express/layer.js:95:5)
"""
GO = """http: panic serving 127.0.0.1:5000: runtime error
panic: runtime error: index out of range [1] with length 1

goroutine 7 [running]:
main.verify(...)
\t/srv/main.go:33
"""
JAVA = """java.lang.NullPointerException: header is null
\tat com.example.Hook.verify(Hook.java:27)
"""
PHP = "PHP Fatal error:  Uncaught TypeError: hash_equals(): Argument #2 must be of type string in /srv/hook.php:14"
RUBY = "receiver.rb:8:in `verify': undefined method `split' for nil:NilClass (NoMethodError)"


@pytest.mark.parametrize(
    "log, exception",
    [
        (PYTHON, "ValueError: invalid literal for int() with base 10: 'abc' (receiver.py:41)"),
        (NODE, "TypeError: Cannot read properties of undefined (reading 'id') (receiver.js:12)"),
        (GO, "panic: runtime error: index out of range [1] with length 1 (main.go:33)"),
        (JAVA, "java.lang.NullPointerException: header is null (Hook.java:27)"),
        (PHP, "Uncaught TypeError: hash_equals(): Argument #2 must be of type string (hook.php:14)"),
        (RUBY, "undefined method `split' for nil:NilClass (NoMethodError) (receiver.rb:8)"),
        (json.dumps({"level": "error", "exception": PYTHON}), "ValueError: invalid literal for int() with base 10"),
        (NODE + PYTHON, "ValueError: invalid literal"),
        ('127.0.0.1 "POST /hook HTTP/1.1" 500', ""),
        ("", ""),
    ],
    ids=["python", "node", "go", "java", "php", "ruby", "json", "last", "access-log", "nothing"],
)
def test_the_last_exception_is_shown_in_a_line(log: str, exception: str) -> None:
    """Whatever the language, a reader sees what was raised and where."""
    found = exception_in(log)

    assert found.startswith(exception)
    assert bool(found) is bool(exception)
    assert "\n" not in found


def test_only_what_was_printed_since_counts(tmp_path: Path) -> None:
    """An exception of an earlier delivery is not attributed to the next one, and a log need not exist yet."""
    log = tmp_path / "log"
    printed = Printed(log)
    printed.mark()
    assert printed.exception() == ""

    log.write_text(NODE)
    assert printed.exception().startswith("TypeError")
    printed.mark()
    assert printed.exception() == ""

    with log.open("a") as file:
        file.write("x" * MOST_BYTES + "\n" + PYTHON)
    assert printed.exception().startswith("ValueError")
    assert len(printed.text()) == MOST_BYTES
