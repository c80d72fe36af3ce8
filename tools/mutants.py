# SPDX-License-Identifier: GPL-2.0-or-later
"""Change an operator, a condition or a number of the core, one at a time, and run tests of that line.

``record`` finds which tests execute each line; ``run`` tries changes, and goes on where it was ended; ``report`` counts
them and prints those that no test noticed.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import inspect
import json
import os
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.machinery import SourceFileLoader
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import NamedTuple
from xml.etree import ElementTree

import pytest
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names
from coverage import CoverageData

ROOT = Path(__file__).resolve().parents[1]
COMMIT = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True)
#: Lines and changes are those of one commit.
FOLDER = ROOT / "build" / "mutants" / COMMIT.stdout.strip()
LINES, TIMES, RESULTS = FOLDER / "lines.db", FOLDER / "times.xml", FOLDER / "results.jsonl"
PACKAGES = ("geometry", "rules", "engine", "fixes")
TESTS = tuple(f"tests/{name}" for name in ("core", "plans", "cases", "mutations", "metamorphic"))
#: Operators whose changes rarely make sense here, or change what a checker of types finds.
LEFT_OUT = ("Shift", "_Is", "Pow", "FloorDiv", "Variable", "Decorator", "Exception", "Invert", "_UAdd")
#: Seconds of tests that a change is given, and the number of tests of its module and package among them.
TEST_SECONDS, NEAREST = 30.0, 40
#: One of this many changes changes nothing: the tests must pass.
CONTROL_SHARE = 25
#: Loaded once, for the tests of all changes.
LIBRARIES = ("geopandas", "hypothesis", "pyogrio", "scipy.optimize", "openpyxl", "docx")
KILLED, SURVIVED, UNTESTED, CONTROL, FAILED = "killed", "survived", "untested", "control", "failed"


class Mutant(NamedTuple):
    """A change: file, operator of Cosmic Ray, its occurrence in the file, and the changed line.

    ``is_control``: the file stays as it is.
    """

    path: str
    operator: str
    occurrence: int
    line: int
    is_control: bool = False


def record() -> int:
    """Run the tests, and store which of them execute each line, and how long they last."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    sources = "\n    ".join(f"plugin/core/{name}" for name in PACKAGES)
    (FOLDER / "coveragerc").write_text(f"[run]\ndata_file = {LINES.relative_to(ROOT)}\nsource = {sources}\n")
    options = ["--cov", f"--cov-config={FOLDER / 'coveragerc'}", "--cov-context=test", "--cov-report="]
    options += [f"--junitxml={TIMES}", "-q", "-n", str(os.cpu_count()), "--dist", "loadfile", "-m", "not exhaustive"]
    return subprocess.run([sys.executable, "-m", "pytest", *TESTS, *options], cwd=ROOT, check=False).returncode


def choose_mutants(count: int, seed: int) -> Iterator[Mutant]:
    """Yield changes at different places, which are the same for a seed."""
    places: dict[tuple[str, object], list[Mutant]] = defaultdict(list)
    names = sorted(name for name in operator_names() if not any(word in name for word in LEFT_OUT))
    for path in sorted(path for name in PACKAGES for path in (ROOT / "plugin/core" / name).rglob("*.py")):
        nodes = list(ast_nodes(get_ast(path.read_text("utf-8"))))
        for name in names:
            operator = get_operator(name)()
            positions = (position for node in nodes for position in operator.mutation_positions(node))
            for number, position in enumerate(positions):
                key = path.relative_to(ROOT).as_posix()
                places[key, position].append(Mutant(key, name, number, position[0][0]))
    chance = Random(seed)
    chosen = [chance.choice(places[key]) for key in sorted(places)]
    chance.shuffle(chosen)
    for mutant in chosen:
        if count and has_effect(mutant):
            yield mutant._replace(is_control=count % CONTROL_SHARE == 0)
            count -= 1


def change(mutant: Mutant) -> str:
    """Return the text of the changed file."""
    text = (ROOT / mutant.path).read_text("utf-8")
    return text if mutant.is_control else mutate_code(text, get_operator(mutant.operator)(), mutant.occurrence)


def has_effect(mutant: Mutant) -> bool:
    """Return False for a change of annotations only, and of a star before arguments, which is taken for a product."""
    texts = ((ROOT / mutant.path).read_text("utf-8"), change(mutant))
    try:
        return len({ast.dump(_Unannotated().visit(ast.parse(text))) for text in texts}) == 2
    except SyntaxError:
        return False


class _Unannotated(ast.NodeTransformer):
    def visit_arg(self, node: ast.arg) -> ast.arg:
        return ast.arg(node.arg)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant(None)
        return self.generic_visit(node)


@cache
def read_seconds() -> dict[str, float]:
    """Return the seconds of each test that passed, and was not skipped."""
    cases = ElementTree.parse(TIMES).getroot().iter("testcase")
    names = ((f"{case.get('classname').replace('.', '/')}.py::{case.get('name')}", case) for case in cases)
    return {name: float(case.get("time")) for name, case in names if not len(case)}


def choose_tests(mutant: Mutant) -> list[str]:
    """Return tests that execute the line of a change: those of the same module and package, short ones, some others.

    For a line that is executed on loading, they are those that execute any line of the file.
    """
    data = CoverageData(str(LINES))
    data.read()
    contexts_by_line = data.contexts_by_lineno(str(ROOT / mutant.path))
    contexts = [one for one in contexts_by_line.get(mutant.line, []) if one]
    contexts = contexts or [one for line in contexts_by_line.values() for one in line]
    seconds = read_seconds()
    tests = {name for name in (context.rpartition("|")[0] for context in contexts) if name in seconds}
    folder = Path(mutant.path).parent.relative_to("plugin")

    def rank(name: str) -> tuple[bool, int, float, str]:
        nearness = len(os.path.commonpath([folder, *Path(name.partition("::")[0]).relative_to("tests").parents[:1]]))
        return Path(mutant.path).stem not in name, -nearness, seconds[name], name

    ordered = sorted(tests, key=rank)
    others = ordered[NEAREST:]
    Random(str(mutant)).shuffle(others)
    chosen, total = [], 0.0
    for name in (*ordered[:NEAREST], *others):
        if not chosen or total + seconds[name] <= TEST_SECONDS:
            chosen.append(name)
            total += seconds[name]
    return chosen


def has_wrong_example(path: str) -> bool:
    """Return True if an example of a rule or fix of a file has another result."""
    from plugin.core.cli.examples.run_examples import list_examples
    from plugin.core.fixes.fix_declaration import load_all_fixes
    from plugin.core.model.rule import load_all_rules

    declared = (*load_all_rules().values(), *load_all_fixes().values())
    codes = {one.code for one in declared if inspect.unwrap(one.function).__code__.co_filename == path}
    return any(example.find_problem() for example in list_examples() if example.code in codes)


def run_tests(mutant: Mutant, tests: list[str]) -> None:
    """Run the examples of a changed file, and tests with it in place of the original one; exit with pytest's code.

    An error in an example also ends the process, as a change that is noticed.
    """
    path, code = str(ROOT / mutant.path), compile(change(mutant), str(ROOT / mutant.path), "exec", dont_inherit=True)
    original = SourceFileLoader.get_code
    SourceFileLoader.get_code = lambda self, name: code if self.path == path else original(self, name)
    sink = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):
        os.dup2(sink, number)
    os.chdir(ROOT)
    if has_wrong_example(path):
        os._exit(1)
    os._exit(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]))


class Trial:
    """A change whose tests run in a process."""

    def __init__(self, mutant: Mutant):
        self.mutant, self.tests = mutant, choose_tests(mutant)
        self.started = time.monotonic()
        self.end = self.started + 60 + 4 * sum(read_seconds()[name] for name in self.tests)
        # The process has the libraries that this one has loaded, and no module of the plugin.
        self.process = get_context("fork").Process(target=run_tests, args=(mutant, self.tests))
        if self.tests:
            self.process.start()

    @property
    def has_ended(self) -> bool:
        if self.tests and self.process.is_alive() and time.monotonic() > self.end:
            self.process.kill()
            self.process.join()
        return not (self.tests and self.process.is_alive())

    def make_row(self) -> dict[str, object]:
        """Return the change with its outcome; FAILED for a control whose tests fail, and for tests that cannot run."""
        outcome = {0: SURVIVED, 4: FAILED, 5: FAILED}.get(self.process.exitcode, KILLED) if self.tests else UNTESTED
        if self.mutant.is_control and self.tests:
            outcome = CONTROL if outcome == SURVIVED else FAILED
        seconds = round(time.monotonic() - self.started, 1)
        return {**self.mutant._asdict(), "tests": len(self.tests), "seconds": seconds, "outcome": outcome}


def run(count: int, seed: int, minutes: float, jobs: int) -> int:
    """Try changes that were not tried before."""
    done = {Mutant(*(row[name] for name in Mutant._fields)) for row in read_results()}
    waiting = [one for one in choose_mutants(count, seed) if one not in done]
    end, trials = time.monotonic() + 60 * minutes, []
    for library in LIBRARIES:
        import_module(library)
    while (waiting and time.monotonic() < end) or trials:
        while waiting and len(trials) < jobs and time.monotonic() < end:
            trials.append(Trial(waiting.pop(0)))
        time.sleep(0.1)
        with RESULTS.open("a", encoding="utf-8") as results:
            for trial in [one for one in trials if one.has_ended]:
                trials.remove(trial)
                results.write(json.dumps(trial.make_row()) + "\n")
    return report()


def read_results() -> list[dict[str, object]]:
    return [json.loads(line) for line in RESULTS.read_text("utf-8").splitlines()] if RESULTS.exists() else []


def report() -> int:
    """Print the numbers of outcomes for each package, and each change that no test noticed; return 1 if some failed."""
    rows = read_results()
    for name in PACKAGES:
        counts = Counter(row["outcome"] for row in rows if Path(str(row["path"])).parts[2] == name)
        print(name, dict(counts))
    for row in rows:
        if row["outcome"] in (SURVIVED, UNTESTED, FAILED):
            mutant = Mutant(*(row[name] for name in Mutant._fields))
            texts = [(ROOT / mutant.path).read_text("utf-8").splitlines(), change(mutant).splitlines()]
            lines = list(difflib.unified_diff(*texts, n=0, lineterm=""))[3:]
            print(f"{row['outcome']} {mutant.path}:{mutant.line} ({row['tests']} tests)", *lines, sep="\n    ")
    return int(any(row["outcome"] == FAILED for row in rows))


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools/mutants.sh", description=__doc__)
    parser.add_argument("action", choices=["record", "run", "report"])
    parser.add_argument("--count", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=600.0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    args = parser.parse_args()
    if args.action == "run":
        return run(args.count, args.seed, args.minutes, args.jobs)
    return record() if args.action == "record" else report()


if __name__ == "__main__":
    sys.exit(main())
