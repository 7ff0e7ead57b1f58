"""Cassettes played back in this process: stock vcrpy beside the indexed cassette, on the same files."""

from __future__ import annotations

import itertools
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import vcr
import yaml
from _table import Row

from harness.cassettes.play.indexed_cassette import IndexedCassette
from harness.cassettes.play.matching import matchers_for
from harness.cassettes.play.replay_transport import ReplayTransport
from harness.cassettes.play.scenario import CassetteMode, ScenarioCassette
from harness.cassettes.store.storage import Storage

URL = "http://recorded.example"
SAMPLES = 25
"""Requests of which stock vcrpy's time is taken; over all of them it would need an hour."""
ROUNDS = 3
SMALL = 100
MATCH_ON = ("method", "host", "path", "query", "body")
STOCK_MATCH_ON = ("method", "scheme", "host", "port", "path", "query")
"""What vcrpy compares by default."""
LINES = [{"sku": f"SKU-{n:05}", "quantity": n, "price": {"amount": n * 199, "currency": "EUR"}} for n in range(24)]


class OpenedCassette(IndexedCassette):
    """An indexed cassette that vcrpy opens, which copies nothing, like those of the harness."""

    def _load(self) -> None:
        requests, responses, self._metadata = self._persister.load_cassette(self._path, serializer=None)
        self.data = list(zip(requests, responses, strict=True))
        self._old_interactions, self._loaded_count = list(self.data), len(self.data)
        self.dirty, self.rewound = False, True


class IndexedVCR(vcr.VCR):  # type: ignore[misc]  # vcrpy ships no types
    """vcrpy's `VCR` with indexed cassettes, and with filters that copy nothing: its own copy three times."""

    def _use_cassette(self, with_current_defaults: bool = False, **kwargs: Any) -> Any:  # noqa: ARG002, FBT001, FBT002 - vcrpy's
        return OpenedCassette.use(**self.get_merged_config(**kwargs))

    def _build_before_record_request(self, _options: Any) -> Any:
        return lambda message: message

    _build_before_record_response = _build_before_record_request


class Shape(NamedTuple):
    """What the recordings look like: stock vcrpy's time depends on it more than ours."""

    name: str
    path: str
    document: Callable[[int], dict[str, Any]]
    """A JSON document of about 2 KB."""


def order(number: int) -> dict[str, Any]:
    """Return a document of many small values."""
    return {"id": f"ord_{number:06}", "customer": {"name": "Ada", "email": "ada@example.com"}, "lines": LINES}


def text(number: int) -> dict[str, Any]:
    """Return a document of one long value."""
    return {"id": number, "text": "x" * 1900}


PAGES = Shape("pages of orders", "/orders?page={}&per_page=50", order)
TEXTS = Shape("long texts", "/texts/{}", text)


class Work(NamedTuple):
    """What is played back, and how much faster than stock vcrpy it must be."""

    name: str
    number: int
    bar: str
    posts: bool = False
    cold: bool = False


WORK = (
    Work("1,000 GETs of 2 KB, warm, beside stock vcrpy", 1000, ">= 90"),
    Work("1,000 GETs of 2 KB, cold, beside stock vcrpy", 1000, ">= 40", cold=True),
    Work("5,000 GETs of 2 KB, warm, beside stock vcrpy", 5000, ">= 300"),
    Work("1,000 POSTs to one URL by their body, warm, beside stock vcrpy", 1000, ">= 400", posts=True),
)


def recording_rows() -> Iterator[Row]:
    """Yield the rows of playing back in this process."""
    with tempfile.TemporaryDirectory() as folder:
        for work, shape in itertools.product(WORK, (PAGES, TEXTS)):
            ratio = faster(work, shape, Path(tempfile.mkdtemp(dir=folder)))
            yield Row(work=f"{work.name}: {shape.name}", value=ratio, unit="x", bar=work.bar)
        for shape in (PAGES, TEXTS):
            ratio = alone(shape, Path(tempfile.mkdtemp(dir=folder)))
            yield Row(work=f"httpx alone, 1,000 GETs, beside stock vcrpy: {shape.name}", value=ratio, unit="x")
        path = written(Path(folder) / "thousand.yaml", 1000, posts=False)
        yield Row(
            work="one request, api's transport beside MockTransport", value=transport(path), unit="x", bar="<= 1.3"
        )
        path = written(Path(folder) / "one.yaml", 1, posts=False)
        ours, patched = small(path)
        yield Row(work="one interaction: enter, play, exit, beside stock", value=ours, unit="x", bar="<= 0.35")
        yield Row(work="the same through every client's patches", value=patched, unit="x")


def requests(number: int, *, posts: bool, shape: Shape = PAGES) -> list[dict[str, Any]]:
    """Return the words of each request: one URL each, or unique bodies sent to one URL."""
    if posts:
        return [{"method": "POST", "url": f"{URL}/orders", "json": shape.document(n)} for n in range(number)]
    return [{"method": "GET", "url": URL + shape.path.format(n)} for n in range(number)]


def written(path: Path, number: int, *, posts: bool, shape: Shape = PAGES) -> Path:
    """Write a cassette as stock vcrpy writes it."""
    interactions = []
    for n, words in enumerate(requests(number, posts=posts, shape=shape)):
        request = httpx.Request(**words)
        interactions.append(
            {
                "request": {
                    "body": request.content.decode(),
                    "headers": {name: [value] for name, value in request.headers.items()},
                    "method": request.method,
                    "uri": str(request.url),
                },
                "response": {
                    "body": {"string": json.dumps(shape.document(n))},
                    "headers": {"content-type": ["application/json"], "x-request-id": [f"{n:016x}"]},
                    "status": {"code": 200, "message": "OK"},
                },
            }
        )
    path.write_text(yaml.dump({"interactions": interactions, "version": 1}, Dumper=yaml.CDumper), encoding="utf-8")
    return path


def faster(work: Work, shape: Shape, folder: Path) -> float:
    """Return how many times the time of the indexed cassette stock vcrpy takes to load and play everything."""
    path = written(folder / "work.yaml", work.number, posts=work.posts, shape=shape)
    match_on = ("method", "uri", "body") if work.posts else STOCK_MATCH_ON
    asked, cache = requests(work.number, posts=work.posts, shape=shape), folder / "cache"
    indexed = IndexedVCR(record_mode="none", match_on=match_on)
    stock = vcr.VCR(record_mode="none", match_on=match_on)
    with httpx.Client() as client:
        times = []
        for round_ in range(ROUNDS + 1):
            storage = Storage(cache / str(round_) if work.cold else cache)
            indexed.register_persister(storage)
            times.append(timed(lambda: play(indexed.use_cassette(str(path)), client, asked)))
        ours = statistics.median(times[1:])
        theirs = sampled(lambda: stock.use_cassette(str(path)), client, asked)
    return theirs / ours


def alone(shape: Shape, folder: Path) -> float:
    """Return how many times the time of httpx without any cassette stock vcrpy takes: no cassette can be faster.

    The documents are in memory, by their URLs. Texts have paths and no query, which stock vcrpy compares in half the
    time of the query of pages.
    """
    asked = requests(1000, posts=False, shape=shape)
    bodies = {words["url"]: json.dumps(shape.document(n)).encode() for n, words in enumerate(asked)}
    headers = {"content-type": "application/json", "x-request-id": "0" * 16}

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=bodies[str(request.url)], headers=headers)

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        ours = statistics.median(timed(lambda: [client.request(**words) for words in asked]) for _ in range(ROUNDS))
    stock = vcr.VCR(record_mode="none", match_on=STOCK_MATCH_ON)
    path = written(folder / "work.yaml", len(asked), posts=False, shape=shape)
    with httpx.Client() as client:
        return sampled(lambda: stock.use_cassette(str(path)), client, asked) / ours


def sampled(opened: Callable[[], AbstractContextManager[Any]], client: httpx.Client, asked: Sequence[Any]) -> float:
    """Return the seconds of loading and of playing all of ``asked``, from every so many of them."""
    some = asked[:: max(1, len(asked) // SAMPLES)]
    loading = timed(lambda: play(opened(), client, ()))
    whole = timed(lambda: play(opened(), client, some))
    return loading + (whole - loading) / len(some) * len(asked)


def play(cassette: AbstractContextManager[Any], client: httpx.Client, asked: Sequence[Any]) -> None:
    """Load a cassette, and ask for everything."""
    with cassette:
        for words in asked:
            client.request(**words).read()


def transport(path: Path) -> float:
    """Return how many times MockTransport's time a request takes that the fixture's transport answers."""
    bodies = {f"page={n}&per_page=50".encode(): json.dumps(order(n)).encode() for n in range(1000)}

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=bodies[request.url.query], headers={"content-type": "application/json"})

    asked = requests(1000, posts=False)
    ratios = []
    for _ in range(ROUNDS + 2):
        cassette = scenario(path)
        with httpx.Client(transport=httpx.MockTransport(answer)) as mock:
            theirs = timed(lambda: [mock.request(**words) for words in asked])
        with httpx.Client(transport=ReplayTransport(cassette)) as replay:
            ours = timed(lambda: [replay.request(**words) for words in asked])
        ratios.append(ours / theirs)
    return statistics.median(ratios)


def small(path: Path) -> tuple[float, float]:
    """Return which part of stock's time one interaction takes: by the fixture's transport, and by vcrpy's patches."""
    cache = path.parent / "cache"
    (words,) = requests(1, posts=False)
    stock = vcr.VCR(record_mode="none", match_on=("method", "uri"))

    def through_transport() -> None:
        cassette = scenario(path, cache)
        client._transport = ReplayTransport(cassette)  # noqa: SLF001 - clients cost the same whatever they play from
        client.request(**words).read()

    def through_patches() -> None:
        with scenario(path, cache).patched():
            plain.request(**words).read()

    with httpx.Client() as client, httpx.Client() as plain:
        ways = (
            through_transport,
            through_patches,
            lambda: play(stock.use_cassette(str(path)), plain, [words]),
        )
        times = [[timed(way) for way in ways] for _ in range(SMALL)]
    ours, patched, theirs = (statistics.median(column) for column in zip(*times, strict=True))
    return ours / theirs, patched / theirs


def scenario(path: Path, cache: Path | None = None) -> ScenarioCassette:
    """Return a cassette as the fixture `api` opens it."""
    return ScenarioCassette(
        path,
        CassetteMode.REPLAY,
        match_on=matchers_for(MATCH_ON, provider={"recorded.example"}),
        redact=str,
        guard=lambda _method, _url: None,
        again="",
        place=path.name,
        cache=cache,
    )


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that ``work`` takes of the processor."""
    start = time.process_time()
    work()
    return time.process_time() - start
