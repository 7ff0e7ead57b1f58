"""The header lines of a request, in the order in which they are sent."""

from __future__ import annotations

from harness.http.message import Headers, header


def header_lines(headers: Headers, netloc: str, *framing: tuple[str, str]) -> list[str]:
    """Return the lines of ``headers``, with ``netloc`` as Host and with ``framing``, which delimits the body.

    A Host or Content-Length without a value marks the place and the spelling of these fields; without such a mark,
    Host is first and ``framing`` is last. A Host with a value takes the place of ``netloc``.
    """
    marks: dict[str, tuple[tuple[str, str], ...]] = {"content-length": framing}
    if not header(headers, "host"):
        marks["host"] = (("host", netloc),)
    lines: list[str] = []
    for name, value in headers:
        fields = None if value else marks.pop(name.lower(), None)
        if fields is None:
            lines.append(f"{name}: {value}")
        else:
            lines += [f"{name if name.lower() == key else key}: {text}" for key, text in fields]
    if "host" in marks:
        lines.insert(0, f"host: {netloc}")
    lines += [f"{key}: {text}" for key, text in marks.get("content-length", ())]
    return lines


def is_mark(name: str, value: str) -> bool:
    """Whether a field without a value only marks the place of one that the sender of the request writes."""
    return not value and name.lower() in ("host", "content-length")
