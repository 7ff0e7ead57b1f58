from __future__ import annotations

import base64
import gzip
import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.cassettes.formats.conversion import read_any, write_bytes
from harness.cassettes.formats.har import har_text
from harness.cassettes.formats.interchange import redacted, write_cassette
from harness.errors import CassetteError
from harness.secrets.redaction.redactor import Redactor


def entry(**changes: Any) -> dict[str, Any]:
    """Return an entry as a browser exports it."""
    return {
        "startedDateTime": "2026-11-25T10:00:00.000Z",
        "time": 12.5,
        "request": {
            "method": "POST",
            "url": "https://api.example.com/runs?a=1",
            "headers": [{"name": ":authority", "value": "x"}, {"name": "Content-Type", "value": "application/json"}],
            "postData": {"mimeType": "application/json", "text": '{"a":"ü"}'},
        },
        "response": {
            "status": 201,
            "statusText": "Created",
            "headers": [
                {"name": "content-type", "value": "application/json"},
                {"name": "content-encoding", "value": "gzip"},
                {"name": "set-cookie", "value": "a=1"},
                {"name": "set-cookie", "value": "b=2"},
            ],
            "content": {"size": 8, "mimeType": "application/json", "text": '{"b": 2}'},
        },
        "pageref": "page_1",
        **changes,
    }


def har(path: Path, *entries: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"log": {"version": "1.2", "creator": {}, "entries": list(entries)}}))
    return path


def test_an_archive_becomes_a_cassette_and_back(tmp_path: Path) -> None:
    """Method, URL, headers, bodies, status, time and latency go through both ways."""
    first = read_any(har(tmp_path / "in.har", entry())).exchanges
    write_cassette(tmp_path / "c.yaml", first, metadata={"converted_from": "in.har"})
    second = read_any(tmp_path / "c.yaml").exchanges
    (tmp_path / "out.har").write_bytes(har_text(second, version="1"))
    third = read_any(tmp_path / "out.har").exchanges

    assert first == second == third
    only = first[0]
    assert (only.request.method, only.response.status, only.response.reason, only.latency_s) == (
        "POST",
        201,
        "Created",
        0.0125,
    )
    assert only.request.headers == (("Content-Type", "application/json"),)
    assert only.response.headers == (
        ("content-type", "application/json"),
        ("set-cookie", "a=1"),
        ("set-cookie", "b=2"),
    )
    assert (only.request.body, only.response.body) == ('{"a":"ü"}'.encode(), b'{"b": 2}')
    assert yaml.safe_load((tmp_path / "c.yaml").read_text())["metadata"]["converted_from"] == "in.har"


def test_binary_bodies_and_forms_go_through(tmp_path: Path) -> None:
    """Base64 content is opened, and parameters without a text are a form."""
    image = bytes(range(256))
    sent = entry()
    sent["request"]["postData"] = {"mimeType": "x", "params": [{"name": "a", "value": "b c"}]}
    sent["response"]["content"] = {"text": base64.b64encode(image).decode(), "encoding": "base64"}

    found = read_any(har(tmp_path / "in.har", sent)).exchanges
    (tmp_path / "out.har").write_bytes(har_text(found, version="1"))

    assert (found[0].request.body, found[0].response.body) == (b"a=b+c", image)
    assert read_any(tmp_path / "out.har").exchanges[0].response.body == image


def test_what_has_no_answer_is_left_out_and_told(tmp_path: Path) -> None:
    """An aborted request and what is not HTTP are no recordings; each is named."""
    aborted = entry(response={"status": 0, "headers": [], "content": {}})
    socket = entry(request={"method": "GET", "url": "wss://example.com/live", "headers": []})

    found = read_any(har(tmp_path / "in.har", aborted, socket, entry()))

    assert len(found.exchanges) == 1
    assert found.left_out == [
        "log.entries[0], POST /runs: it has no response",
        "log.entries[1], GET /live: it is not HTTP",
    ]


@pytest.mark.parametrize("packed", [gzip.compress(b'{"b": 2}'), b'{"b": 2}'], ids=["packed", "plain"])
def test_a_content_is_unpacked_whether_its_exporter_did_so_or_not(tmp_path: Path, packed: bytes) -> None:
    """The header that says gzip is not taken over."""
    made = entry()
    made["response"]["content"] = {"size": 8, "text": base64.b64encode(packed).decode(), "encoding": "base64"}

    (only,) = read_any(har(tmp_path / "in.har", made)).exchanges

    assert only.response.body == b'{"b": 2}'
    assert "content-encoding" not in dict(only.response.headers)


MULTIPART = "multipart/form-data; boundary=----XyZ"
FILE = {"name": "file", "value": "hello", "fileName": 'a "1".txt', "contentType": "text/plain"}
HTML = "text/html; charset=iso-8859-1"


def posted(mime_type: str, *params: dict[str, str]) -> dict[str, Any]:
    """Return an entry whose body is given by parameters."""
    made = entry()
    made["request"]["headers"] = [{"name": "content-type", "value": mime_type}]
    made["request"]["postData"] = {"mimeType": mime_type, "params": list(params)}
    return made


def page(mime_type: str, **content: Any) -> dict[str, Any]:
    """Return an entry that is answered with a text."""
    headers = [{"name": "content-type", "value": mime_type}]
    return entry(response={"status": 200, "headers": headers, "content": {"mimeType": mime_type, **content}})


def test_parameters_of_a_multipart_form_become_its_parts(tmp_path: Path) -> None:
    """They stand between the boundary that the header names, files with their names and types."""
    sent = posted(MULTIPART, {"name": "title", "value": "A & B"}, FILE)

    (only,) = read_any(har(tmp_path / "in.har", sent)).exchanges

    assert only.request.body == (
        b'------XyZ\r\nContent-Disposition: form-data; name="title"\r\n\r\nA & B\r\n'
        b'------XyZ\r\nContent-Disposition: form-data; name="file"; filename="a %221%22.txt"\r\n'
        b"Content-Type: text/plain\r\n\r\nhello\r\n------XyZ--\r\n"
    )


@pytest.mark.parametrize(
    "mime_type,body",
    [
        (HTML, "Größe".encode("latin-1")),
        ('text/plain; charset="windows-1252"', "Größe".encode("cp1252")),
        ("text/plain; charset=UTF-8", "Größe".encode()),
        ("text/plain", "Größe".encode()),
        ("application/json; charset=iso-8859-1", "Größe".encode()),
        ("text/html; charset=Shift_JIS", "東京".encode("shift_jis")),
        ("application/xml; charset=iso-8859-1", "5 €".encode("cp1252")),
    ],
)
def test_a_text_has_the_charset_that_its_header_names(tmp_path: Path, mime_type: str, body: bytes) -> None:
    """Whoever reads the recording goes by the header; JSON alone is always UTF-8."""
    text = {"text/html; charset=Shift_JIS": "東京", "application/xml; charset=iso-8859-1": "5 €"}.get(
        mime_type, "Größe"
    )

    (only,) = read_any(har(tmp_path / "in.har", page(mime_type, text=text))).exchanges
    (tmp_path / "out.har").write_bytes(har_text([only], version="1"))

    assert only.response.body == body
    assert read_any(tmp_path / "out.har").exchanges[0].response.body == body


WITHOUT: dict[str, tuple[Callable[[], dict[str, Any]], str]] = {
    "no response": (lambda: {k: v for k, v in entry().items() if k != "response"}, "POST /runs: it has no response"),
    "null response": (lambda: entry(response=None), "POST /runs: it has no response"),
    "bad URL": (
        lambda: entry(request={"method": "GET", "url": "http://[::1:80/x"}),
        "GET /x: its URL cannot be read (Invalid IPv6 URL)",
    ),
    "bad port": (
        lambda: entry(request={"method": "GET", "url": "http://a:99999/x?token=1"}),
        "GET /x: its URL cannot be read (Port out of range 0-65535)",
    ),
    "no content": (
        lambda: page("image/png", size=9),
        "POST /runs: the 9 bytes of its response are not in the archive",
    ),
    "no file": (
        lambda: posted(MULTIPART, {"name": "file", "fileName": "a.txt"}),
        "POST /runs: the content of its file 'file' is not in the archive",
    ),
    "no boundary": (
        lambda: posted("multipart/form-data", FILE),
        "POST /runs: the Content-Type of its parts names no boundary",
    ),
    "not in its charset": (
        lambda: page(HTML, text="北京"),
        "POST /runs: its text cannot be written in iso-8859-1, the charset of its Content-Type",
    ),
    "status null": (lambda: entry(response={"status": None}), "POST /runs: it has no response"),
    "status of Safari": (lambda: entry(response={"status": -1}), "POST /runs: it has no response"),
    "a web socket": (lambda: entry(response={"status": 101}), "POST /runs: its status 101 is not that of a response"),
    "no host": (
        lambda: entry(request={"method": "GET", "url": "https:///x"}),
        "GET /x: its URL cannot be read (no host)",
    ),
    "a space": (
        lambda: entry(request={"method": "GET", "url": "https://a/x y"}),
        "GET /x y: its URL cannot be read (a space in it)",
    ),
    "of the browser": (lambda: entry(request={"method": "GET", "url": "data:,a"}), "GET /: it is not HTTP"),
    "no method": (lambda: entry(request={"method": "", "url": "https://a/x"}), " /x: its method '' is not one"),
    "no header": (
        lambda: entry(request={"method": "GET", "url": "https://a/x", "headers": [{"name": "a b"}]}),
        "GET /x: its header 'a b' has no valid name",
    ),
    "no such charset": (
        lambda: page("text/html; charset=klingon", text="x"),
        "POST /runs: its text cannot be written in klingon, the charset of its Content-Type",
    ),
}


@pytest.mark.parametrize("name", WITHOUT)
def test_what_cannot_become_a_recording_is_left_out_with_a_reason(name: str, tmp_path: Path) -> None:
    """Nothing is lost silently, and what stands beside it is taken over."""
    made, why = WITHOUT[name]

    found = read_any(har(tmp_path / "in.har", entry(), made()))

    assert found.left_out == [f"log.entries[1], {why}"]
    assert len(found.exchanges) == 1


MALFORMED: dict[str, tuple[Any, str]] = {
    "no request": ({"response": {"status": 200}}, ": Object missing required field `request`"),
    "another type": (entry(request={"method": "GET", "url": 5}), ".request.url: Expected `str`, got `int`"),
    "no object": ([1], ": Expected `object`, got `array`"),
    "no base64": (
        page("image/png", text="??", encoding="base64"),
        ": its content is declared as base64 but is not",
    ),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_entry_is_left_out_of_an_archive(name: str, tmp_path: Path) -> None:
    """Only an archive of nothing else is refused."""
    made, why = MALFORMED[name]

    found = read_any(har(tmp_path / "in.har", entry(), made))

    assert found.left_out == [f"log.entries[1]{why}"]
    assert len(found.exchanges) == 1
    with pytest.raises(CassetteError) as caught:
        read_any(har(tmp_path / "in.har", made))
    assert f"log.entries[0]{why}. " in str(caught.value)


def test_an_exchange_that_cannot_be_searched_is_left_out(tmp_path: Path) -> None:
    """Its secrets could be anywhere in it; everything else is taken over."""
    packed = entry()
    packed["request"]["headers"].append({"name": "Content-Encoding", "value": "br"})
    packed["request"]["postData"] = {"text": base64.b64encode(b"\x0b\x02\x80\xff\xfe").decode(), "encoding": "base64"}
    left_out: list[str] = []

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("harness.http.codings.installed_codec", lambda _name: None)
        found = redacted(read_any(har(tmp_path / "in.har", packed, entry())).exchanges, Redactor(), left_out)

    assert len(found) == 1
    assert len(left_out) == 1
    assert left_out[0].startswith("POST /runs: ")


AS_SENT: dict[str, tuple[dict[str, Any], bytes]] = {
    "boundary in the mimeType alone": (
        {**posted("multipart/form-data", {"name": "a", "value": "ü"})["request"], "postData": {
            "mimeType": "multipart/form-data; boundary=b", "params": [{"name": "a", "value": "ü"}]}},
        '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nü\r\n--b--\r\n'.encode(),
    ),
    "quoted boundary": (
        posted('multipart/form-data; boundary="a b"', {"name": 'x"y', "value": "1"})["request"],
        b'--a b\r\nContent-Disposition: form-data; name="x%22y"\r\n\r\n1\r\n--a b--\r\n',
    ),
    "nulls": (
        posted(MULTIPART, {"name": "a", "value": "1", "fileName": None, "contentType": None})["request"],  # type: ignore[dict-item]  # as Firefox writes it
        b'------XyZ\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n------XyZ--\r\n',
    ),
    "form": (posted("application/x-www-form-urlencoded", {"name": "a b", "value": "ü"})["request"], b"a+b=%C3%BC"),
    "text beside parameters": (
        {**entry()["request"], "headers": [], "postData": {
            "mimeType": "application/x-www-form-urlencoded", "text": "a=%20", "params": [{"name": "a", "value": " "}]}},
        b"a=%20",
    ),
    "another charset": (
        {**entry()["request"], "headers": [], "postData": {"mimeType": "text/xml; charset=utf-16-le", "text": "<a/>"}},
        "<a/>".encode("utf-16-le"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", AS_SENT)
def test_a_body_is_that_which_was_sent(name: str, tmp_path: Path) -> None:
    """Whichever of the ways in which exporters write a body is taken."""
    request, body = AS_SENT[name]

    (only,) = read_any(har(tmp_path / "in.har", entry(request=request))).exchanges

    assert only.request.body == body


def test_what_exporters_write_otherwise_is_read(tmp_path: Path) -> None:
    """Capitals in a URL, its fragment, joined cookies, numbers as texts, nulls, and Polly's lists of base64."""
    made = entry(time=None, startedDateTime=None)
    made["request"] = {"method": "GET", "url": "HTTPS://api.example.com/a#b", "headers": None, "postData": None}
    content = {"text": json.dumps([base64.b64encode(b"a").decode(), "Yg=="]), "encoding": "Base64", "mimeType": None}
    cookies = [{"name": "set-cookie", "value": "a=1\nb=2"}]
    made["response"] = {"status": "200", "statusText": None, "headers": cookies, "content": content}

    (only,) = read_any(har(tmp_path / "in.har", made)).exchanges

    assert (only.request.url, only.response.status, only.response.body) == ("HTTPS://api.example.com/a", 200, b"ab")
    assert only.response.headers == (("set-cookie", "a=1"), ("set-cookie", "b=2"))


def test_secrets_are_taken_out_of_what_is_converted(tmp_path: Path) -> None:
    """A browser's archive is full of them; one that shows itself late leaves earlier exchanges too."""
    secret = secrets.token_hex(16)
    early = entry()
    early["request"]["url"] = f"https://api.example.com/runs/{secret}"
    late = entry()
    late["request"]["headers"] = [{"name": "Authorization", "value": f"Bearer {secret}"}]

    found = redacted(read_any(har(tmp_path / "in.har", early, late)).exchanges, Redactor(), [])
    write_cassette(tmp_path / "c.yaml", found, metadata={})

    assert secret not in (tmp_path / "c.yaml").read_text()
    assert secret.encode() not in har_text(found, version="1")
    assert found[1].request.headers[0] == ("Authorization", "Bearer [REDACTED authorization]")
    assert found[0].response.headers[1:] == (
        ("set-cookie", "a=[REDACTED received cookie a]"),
        ("set-cookie", "b=[REDACTED received cookie b]"),
    )


REPORT = """\
command: 'st run'
recorded_with: 'Schemathesis 4.32.5'
seed: 1
http_interactions:
- id: 'a'
  status: 'SUCCESS'
  recorded_at: '2026-11-25T10:00:00+00:00'
  checks: []
  request:
    uri: 'http://127.0.0.1:8000/runs'
    method: 'POST'
    headers:
      "Content-Type":
      - "application/json"
    body:
      encoding: 'utf-8'
      BODY
  response:
    status:
      code: '201'
      message: "Created"
    elapsed: '0.25'
    headers:
      "content-type":
      - "application/json"
    body:
      encoding: 'utf-8'
      string: "{\\"b\\": 2}"
    http_version: '1.1'
- id: 'b'
  status: 'ERROR'
  request:
    uri: 'http://127.0.0.1:8000/runs'
    method: 'GET'
    headers:
  response: null
- id: 'c'
  request:
    uri: 'http://127.0.0.1:8000/runs'
    method: 'GET'
    headers:
  response:
    status: {code: '200', message: OK}
    headers: {}
    truncated_from: 99999
"""


@pytest.mark.parametrize("body", ['string: "{\\"a\\": 1}"', "base64_string: 'eyJhIjogMX0='"])
def test_a_report_of_schemathesis_becomes_a_cassette(tmp_path: Path, body: str) -> None:
    """With bodies as text or as bytes; what got no answer or was cut off is left out and told."""
    path = tmp_path / "report.yaml"
    path.write_text(REPORT.replace("BODY", body))

    found = read_any(path)

    assert [(e.request.method, e.request.body, e.response.status, e.response.body) for e in found.exchanges] == [
        ("POST", b'{"a": 1}', 201, b'{"b": 2}')
    ]
    assert found.exchanges[0].latency_s == 0.25
    assert found.left_out == [
        "http_interactions[1], GET: it has no response",
        "http_interactions[2], GET: its body was cut off in the report",
    ]


RUBY_VCR = """\
---
http_interactions:
- request:
    method: post
    uri: https://api.example.com/runs
    body:
      encoding: US-ASCII
      string: a=1
    headers:
      Accept:
      - "*/*"
  response:
    status:
      code: 200
      message: OK
    headers:
      Content-Type:
      - text/plain
      Content-Encoding:
      - gzip
    body:
      encoding: ASCII-8BIT
      string: !binary |-
        PACKED
    http_version: '1.1'
  recorded_at: Tue, 01 Nov 2011 04:58:44 GMT
recorded_with: VCR 6.1.0
"""
BETAMAX = {
    "http_interactions": [
        {
            "request": {
                "method": "POST",
                "uri": "https://api.example.com/runs",
                "headers": {"Accept": ["*/*"]},
                "body": {"encoding": "utf-8", "string": "a=1"},
            },
            "response": {
                "status": {"code": 200, "message": "OK"},
                "url": "https://api.example.com/runs",
                "headers": {"Content-Type": "text/plain", "Content-Encoding": ["gzip"]},
                "body": {"encoding": None, "base64_string": "PACKED"},
            },
            "recorded_at": "2011-11-01T04:58:44Z",
        }
    ],
    "recorded_with": "betamax/0.9.0",
}
OLD = json.loads(json.dumps(BETAMAX))
OLD["http_interactions"][0]["request"]["body"] = "a=1"
OLDEST = json.loads(json.dumps(OLD))
OLDEST["http_interactions"][0]["response"] |= {"status": None, "status_code": 200}
RECORDINGS = {"ruby": RUBY_VCR} | {
    name: json.dumps(recording) for name, recording in (("betamax", BETAMAX), ("old", OLD), ("oldest", OLDEST))
}


@pytest.mark.parametrize("text", RECORDINGS.values(), ids=RECORDINGS.keys())
def test_recordings_of_ruby_vcr_and_betamax_become_cassettes(text: str, tmp_path: Path) -> None:
    """In YAML and in JSON, bytes as both write them, methods in lower case, and bodies as older versions have them."""
    path = tmp_path / "recording"
    path.write_text(text.replace("PACKED", base64.b64encode(gzip.compress(b"\xff1", mtime=0)).decode()))

    (only,) = read_any(path).exchanges

    assert (only.request.method, only.request.body, only.request.headers) == ("POST", b"a=1", (("Accept", "*/*"),))
    assert (only.response.body, only.response.headers) == (b"\xff1", (("Content-Type", "text/plain"),))
    assert only.recorded_at == "2011-11-01T04:58:44Z"


ANSWERS: dict[str, dict[str, Any]] = {
    "plain": {"body": {"string": "ok"}, "headers": {}},
    "a header without a list, as a filter of the test writes it": {"body": {"string": "ok"}, "headers": {"Age": "1"}},
    "an escaped pair of surrogates": {"body": {"string": "\N{GRINNING FACE}"}, "headers": {}},
    "an escaped null": {"body": {"string": "\0"}, "headers": {}},
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_a_cassette_in_json_is_read(answer: dict[str, Any], tmp_path: Path) -> None:
    """Vcrpy writes it with its serializer `json`, whose escapes YAML does not take."""
    answer = {**answer, "status": {"code": 200, "message": "OK"}}
    sent: dict[str, Any] = {"method": "GET", "uri": "https://a/x", "headers": {}, "body": None}
    path = tmp_path / "c.json"
    path.write_text(json.dumps({"version": 1, "interactions": [{"request": sent, "response": answer}]}))

    (only,) = read_any(path).exchanges

    assert only.response.body == answer["body"]["string"].encode()
    assert only.response.headers == tuple(answer["headers"].items())


def test_a_cassette_that_is_packed_is_refused_with_what_to_do(tmp_path: Path) -> None:
    """Some projects pack what vcrpy writes."""
    path = tmp_path / "c.yaml.gz"
    path.write_bytes(gzip.compress(b"interactions: []\nversion: 1\n"))

    with pytest.raises(CassetteError, match=r"is packed by gzip\. Unpack it first: gunzip .*c\.yaml\.gz"):
        read_any(path)


BAD = [
    ("not json", '{"log": ', "in: Input data was truncated. It is not an HTTP archive; export it again."),
    ("other json", '{"a": 1}', "in: Object missing required field `log`. It is not an HTTP archive"),
    ("wrong type", '{"log": {"entries": [{"request": {"method": "GET", "url": 5}, "response": {"status": 1}}]}}',
     "in: $.log.entries[0].request.url: Expected `str`, got `int`"),
    ("no base64", json.dumps({"log": {"entries": [entry(response={"status": 200, "content": {
        "text": "??", "encoding": "base64"}})]}}), "in: log.entries[0]: its content is declared as base64 but is not."),
    ("deep", "{" + '"a":' * 5 + "[" * 200_000, "It is not an HTTP archive"),
    ("cut report", "http_interactions:\n- id: 'a'\n  request: {uri: 'x", "in is not YAML:"),
    ("wrong report", "http_interactions:\n- request: {uri: x}\n",
     "in: http_interactions[0].request: Object missing required field `method`"),
    ("alias in a report", "a: &a [x]\nhttp_interactions:\n- *a\n", "in contains a YAML alias"),
    ("report without base64", REPORT.replace("BODY", "base64_string: '?'"), "`base64_string` is not base64"),
    ("nothing", "", "in is empty"),
    ("text", "hello", "in is not in vcrpy's format"),
]  # fmt: skip


@pytest.mark.parametrize("text,expected", [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_what_has_no_known_format_is_refused_by_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, expected: str
) -> None:
    """The message names the file and the key, and says what to do."""
    monkeypatch.chdir(tmp_path)
    Path("in").write_text(text)

    with pytest.raises(CassetteError) as caught:
        read_any(Path("in"))

    assert expected in str(caught.value)


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    """What would not fit into memory several times over is refused by its size."""
    path = tmp_path / "huge.har"
    with path.open("wb") as file:
        file.truncate(100 * 2**20)

    with pytest.raises(CassetteError) as caught:
        read_any(path)

    assert f"{path} has 100 MiB" in str(caught.value)


def test_what_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    """A folder that cannot be written to is told, and nothing is half-written."""
    (tmp_path / "file").write_text("old")

    with pytest.raises(CassetteError) as caught:
        write_bytes(tmp_path / "file" / "out.har", b"new")
    with pytest.raises(CassetteError) as cassette:
        write_cassette(tmp_path / "file" / "c.yaml", [], metadata={})

    assert "could not be written: " in str(caught.value)
    assert "could not be written: " in str(cassette.value)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_cassette_with_a_mapping_for_a_body_is_converted(tmp_path: Path) -> None:
    """Old cassettes of aiohttp hold what was given as ``json=``; its secrets are taken out like any other's."""
    secret = secrets.token_hex(12)
    (tmp_path / "c.yaml").write_text(
        "interactions:\n"
        f"- request: {{body: {{a: 1, password: {secret}}}, headers: {{}}, method: POST, uri: 'http://a/'}}\n"
        "  response: {body: {string: ''}, headers: {}, status: {code: 204, message: null}}\n"
        "version: 1\n"
    )

    (only,) = redacted(read_any(tmp_path / "c.yaml").exchanges, Redactor(), [])

    assert only.request.body == b'{"a": 1, "password": "[REDACTED password]"}'
