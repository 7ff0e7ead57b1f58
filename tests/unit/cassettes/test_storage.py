"""Cassettes on disk: what cannot be read is refused with file and place, and what is there is never lost."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml

from harness.cassettes.store import cassette_file
from harness.cassettes.store.storage import Storage
from harness.errors import CassetteError

from .conftest import interaction, stock, write

if TYPE_CHECKING:
    from .conftest import Opened

HEAD = "interactions:\n- request: {method: GET, uri: http://h/, body: '', headers: {}}\n  response: "
WHOLE = HEAD + "{status: {code: 200, message: OK}, headers: {}, body: {string: hello}}\n"


class Bad(NamedTuple):
    """A file that is no cassette, and what is said of it."""

    content: bytes
    says: str


def bomb() -> bytes:
    """Aliases that stand for 10^9 values."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    return ("\n".join(lines) + "\ninteractions: []\nversion: 1\n").encode()


BAD = {
    "empty": Bad(b"", "test_x.yaml is empty"),
    "blank": Bad(b" \n\n", "test_x.yaml is empty"),
    "binary": Bad(b"\x7fELF\0\0\x01", "test_x.yaml contains binary data"),
    "gzip": Bad(b"\x1f\x8b\x08", "test_x.yaml is packed by gzip. Unpack it first: gunzip "),
    "not-utf-8": Bad(b"interactions: \xff\xfe", "test_x.yaml is not a cassette: unacceptable character"),
    "control": Bad(b"interactions: \x01", "test_x.yaml is not a cassette: unacceptable character"),
    "cut-in-a-string": Bad(WHOLE.encode() + b"- request: {method: 'GE", "test_x.yaml, line 4: not valid YAML"),
    "cut-between": Bad(WHOLE.encode(), "test_x.yaml breaks off after interaction 1: the last line of a cassette"),
    "merge-conflict": Bad(b"<<<<<<< HEAD\n" + WHOLE.encode() + b"version: 1\n", "test_x.yaml, line 2: not valid YAML"),
    "builds-an-object": Bad(
        (HEAD + "!!python/object/apply:os.system [touch owned]\nversion: 1\n").encode(),
        "test_x.yaml, line 3: a YAML tag that builds an object was refused",
    ),
    "custom-tag": Bad(b"interactions: !mine []\nversion: 1\n", "line 1: a YAML tag that builds an object was refused"),
    "alias-bomb": Bad(bomb(), "its YAML aliases expand to more than a cassette can contain"),
    "alias-of-itself": Bad(
        b"interactions: &a\n- *a\nversion: 1\n", "its YAML aliases expand to more than a cassette can contain"
    ),
    "nested-flow": Bad(b"interactions: " + b"[" * 100_000, "test_x.yaml, line 1: nested too deeply"),
    "nested-block": Bad(b"interactions:\n" + b"- " * 100_000, "test_x.yaml, line 2: nested too deeply"),
    "a-list": Bad(b"- 1\n", "test_x.yaml is not in vcrpy's format: it has no list `interactions`"),
    "json": Bad(b'{"openapi": "3.1.0"}', "test_x.yaml is not in vcrpy's format"),
    "har": Bad(b'{"log": {"entries": []}}', "It is an HTTP archive (HAR); convert it: harness convert"),
    "schemathesis": Bad(b"http_interactions: []\n", "It is a Schemathesis or Ruby VCR report; convert it"),
    "no-uri": Bad(
        b"interactions:\n- request: {method: GET, headers: {}}\n  response: {headers: {}}\nversion: 1\n",
        "interactions[0].request: Object missing required field `uri`",
    ),
    "code-is-text": Bad(
        (HEAD + "{status: {code: ok}, headers: {}}\nversion: 1\n").encode(),
        "interactions[0].response.status.code: Expected `int`, got `str`",
    ),
    "no-body": Bad(
        (HEAD + "{status: {code: 200}, headers: {}, body: {}}\nversion: 1\n").encode(),
        "interactions[0].response.body: Object missing required field `string`",
    ),
    "body-is-a-number": Bad(
        (HEAD + "{status: {code: 200}, headers: {}, body: {string: 7}}\nversion: 1\n").encode(),
        "interactions[0].response.body.string: Expected text, got int",
    ),
    "deep-json": Bad(b'{"interactions": ' + b"[" * 200_000, "test_x.yaml: nested too deeply"),
    "header-is-no-list": Bad(
        (HEAD + "{status: {code: 200}, headers: {a: 1}, body: {string: x}}\nversion: 1\n").encode(),
        "interactions[0].response.headers[...]: Expected `array`, got `int`",
    ),
    "old-form-incomplete": Bad(
        (HEAD + "{status_code: 200, headers: {}}\nversion: 1\n").encode(),
        "interactions[0].response: Object missing required field `status`",
    ),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_what_is_no_cassette_is_refused(bad: Bad, path: Path, tmp_path: Path, opened: Opened) -> None:
    """The error names the file and the place, nothing in the file is run, and the file stays as it is."""
    path.parent.mkdir(parents=True)
    path.write_bytes(bad.content)

    with pytest.raises(CassetteError) as error:
        Storage(tmp_path / "cache").read(path)

    assert bad.says in str(error.value)
    assert str(path) in str(error.value)
    for mode in ("replay", "record", "verify"):
        with pytest.raises(CassetteError):
            opened(mode)
    assert path.read_bytes() == bad.content
    assert not Path("owned").exists()
    assert not list(tmp_path.glob("cache/*.msgpack"))


def test_a_huge_file_is_refused_by_its_size(path: Path) -> None:
    """A file of 100 MiB is refused without being read."""
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        file.truncate(100 * 2**20)

    with pytest.raises(CassetteError, match=r"test_x\.yaml has 100 MiB; cassettes of at most 64 MiB are read"):
        Storage().read(path)


def test_what_is_written_is_read_again_by_stock_vcrpy(path: Path) -> None:
    """The format on disk is vcrpy's: text, unfolded, with the metadata beside the interactions."""
    long = {"name": "x " * 200}
    write(path, [interaction("POST", "/a", long, body=long), interaction("GET", "/b", "ü")], recorded_at="2026-11-25")
    binary = interaction("GET", "/c")
    binary["response"]["body"]["string"] = bytes(range(256))
    path_c = write(path.with_name("c.yaml"), [binary])

    assert [(m, u) for m, u, _ in stock(path)] == [("POST", "http://127.0.0.1/a"), ("GET", "http://127.0.0.1/b")]
    assert stock(path_c)[0][2] == bytes(range(256))
    assert yaml.safe_load(path.read_text())["metadata"] == {"recorded_at": "2026-11-25"}
    assert "x x x x " * 20 in path.read_text()


def test_the_older_form_for_httpx_is_read(path: Path) -> None:
    """What early versions of vcrpy wrote for httpx comes out like any other response."""
    path.parent.mkdir(parents=True)
    path.write_text(HEAD + "{status_code: 200, headers: {a: [b]}, content: hello}\nversion: 1\n")

    (read,) = Storage().read(path).interactions

    assert (read["response"]["status"]["code"], read["response"]["body"]["string"]) == (200, b"hello")


def full_disk(_handle: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def read_only(_source: Any, **_options: Any) -> Any:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))


@pytest.mark.parametrize(
    "place, fault, says",
    [
        ("harness.core.files.os.fsync", full_disk, "No space left on device"),
        ("harness.core.files.tempfile.mkstemp", lambda **_: read_only(None), "Read-only file system"),
    ],
)
def test_a_write_that_fails_leaves_the_old_file(
    place: str, fault: Callable[..., Any], says: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk or a read-only folder is told with the file's name; the old recording and nothing else is there."""
    write(path, [interaction("GET", "/old")])
    old = path.read_bytes()
    monkeypatch.setattr(place, fault)

    with pytest.raises(CassetteError) as error:
        write(path, [interaction("GET", "/new")])

    assert f"{path} could not be written: {says}. The old recording is unchanged." in str(error.value)
    assert path.read_bytes() == old
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """Where no file can be, nothing was written, and the error says so."""
    (tmp_path / "cassettes").write_text("a file where the folder belongs")

    with pytest.raises(CassetteError, match=r"test_x\.yaml could not be written: .*Nothing was written"):
        write(tmp_path / "cassettes" / "test_x.yaml", [interaction("GET", "/")])


def test_the_limit_is_above_what_is_recorded() -> None:
    """The bound on size leaves room for the largest cassettes that people keep."""
    assert cassette_file.MAX_BYTES >= 50 * 2**20
