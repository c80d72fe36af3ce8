# SPDX-License-Identifier: GPL-2.0-or-later
"""The manual: complete pages, valid links, and existing names."""

import re
import shlex
import sys

import pytest

from plugin.core.cli.parser import make_parser
from plugin.core.render.words import Words
from tests.manual_names import MANUAL, ROOT, labels, named, texts
from tests.parametrize import for_each

sys.path.insert(0, str(ROOT / "tools"))

import make_manual as manual

CHAPTERS = sorted(MANUAL.glob("*/*.md"))
COMMAND = re.compile(r"^python -m plugin\.core (.+)$", re.MULTILINE)


def commands():
    return [
        (path, line)
        for path in CHAPTERS
        for line in COMMAND.findall(path.read_text(encoding="utf-8").replace("\\\n", " "))
    ]


@pytest.fixture(scope="module")
def pages():
    return manual.pages()


@pytest.fixture
def sources(tmp_path, monkeypatch):
    """Return a manual of one chapter, to be changed by tests."""
    for lang in manual.FRAME:
        (tmp_path / lang).mkdir()
        (tmp_path / lang / "01-a.md").write_text("# A {#a}\n", encoding="utf-8")
    for style in ("manual.css", "books-dark.css"):
        (tmp_path / style).write_text("", encoding="utf-8")
    monkeypatch.setattr(manual, "SOURCES", tmp_path)
    for book in ("rule_book_page", "dictionary_page"):
        monkeypatch.setattr(manual.generated, book, lambda _lang: "<main></main>")
    return tmp_path / "zh" / "01-a.md"


def test_both_languages_have_their_chapters(pages):
    chapters = ("01-quickstart", "02-data", "03-drawing", "04-checking", "05-report", "06-maps-package")
    chapters += ("07-versions-vct", "08-command-line", "09-appendix", "index", "rules", "dictionary")
    assert {f"zh/{name}.html" for name in chapters} <= set(pages)
    assert {f"en/{name}.html" for name in ("01-quickstart", "02-data", "glossary", "index", "rules")} <= set(pages)


def test_chinese_lines_are_joined_without_a_space(sources):
    sources.write_text("# A {#a}\n\n甲\n乙，\n*丙* DLTB\n丁 one\ntwo\n", encoding="utf-8")
    assert "<p>甲乙，<em>丙</em> DLTB丁 one\ntwo</p>" in manual.pages()["zh/01-a.html"].decode()


def test_pages_are_offline_and_have_no_script(pages):
    for name, content in pages.items():
        if name.endswith(".html"):
            assert not re.search(rb"<script|\bsrc=\"(?!\.\./images/)|href=\"[a-z]+:", content), name
    assert b"url(" not in pages["manual.css"]


def test_every_image_is_packed_once(pages):
    used = {src for content in pages.values() for src in re.findall(rb'src="\.\./(images/[^"]+)"', content)}
    assert {name.encode() for name in pages if name.startswith("images/")} == used != set()


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("# A\n", "heading without an id"),
        ("## A {#a}\n", "not of level 1"),
        ("# A {#a}\n\n[b](02-b.md)\n", "leads nowhere"),
        ("# A {#a}\n\n[b](#b)\n", "leads nowhere"),
        ("# A {#a}\n\n[b](https://example.org)\n", "offline"),
        ("# A {#a}\n\n![b](../../images/none.png)\n", "no such image"),
        ("# A {#a}\n\n{{none}}\n", "unknown block"),
    ],
)
def test_errors_in_the_sources_are_named(sources, text, error):
    assert "zh/01-a.html" in manual.pages()
    sources.write_text(text, encoding="utf-8")
    with pytest.raises(manual.ManualError, match=error):
        manual.pages()


@for_each("path", CHAPTERS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_interface_elements_named_in_the_manual_exist(path):
    lang = path.parent.name
    bold, quoted = named(path)
    assert sorted(set(bold) - labels(lang)) == []
    assert sorted(set(quoted) - texts(lang)) == []


def test_missing_interface_element_is_found(tmp_path):
    page = tmp_path / "a.md"
    page.write_text("**三区三线 → 没有这一项**，「没有这个词」。\n", encoding="utf-8")
    bold, quoted = named(page)
    assert set(bold) - labels("zh") == {"没有这一项"} and set(quoted) - texts("zh") == {"没有这个词"}


@for_each("path, line", commands(), ids=lambda case: f"{case[0].stem}-{case[1][:40]}")
def test_commands_of_the_manual_are_accepted(path, line):
    args = make_parser(Words("zh")).parse_args(shlex.split(line))
    source = getattr(args, "source", "")
    assert not source.startswith("resources/") or (ROOT / source).exists()


@for_each("path", CHAPTERS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_files_that_the_manual_names_exist(path):
    found = re.findall(r"`(resources/[\w./-]+|plugin/[\w./-]+|tools/[\w./-]+)`", path.read_text(encoding="utf-8"))
    assert [name for name in found if not (ROOT / name).exists()] == []
