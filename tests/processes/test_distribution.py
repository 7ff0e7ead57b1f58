"""What is uploaded is whole: the wheel and the sdist install, and run the sandbox's gate without a clone."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from harness.cli.main import main
from harness.context.starting.first_files import CI_FILES
from harness.model import Outcome, Verdict
from harness.reports.json import read
from tests.made_once import made_once
from tests.plugins.conftest import MUST, NAMED, OWN_ITEM, PASSES, waivers

ROOT = Path(__file__).parents[2]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
WHEEL = f"readiness_harness-{VERSION}-py3-none-any.whl"
UV = Path(sys.executable).with_name("uv")
TIMEOUT_S = 300


def run(*words: str | Path, cwd: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command in an environment without the variables of the run around it."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "SANDBOX_", "HARNESS_", "PYTHON"))}
    words = tuple(map(str, words))
    return subprocess.run(
        words, cwd=cwd, env={**kept, **(env or {})}, capture_output=True, text=True, check=False, timeout=TIMEOUT_S
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that is built from the sdist, as package registries and pip do it; without network."""
    return made_once(tmp_path_factory, "dist", _built)


def _built(folder: Path) -> Path:
    build = (sys.executable, "-m", "hatchling", "build", "-d", folder)
    assert run(*build, "-t", "sdist", cwd=ROOT).returncode == 0
    with tarfile.open(folder / f"readiness_harness-{VERSION}.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    built = run(*build, "-t", "wheel", cwd=folder / f"readiness_harness-{VERSION}")
    assert built.returncode == 0, built.stderr
    return folder / WHEEL


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs of an environment with the wheel, which borrows the dependencies of this one."""
    return made_once(tmp_path_factory, "installed", lambda home: _installed(wheel, home))


def _installed(wheel: Path, home: Path) -> Path:
    run(sys.executable, "-m", "venv", "--without-pip", home, cwd=home)
    done = run(UV, "pip", "install", "--offline", "--no-deps", "--python", home / "bin" / "python", wheel, cwd=home)
    assert done.returncode == 0, done.stderr
    site = Path(sysconfig.get_path("purelib", vars={"base": str(home)}))
    (site / "zz-dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home / "bin"


def test_the_wheel_is_the_same_from_a_clone_and_from_the_sdist(wheel: Path, tmp_path: Path) -> None:
    """Nothing that the wheel holds is missing in the sdist."""
    assert run(sys.executable, "-m", "hatchling", "build", "-d", tmp_path, "-t", "wheel", cwd=ROOT).returncode == 0

    assert (tmp_path / WHEEL).read_bytes() == wheel.read_bytes()


@pytest.mark.parametrize("name", ["harness", "readiness-harness"])
def test_both_scripts_are_the_command(name: str, installed: Path, tmp_path: Path) -> None:
    """The script named as the distribution is the same command, and calls itself by its name."""
    shown = run(installed / name, "--help", cwd=tmp_path)

    assert shown.stdout.startswith(f"Usage: {name} [OPTIONS] COMMAND [ARGS]...")
    assert run(installed / name, "--version", cwd=tmp_path).stdout == f"{name}, version {VERSION}\n"
    assert run(installed / name, "schema", cwd=tmp_path).stdout.startswith("{")


def test_no_message_names_a_page_that_is_not_installed(wheel: Path) -> None:
    """The wheel has no docs/ and no README: its texts name commands instead."""
    with zipfile.ZipFile(wheel) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist() if name.startswith("harness/")}
    pages = "|".join(re.escape(path.name) for path in (ROOT / "docs").glob("*.md"))
    named = re.compile(rf"\bdocs/(?:{pages})|\bREADME\b")

    assert len(texts) > 100
    assert [
        f"{name}: {found[0]}"
        for name, text in texts.items()
        if not name.startswith("harness/sandbox/target/")
        for found in named.finditer(_said(text) if name.endswith(".py") else text)
    ] == []


def _said(source: str) -> str:
    """Return the texts of a module that a user may read: not those that explain its own classes and functions."""
    tree = ast.parse(source)
    blocks = [node for node in ast.walk(tree) if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)]
    explaining = {id(node.body[0]) for node in blocks if ast.get_docstring(node) and not _is_command(node)}
    hidden = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and id(node) in explaining}
    constants = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in hidden)
    return "\n".join(node.value for node in constants if isinstance(node.value, str))


def _is_command(node: ast.AST) -> bool:
    """Whether a function's docstring is what --help prints."""
    return isinstance(node, ast.FunctionDef) and any("command" in ast.unparse(d) for d in node.decorator_list)


def test_uvx_runs_it_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    """`uvx --from WHEEL readiness-harness` finds the script; the dependencies are those of this environment."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    left_out = tmp_path / "left-out.txt"
    names = (requirement.partition(">")[0] for requirement in declared)
    left_out.write_text("".join(f"{name}; python_version < '3'\n" for name in names))
    options = ("--offline", "--python", sys.executable, "--overrides", left_out, "--from", wheel)
    env = {"PYTHONPATH": sysconfig.get_path("purelib"), "UV_TOOL_DIR": str(tmp_path / "tools")}

    shown = run(UV, "tool", "run", *options, "readiness-harness", "--version", cwd=tmp_path, env=env)

    assert shown.stdout == f"readiness-harness, version {VERSION}\n", shown.stderr


def test_the_gate_of_the_sandbox_needs_no_clone(installed: Path, tmp_path: Path) -> None:
    """It starts both processes from the package, checks a scenario and a receiver, and reports into this folder."""
    items = ("workflow.core", "runbook.auth")

    ended = run(installed / "readiness-harness", "gate", "--sandbox", f"--only={','.join(items)}", cwd=tmp_path)

    report = read((tmp_path / "reports" / "readiness.json").read_bytes())
    assert [i.outcome for i in report.items if i.id in items] == [Outcome.PASS, Outcome.PASS], ended.stdout
    assert ended.returncode == 1  # a part of the checklist is never READY
    assert [path.name for path in tmp_path.iterdir()] == ["reports"]


def test_a_defect_of_a_file_is_planted_in_a_copy(installed: Path, tmp_path: Path) -> None:
    """`--defect` makes its item fail, and the installed files stay as they are."""
    options = ("gate", "--sandbox", "--defect", "runbook-stale", "--only", "runbook.auth")

    run(installed / "readiness-harness", *options, cwd=tmp_path)
    report = read((tmp_path / "reports" / "readiness.json").read_bytes())

    assert [i.outcome for i in report.items if i.id == "runbook.auth"] == [Outcome.FAIL]
    run(installed / "readiness-harness", "gate", "--sandbox", "--only=runbook.auth", cwd=tmp_path)
    report = read((tmp_path / "reports" / "readiness.json").read_bytes())
    assert [i.outcome for i in report.items if i.id == "runbook.auth"] == [Outcome.PASS]


@pytest.mark.parametrize(
    "options, message",
    [
        (("--sandbox", "--defect", "receiver-sleeps-well"), "There is no defect 'receiver-sleeps-well'"),
        (("--defect", "runbook-stale"), "--defect is a defect of the sandbox: add --sandbox."),
    ],
)
def test_a_defect_that_cannot_be_planted_is_wrong_usage(
    options: Sequence[str], message: str, installed: Path, tmp_path: Path
) -> None:
    """The message names it, and the exit status is 4."""
    ended = run(installed / "readiness-harness", "gate", *options, cwd=tmp_path)

    assert ended.returncode == 4
    assert message in ended.stderr


@pytest.fixture
def ready(tmp_path: Path) -> Path:
    """A target that is READY, with an overlay of another name."""
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "test_own.py").write_text(PASSES)
    (tmp_path / "harness.toml").write_text(NAMED + OWN_ITEM + waivers(MUST))
    (tmp_path / "harness.staging.toml").write_text('[target]\nname = "On staging"\n')
    return tmp_path


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that has pip and our dependencies, and not the harness."""
    return made_once(tmp_path_factory, "with-pip", _with_pip)


def _with_pip(home: Path) -> Path:
    done = run(sys.executable, "-m", "venv", home, cwd=home)
    assert done.returncode == 0, done.stderr
    site = Path(sysconfig.get_path("purelib", vars={"base": str(home)}))
    (site / "zz-dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home / "bin"


def steps(lines: Sequence[tuple[str, dict[str, str]]], ready: Path, empty: Path) -> None:
    """Run lines of a CI file in a shell, each with its variables, until one fails; pip asks no package index."""
    common = {"PATH": f"{empty}:{os.environ['PATH']}", "PIP_NO_DEPS": "1", "PIP_NO_INDEX": "1"}
    common |= {"GITHUB_STEP_SUMMARY": str(ready / "summary.md"), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    for line, env in lines:
        done = run("bash", "-euo", "pipefail", "-c", line, cwd=ready, env={**common, **env})
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


def test_the_composite_action_runs(wheel: Path, ready: Path, empty: Path) -> None:
    """Its steps install the package, run the gate of the overlay into the folder, and fill the job's summary."""
    action = yaml.safe_load((ROOT / "docs" / "ci" / "action.yml").read_text())
    given = {name: each["default"] for name, each in action["inputs"].items()}
    given |= {"package": str(wheel), "target": "staging", "reports": "out"}
    lines = [
        (
            step["run"],
            {k: re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda m: given[m[1]], v) for k, v in step["env"].items()},
        )
        for step in action["runs"]["steps"]
    ]

    steps(lines, ready, empty)

    report = read((ready / "out" / "readiness.json").read_bytes())
    assert (report.verdict, report.target.name) == (Verdict.READY, "On staging")
    assert "READY" in (ready / "summary.md").read_text()
    assert {step["shell"] for step in action["runs"]["steps"]} == {"bash"}


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_the_first_ci_file_runs_in_a_fresh_folder(
    ci: str, wheel: Path, ready: Path, empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `init` writes installs the harness by its name, and what a requirements.txt names where there is one."""
    fresh = ready / "fresh"
    fresh.mkdir()
    if ci == "gitlab":
        for folder in (fresh, ready):
            (folder / "requirements.txt").write_text(f"readiness-harness @ {wheel.as_uri()}\n")
    monkeypatch.chdir(fresh)
    assert CliRunner().invoke(main, ["init", "--receiver", "http://127.0.0.1:9/hook", "--ci", ci]).exit_code == 0
    document = yaml.safe_load((fresh / CI_FILES[ci]).read_text())
    job = document["readiness"] if ci == "gitlab" else document["jobs"]["gate"]
    scripts = job.get("script") or [step["run"] for step in job["steps"] if "run" in step]
    pip = {"PIP_IGNORE_INSTALLED": "1"}  # the harness around this test, which the dependencies bring along
    pip |= {} if ci == "gitlab" else {"PIP_FIND_LINKS": str(wheel.parent)}

    steps([(line, pip) for line in scripts], ready, empty)

    left = [*job["artifacts"]["paths"], job["artifacts"]["reports"]["junit"]] if ci == "gitlab" else ["summary.md"]
    assert all((ready / path).exists() for path in left)
    assert read((ready / "reports" / "readiness.json").read_bytes()).verdict is Verdict.READY
