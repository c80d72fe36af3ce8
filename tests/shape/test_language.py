# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that docstrings, comments, identifiers and commits avoid banned words.

The words and their replacements are in banned_words.toml. Files that keep the words of an earlier version are
excluded.
"""

import ast
import functools
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.shape.syntax import list_comments, list_nodes

ROOT = Path(__file__).parents[2]
BANNED_WORDS_FILE = Path(__file__).with_name("banned_words.toml")
_IDENTIFIER_PART_PATTERN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_MAX_SHOWN_PROBLEMS = 40


@functools.cache
def read_banned_words(section: str) -> list[tuple[re.Pattern[str], str]]:
    words = tomllib.loads(BANNED_WORDS_FILE.read_text(encoding="utf-8"))[section]
    return [(re.compile(rf"\b(?:{word})\b", re.IGNORECASE), better) for word, better in words.items()]


@functools.cache
def read_sources() -> dict[Path, str]:
    """Return the text of the project's Python files by path."""
    paths = sorted(path for folder in ("plugin", "tests", "tools") for path in (ROOT / folder).rglob("*.py"))
    return {path: path.read_text(encoding="utf-8") for path in paths}


def list_docstrings(text: str):
    """Yield line and text of each docstring."""
    for node in list_nodes(text):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            doc = ast.get_docstring(node, clean=False)
            if doc:
                yield node.body[0].lineno, doc


def list_files_with_hash_comments() -> list[Path]:
    """Return settings, templates and scripts, whose comments begin with #."""
    names = run_git("ls-files", "*.toml", "*.sh", "Makefile", ".ci/run", ":!tests/upgrade").splitlines()
    return [ROOT / name for name in names]


def list_hash_comments(text: str):
    """Yield line and text of each comment that begins with #."""
    for number, line in enumerate(text.splitlines(), 1):
        # A # within quotes is part of a value, such as a colour.
        if found := re.match(r"(?:[^\"'#]|\"[^\"]*\"|'[^']*')*(#.*)", line):
            yield number, found[1]


def list_defined_names(text: str):
    """Yield line and name of each function, class, parameter and assigned variable."""
    for node in list_nodes(text):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr


def find_banned_words(section: str, text: str) -> list[str]:
    """Return each banned word of a text with its replacement."""
    # Names of code in double backticks and quotations of texts on screens are not prose.
    text = re.sub(r"``[^`]*``|`[^`]*`|“[^”]*”", " ", text)
    return [f"“{match[0]}” ({better})" for word, better in read_banned_words(section) for match in word.finditer(text)]


def split_identifier(name: str) -> str:
    return " ".join(_IDENTIFIER_PART_PATTERN.findall(name.replace("_", " ")))


def fail_with_problems(problems: list[str]) -> None:
    assert not problems, f"{len(problems)} places:\n" + "\n".join(problems[:_MAX_SHOWN_PROBLEMS])


@pytest.mark.parametrize("read", [list_docstrings, list_comments])
def test_docstrings_and_comments_contain_no_banned_words(read):
    fail_with_problems(
        [
            f"{path.relative_to(ROOT)}:{line}: {word}"
            for path, source in read_sources().items()
            for line, text in read(source)
            for word in find_banned_words("prose", text)
        ]
    )


def test_comments_of_data_files_and_scripts_contain_no_banned_words():
    fail_with_problems(
        [
            f"{path.relative_to(ROOT)}:{line}: {word}"
            for path in list_files_with_hash_comments()
            for line, text in list_hash_comments(path.read_text(encoding="utf-8"))
            for word in find_banned_words("prose", text)
        ]
    )


def test_identifiers_contain_no_banned_words():
    fail_with_problems(
        [
            f"{path.relative_to(ROOT)}:{line}: {name}: {word}"
            for path, source in read_sources().items()
            for line, name in sorted(set(list_defined_names(source)))
            for word in find_banned_words("identifiers", split_identifier(name))
        ]
    )


def test_module_names_contain_no_banned_words():
    names = {path.relative_to(ROOT) for path in read_sources()}
    fail_with_problems(
        [
            f"{path}: {word}"
            for path in sorted(names)
            for word in find_banned_words("identifiers", split_identifier(str(path)))
        ]
    )


def test_commit_subjects_contain_no_banned_words_and_fit_72_bytes():
    """Check commits since the first one that has the list of words."""
    first = run_git("log", "--diff-filter=A", "--format=%H", "--", str(BANNED_WORDS_FILE.relative_to(ROOT))).split()
    if not first:
        pytest.skip("not a clone with its history")
    subjects = run_git("log", "--format=%s", f"{first[-1]}..HEAD").splitlines()
    problems = [f"{one}: {word}" for one in subjects for word in find_banned_words("prose", one)]
    fail_with_problems(problems + [f"{one}: {len(one.encode())} bytes" for one in subjects if len(one.encode()) > 72])


def test_banned_word_search_finds_words_in_prose_and_identifiers():
    assert find_banned_words("prose", "Nobody is told what it looks at.") and find_banned_words(
        "identifiers", split_identifier("isTold_once")
    )
    assert not find_banned_words("prose", "A point lies within a polygon; ``told`` is a key.")
    assert list(list_defined_names("def f(a):\n    b = self.c = 1"))


def run_git(*arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else ""
