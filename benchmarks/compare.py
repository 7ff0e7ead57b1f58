"""This checkout beside another one, such as the commit before a change: start-up, replay, deliveries and fuzzing.

Usage: ``python benchmarks/compare.py --base DIR [--json]``, where DIR is a checkout with its own ``.venv`` (``git
worktree add DIR REV``, then ``make -C DIR setup``). Both are driven through what users call, in turns, so that a
machine that gets slower slows both. A figure is the base's processor time over this checkout's (for servers: this one's
rate over the base's), as the median of the rounds: above 1 is faster than the base.

Bar: no figure is more than 5 % worse than the base.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from _table import Row, show
from contract import KEY, TARGET, product
from replay import document, rate

ROOT = Path(__file__).parents[1]
ROUNDS = 5
DELIVERIES = 30_000
RECORDINGS = 1000
BAR = ">= 0.95"
RECEIVER = """
import asyncio
async def serve(reader, writer):
    try:
        while head := await reader.readuntil(b"\\r\\n\\r\\n"):
            lines = head.lower().split(b"\\r\\n")
            length = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
            await reader.readexactly(length)
            writer.write(b"HTTP/1.1 200 OK\\r\\ncontent-length: 0\\r\\n\\r\\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print("http://127.0.0.1:%d/" % server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""
SCENARIO = """
def test_items(api):
    for number in range({recordings}):
        assert api.get(f"/items/{{number}}").status_code == 200
"""
SPEC = """
openapi: 3.1.0
info: {title: Items, version: "1"}
paths:
  /items/{id}:
    get:
      parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
      responses: {"200": {description: fine, content: {application/json: {schema: {type: object}}}}}
"""

Measure = Callable[[Path], float]
"""Returns a figure of the checkout at a path: the higher the better."""


def python(checkout: Path) -> str:
    """Return the interpreter of a checkout."""
    return str(checkout / ".venv" / "bin" / "python")


def per_processor_second(command: list[str], folder: Path, **environment: str) -> float:
    """Run a command; return how many of it a second of processor time would hold."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", **environment}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(
            f"{' '.join(command)} ended with status {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        )
    return 1 / (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


@contextmanager
def served(command: list[str], folder: Path) -> Iterator[str]:
    """Run a server that first prints its URL, on either stream; yield the URL."""
    with subprocess.Popen(
        command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        found = re.search(r"http://[\w.]+:\d+", process.stdout.readline())
        assert found, process.stdout.read()
        try:
            yield found[0]
        finally:
            process.send_signal(signal.SIGKILL)


def start_up(folder: Path) -> Measure:
    """Measure an empty pytest run with all plugins."""
    (folder / "test_empty.py").write_text("def test_empty(): pass\n", encoding="utf-8")
    words = ("-m", "pytest", "-q", "-p", "no:cacheprovider")
    return lambda checkout: per_processor_second([python(checkout), *words], folder)


def replay(folder: Path) -> Measure:
    """Measure a scenario of 1,000 calls, played back from its recording; each checkout has its own recording."""

    def prepared(checkout: Path) -> Path:
        """Return the folder of a checkout with a scenario and its recording."""
        home = folder / str(checkout == ROOT)
        if not home.exists():
            home.mkdir()
            (home / "harness.toml").write_text(TARGET.format(url="http://127.0.0.1:9"), encoding="utf-8")
            (home / "openapi.yaml").write_text(SPEC, encoding="utf-8")
            (home / "test_items.py").write_text(SCENARIO.format(recordings=RECORDINGS), encoding="utf-8")
            cassette = home / "cassettes" / "items" / "test_items.yaml"
            cassette.parent.mkdir(parents=True)
            bodies = {f"/items/{n}": json.dumps({"id": n, "text": f"{n} " * 400}) for n in range(RECORDINGS)}
            text = json.dumps(document(bodies)).replace("http://127.0.0.1/", "http://127.0.0.1:9/")
            cassette.write_text(text, encoding="utf-8")
        return home

    words = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore")
    return lambda checkout: per_processor_second([python(checkout), *words], prepared(checkout), PRODUCT_API_KEY=KEY)


def replay_server(folder: Path) -> Measure:
    """Measure `harness replay`, asked by wrk over one connection."""
    cassette = folder / "items.yaml"
    bodies = {f"/items/{n}": json.dumps({"id": n, "text": "x" * 1900}) for n in range(RECORDINGS)}
    cassette.write_text(json.dumps(document(bodies)), encoding="utf-8")

    def measure(checkout: Path) -> float:
        with served([python(checkout), "-m", "harness.cli", "replay", str(cassette)], folder) as url:
            return rate(str(shutil.which("wrk")), url)

    return measure


def deliveries(url: str, folder: Path) -> Measure:
    """Measure `harness deliver`, with many signed deliveries to a receiver that answers 200."""
    event = folder / "event.json"
    event.write_text('{"id": "evt_1", "type": "item.created", "data": {"n": 1}}', encoding="utf-8")
    words = ["-m", "harness.cli", "deliver", str(event), "--to", url, "--secret", "env:S", "--quiet"]
    words += ["--count", str(DELIVERIES)]
    return lambda checkout: per_processor_second([python(checkout), *words], folder, S=KEY)


def fuzzing(url: str, folder: Path) -> Measure:
    """Measure `harness fuzz` of the sandbox's product with a fixed seed."""
    (folder / "harness.toml").write_text(TARGET.format(url=url), encoding="utf-8")
    (folder / "openapi.yaml").write_bytes((ROOT / "harness" / "sandbox" / "openapi.yaml").read_bytes())
    words = ["-m", "harness.cli", "fuzz", "--budget", "quick", "--seed", "1", "-q", "-p", "no:cacheprovider"]

    def measure(checkout: Path) -> float:
        shutil.rmtree(folder / ".hypothesis", ignore_errors=True)
        return per_processor_second([python(checkout), *words], folder, PRODUCT_API_KEY=KEY)

    return measure


def rows(base: Path) -> Iterator[Row]:
    """Yield the ratio of each figure, this checkout's to the base's."""
    with tempfile.TemporaryDirectory() as name, product() as provider:
        folders = [Path(name) / part for part in ("start", "replay", "server", "deliver", "fuzz")]
        for folder in folders:
            folder.mkdir()
        with served([sys.executable, "-c", RECEIVER], folders[3]) as receiver:
            works: dict[str, Measure] = {
                "start-up of an empty pytest run": start_up(folders[0]),
                f"a scenario of {RECORDINGS:,} calls, played back": replay(folders[1]),
                f"harness deliver, {DELIVERIES:,} deliveries": deliveries(receiver, folders[3]),
                "harness fuzz, quick, fixed seed": fuzzing(provider, folders[4]),
            }
            if shutil.which("wrk"):
                works["harness replay, wrk, 1 connection"] = replay_server(folders[2])
            for work, measure in works.items():
                measure(base), measure(ROOT)  # bytecode and caches are written
                ratios = [measure(ROOT) / measure(base) for _ in range(ROUNDS)]
                yield Row(work=work, value=statistics.median(ratios), unit="x", bar=BAR)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", required=True, type=Path, metavar="DIR", help="the checkout to compare with")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    base = parser.parse_args().base.resolve()
    if not Path(python(base)).exists():
        parser.error(f"{base} has no .venv: run make -C {base} setup")
    show(f"This checkout beside {base.name}, {ROUNDS} rounds in turns", rows(base))


if __name__ == "__main__":
    main()
