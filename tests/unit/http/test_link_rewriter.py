from __future__ import annotations

import pytest

from harness.http.link_rewriter import LinkRewriter, names_of
from harness.http.message import Response

HERE = "http://127.0.0.1:8080"
OWN = ["https://api.example.com", "http://[::1]:9000", "http://localhost"]

HEADERS = [
    ("location", "https://api.example.com/new?a=1#b", "/new?a=1#b"),
    ("Location", "HTTPS://API.Example.COM:443/new", "/new"),
    ("location", "//api.example.com/new", "/new"),
    ("location", "https://ada:pw@api.example.com/new", "/new"),
    ("location", "https://api.example.com?a=1", "/?a=1"),
    ("location", " https://api.example.com", "/"),
    ("location", "https://api.example.com./new", "/new"),
    ("location", "https://api.example.com//twice", f"{HERE}//twice"),
    ("location", "http://[::1]:9000/new", "/new"),
    ("location", "http://localhost:43211/new", "/new"),
    ("location", "/new", "/new"),
    ("location", "../new", "../new"),
    ("location", "https://api.example.com:8443/new", "https://api.example.com:8443/new"),
    ("location", "http://api.example.com/new", "http://api.example.com/new"),
    ("location", "http://[::1]/new", "http://[::1]/new"),
    ("location", "https://api.example.com.evil.test/new", "https://api.example.com.evil.test/new"),
    ("location", "https://api.example.com@evil.test/new", "https://api.example.com@evil.test/new"),
    ("location", "https://evil.test/?to=https://api.example.com/", "https://evil.test/?to=https://api.example.com/"),
    ("location", "//cdn.example.com/new", "//cdn.example.com/new"),
    ("location", "http://[::1:80/x", "http://[::1:80/x"),
    ("content-location", "https://api.example.com/runs/1", f"{HERE}/runs/1"),
    ("Operation-Location", "https://api.example.com/jobs/1", f"{HERE}/jobs/1"),
    ("Refresh", "5; url=https://api.example.com/done", f"5; url={HERE}/done"),
    ("refresh", "0;URL='//api.example.com/done'", f"0;URL='{HERE}/done'"),
    ("refresh", "0;url=https://elsewhere.test/", "0;url=https://elsewhere.test/"),
    (
        "Link",
        '<https://api.example.com/a?page=2>; rel="next", < //API.example.com/a?page=9>; rel="last"',
        f'<{HERE}/a?page=2>; rel="next", < {HERE}/a?page=9>; rel="last"',
    ),
    ("link", "<https://docs.test/>; rel=help, </a>; rel=up", "<https://docs.test/>; rel=help, </a>; rel=up"),
    ("access-control-allow-origin", "https://api.example.com", "https://api.example.com"),
]  # fmt: skip


@pytest.mark.parametrize("name,value,expected", HEADERS)
def test_a_header_points_here_however_it_writes_a_known_origin(name: str, value: str, expected: str) -> None:
    """Absolute, without a scheme, with port, user or in capitals; another origin's links are left alone."""
    links = LinkRewriter(OWN, HERE, relative=True, without_ports=True)

    assert links.headers(((name, value),)) == ((name, expected),)


BODIES = [
    ("application/json", '{"next":"https://api.example.com/a?page=2"}', f'{{"next":"{HERE}/a?page=2"}}'),
    ("application/json", r'{"next":"https:\/\/api.example.com\/a"}', r'{"next":"http:\/\/127.0.0.1:8080\/a"}'),
    ("application/hal+json", '["https://API.example.com:443"]', f'["{HERE}"]'),
    ("text/html; charset=utf-8", '<a href="//api.example.com/ü">', '<a href="//127.0.0.1:8080/ü">'),
    ("application/atom+xml", "<id>https://ada@api.example.com/1</id>", f"<id>{HERE}/1</id>"),
    ("text/plain", "see https://api.example.com/a.", f"see {HERE}/a."),
    ("application/json", '["https://api.example.com.evil.test/", "https://a.api.example.com/"]', None),
    ("application/json", '["mailto:me@api.example.com", "wss://api.example.com/", "https://api.example.com:1/"]', None),
    ("application/json", '["https%3A%2F%2Fapi.example.com%2Fa"]', None),
    ("image/png", "https://api.example.com/", None),
]


@pytest.mark.parametrize("kind,body,expected", BODIES)
def test_a_text_points_here_where_it_names_a_known_origin(kind: str, body: str, expected: str | None) -> None:
    """Everything else in it stays, and so does a body that is no text."""
    found = LinkRewriter(OWN, HERE).body(body.encode(), kind)

    assert found.decode() == (body if expected is None else expected)


BELOW = [
    ("https://api.example.com:8443/v1/a", f"{HERE}/a"),
    ("https://api.example.com:8443/v1?x=1", f"{HERE}/?x=1"),
    ("/v1/a", f"{HERE}/a"),
    ("/v2/a", "https://api.example.com:8443/v2/a"),
    ("https://api.example.com/v1/a", "https://api.example.com/v1/a"),
    ("https://api.example.com:8443/v11/a", "https://api.example.com:8443/v11/a"),
    ("https://api.example.com:8443/v2/a", "https://api.example.com:8443/v2/a"),
    ("a", "a"),
]


@pytest.mark.parametrize("link,expected", BELOW)
def test_only_what_is_below_a_base_url_points_here(link: str, expected: str) -> None:
    """A server that stands for a path of the origin has nothing beside that path."""
    links = LinkRewriter(["https://api.example.com:8443/v1/"], HERE)

    assert links.headers((("location", link),)) == (("location", expected),)


@pytest.mark.parametrize("link,expected", [row for row in BELOW if row[0].startswith("https:")])
@pytest.mark.parametrize("slash", ["/", r"\/"], ids=["plain", "escaped"])
def test_a_link_in_a_body_is_judged_as_one_in_a_header(link: str, expected: str, slash: str) -> None:
    """The path of a base belongs to it in a text too, however its slashes are written."""
    links = LinkRewriter(["https://api.example.com:8443/v1/"], HERE)
    expected = expected.replace("/?", "?")  # a text is changed no more than necessary

    found = links.body(f'{{"next":"{link}"}}'.replace("/", slash).encode(), "application/json")

    assert found.decode() == f'{{"next":"{expected}"}}'.replace("/", slash)


def test_a_server_on_loopback_may_call_itself_by_any_name() -> None:
    """Its address and `localhost` are one host, and another port is another server."""
    links = LinkRewriter(names_of("http://127.0.0.1:7000"), HERE)

    found = links.body(b'["http://localhost:7000/a","http://[::1]:7000/b","http://localhost:7001/c"]', "text/plain")

    assert found.decode() == f'["{HERE}/a","{HERE}/b","http://localhost:7001/c"]'


def test_a_digest_does_not_outlive_its_body() -> None:
    """A body that was changed goes without the digest of the other one; one that was not keeps it."""
    links = LinkRewriter(OWN, HERE)
    headers = (
        ("content-type", "text/plain"),
        ("content-digest", "sha-256=:x:"),
        ("location", "https://api.example.com/a"),
    )

    changed = links.response(Response(status=201, headers=headers, body=b"https://api.example.com/a"))
    kept = links.response(Response(status=201, headers=headers, body=b"nothing"))

    assert changed.headers == (("content-type", "text/plain"), ("location", f"{HERE}/a"))
    assert changed.body.decode() == f"{HERE}/a"
    assert kept.header("content-digest")
