# SPDX-License-Identifier: GPL-2.0-or-later
"""Docstrings, comments, identifiers and commit subjects use plain words.

The words and what to write instead are in banned_words.toml. Data that keeps the words of an earlier version, and quotations of
user-visible texts, are not prose of ours.
"""

import ast
import functools
import io
import re
import subprocess
import tokenize
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORDS = Path(__file__).with_name("banned_words.toml")
#: Runs on the tree of v0.1.0, with its names.
OTHER_VERSION = {ROOT / "tests" / "upgrade" / "make_0_1_0.py"}
#: Public names: a key of style_limits (looks.toml), and the file of a rule, which has the rule's name.
PUBLIC = {"least_colour_apart", "rel021_heritage_parts_apart"}
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_MOST = 40


@functools.cache
def banned(section: str) -> list[tuple[re.Pattern[str], str]]:
    words = tomllib.loads(WORDS.read_text(encoding="utf-8"))[section]
    return [(re.compile(rf"\b(?:{word})\b", re.IGNORECASE), better) for word, better in words.items()]


@functools.cache
def sources() -> dict[Path, str]:
    """Python files of the project: path → text."""
    paths = sorted(path for folder in ("plugin", "tests", "tools") for path in (ROOT / folder).rglob("*.py"))
    return {path: path.read_text(encoding="utf-8") for path in paths if path not in OTHER_VERSION}


@functools.cache
def nodes(text: str) -> list[ast.AST]:
    return list(ast.walk(ast.parse(text)))


def docstrings(text: str):
    """Yield line and text of each docstring."""
    for node in nodes(text):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            doc = ast.get_docstring(node, clean=False)
            if doc:
                yield node.body[0].lineno, doc


def comments(text: str):
    """Yield line and text of each comment."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def defined_names(text: str):
    """Yield line and name of each function, class, parameter and assigned variable."""
    for node in nodes(text):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr


def found(section: str, text: str) -> list[str]:
    """Return each banned word of a text with its replacement."""
    # Names of code in double backticks and quotations of texts on screens are not prose.
    text = re.sub(r"``[^`]*``|`[^`]*`|“[^”]*”", " ", text)
    return [f"“{match[0]}” ({better})" for word, better in banned(section) for match in word.finditer(text)]


def parts(name: str) -> str:
    return " ".join(_PART.findall(name.replace("_", " ")))


def report(problems: list[str]) -> None:
    assert not problems, f"{len(problems)} places:\n" + "\n".join(problems[:_MOST])


@pytest.mark.parametrize("read", [docstrings, comments])
def test_prose_uses_plain_words(read):
    report(
        [
            f"{path.relative_to(ROOT)}:{line}: {word}"
            for path, source in sources().items()
            for line, text in read(source)
            for word in found("prose", text)
        ]
    )


def test_identifiers_use_plain_words():
    report(
        [
            f"{path.relative_to(ROOT)}:{line}: {name}: {word}"
            for path, source in sources().items()
            for line, name in sorted(set(defined_names(source)))
            if name not in PUBLIC
            for word in found("identifiers", parts(name))
        ]
    )


def test_modules_use_plain_words():
    names = {path.relative_to(ROOT) for path in sources() if path.stem not in PUBLIC}
    report([f"{path}: {word}" for path in sorted(names) for word in found("identifiers", parts(str(path)))])


def test_commit_subjects_use_plain_words_and_fit_72_bytes():
    """Since the first commit that has the list of words."""
    first = _git("log", "--diff-filter=A", "--format=%H", "--", str(WORDS.relative_to(ROOT))).split()
    if not first:
        pytest.skip("not a clone with its history")
    subjects = _git("log", "--format=%s", f"{first[-1]}..HEAD").splitlines()
    problems = [f"{one}: {word}" for one in subjects for word in found("prose", one)]
    report(problems + [f"{one}: {len(one.encode())} bytes" for one in subjects if len(one.encode()) > 72])


def test_the_words_are_found_where_they_are_used():
    assert found("prose", "Nobody is told what it looks at.") and found("identifiers", parts("isTold_once"))
    assert not found("prose", "A point lies within a polygon; ``told`` is a key.")
    assert list(defined_names("def f(a):\n    b = self.c = 1"))


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else ""
