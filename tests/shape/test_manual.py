# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that the manual has all pages, valid links, and existing names."""

import re
import shlex
import sys

import pytest

from plugin.core.cli.parser import make_parser
from plugin.core.render.words import ReportTexts
from tests.manual_names import MANUAL, ROOT, list_interface_labels, list_named_elements, list_visible_texts
from tests.parametrize import for_each

sys.path.insert(0, str(ROOT / "tools"))

import make_manual as manual

CHAPTER_FILES = sorted(MANUAL.glob("*/*.md"))
COMMAND_PATTERN = re.compile(r"^python -m plugin\.core (.+)$", re.MULTILINE)


def list_commands():
    return [
        (path, line)
        for path in CHAPTER_FILES
        for line in COMMAND_PATTERN.findall(path.read_text(encoding="utf-8").replace("\\\n", " "))
    ]


@pytest.fixture(scope="module")
def manual_pages():
    return manual.make_manual_files()


@pytest.fixture
def chapter_file(tmp_path, monkeypatch):
    """Return the file of a manual of one chapter, which tests may change."""
    for lang in manual.FRAME:
        (tmp_path / lang).mkdir()
        (tmp_path / lang / "01-a.md").write_text("# A {#a}\n", encoding="utf-8")
    for style in ("manual.css", "books-dark.css"):
        (tmp_path / style).write_text("", encoding="utf-8")
    monkeypatch.setattr(manual, "SOURCES", tmp_path)
    for book in ("make_rule_book_page", "make_dictionary_page"):
        monkeypatch.setattr(manual.generated, book, lambda _lang: "<main></main>")
    return tmp_path / "zh" / "01-a.md"


def test_manual_has_all_chapters_in_chinese_and_english(manual_pages):
    chapters = ("01-quickstart", "02-data", "03-drawing", "04-checking", "05-fixing", "06-report", "07-projects")
    chapters += (
        "08-hand-in",
        "09-yearly",
        "10-townships",
        "11-counties",
        "14-command-line",
        "15-appendix",
        "index",
        "rules",
        "dictionary",
    )
    assert {f"zh/{name}.html" for name in chapters} <= set(manual_pages)
    translated = ("01-quickstart", "02-data", "06-report", "07-projects", "09-yearly", "10-townships", "11-counties")
    translated += ("12-exchange", "14-command-line")
    assert {f"en/{name}.html" for name in (*translated, "glossary", "index", "rules")} <= set(manual_pages)


def test_translated_chapters_have_the_anchors_of_the_chinese_ones(manual_pages):
    for name in ("06-report", "07-projects", "09-yearly", "10-townships", "11-counties", "12-exchange"):
        anchors = [re.findall(rb'<h\d id="([^"]+)"', manual_pages[f"{lang}/{name}.html"]) for lang in ("zh", "en")]
        assert anchors[0] == anchors[1] != []


def test_chapters_without_an_english_text_are_linked_in_chinese(manual_pages):
    index = manual_pages["en/index.html"].decode()
    assert '<a href="../zh/04-checking.html" hreflang="zh-CN">' in index and "../zh/07-projects.html" not in index
    tools = manual_pages["en/14-command-line.html"].decode()
    assert 'href="../zh/04-checking.html#tool-check-plan" hreflang="zh-CN"' in tools
    assert 'href="07-projects.html#projects"' in tools


@pytest.mark.parametrize(
    ("target", "error"),
    [
        ("../zh/02-b.md#b", ""),
        ("../zh/02-b.md#none", "leads nowhere"),
        ("../zh/01-a.md", "should lead to en/01-a.html"),
    ],
)
def test_english_pages_may_link_chinese_ones_only_without_an_english_text(chapter_file, target, error):
    (chapter_file.parent / "02-b.md").write_text("# B {#b}\n", encoding="utf-8")
    (chapter_file.parents[1] / "en" / "01-a.md").write_text(f"# A {{#a}}\n\n[b]({target})\n", encoding="utf-8")
    if error:
        with pytest.raises(manual.ManualError, match=error):
            manual.make_manual_files()
    else:
        page = manual.make_manual_files()["en/01-a.html"].decode()
        assert '<a href="../zh/02-b.html#b" hreflang="zh-CN">b</a>' in page


def test_manual_pages_join_wrapped_chinese_lines_without_a_space(chapter_file):
    chapter_file.write_text("# A {#a}\n\n甲\n乙，\n*丙* DLTB\n丁 one\ntwo\n", encoding="utf-8")
    assert "<p>甲乙，<em>丙</em> DLTB丁 one\ntwo</p>" in manual.make_manual_files()["zh/01-a.html"].decode()


def test_english_pages_keep_the_space_of_a_line_break_next_to_chinese(chapter_file):
    page = chapter_file.parents[1] / "en" / "01-a.md"
    page.write_text("# A {#a}\n\nmark 中断\nof “one”\nkind\n", encoding="utf-8")
    assert "<p>mark 中断\nof “one”\nkind</p>" in manual.make_manual_files()["en/01-a.html"].decode()


def test_manual_pages_contain_no_scripts_and_no_remote_links(manual_pages):
    for name, content in manual_pages.items():
        if name.endswith(".html"):
            assert not re.search(rb"<script|\bsrc=\"(?!\.\./images/)|href=\"[a-z]+:", content), name
    assert b"url(" not in manual_pages["manual.css"]


def test_manual_package_contains_exactly_the_images_its_pages_use(manual_pages):
    used = {src for content in manual_pages.values() for src in re.findall(rb'src="\.\./(images/[^"]+)"', content)}
    assert {name.encode() for name in manual_pages if name.startswith("images/")} == used != set()


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
def test_building_the_manual_with_a_faulty_chapter_raises_an_error_that_names_the_fault(chapter_file, text, error):
    assert "zh/01-a.html" in manual.make_manual_files()
    chapter_file.write_text(text, encoding="utf-8")
    with pytest.raises(manual.ManualError, match=error):
        manual.make_manual_files()


@for_each("path", CHAPTER_FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_menus_buttons_and_texts_named_in_the_manual_exist_in_the_interface(path):
    lang = path.parent.name
    bold, quoted = list_named_elements(path)
    assert sorted(set(bold) - list_interface_labels(lang)) == []
    assert sorted(set(quoted) - list_visible_texts(lang)) == []


def test_manual_check_detects_an_interface_element_that_does_not_exist(tmp_path):
    page = tmp_path / "a.md"
    page.write_text("**三区三线 → 没有这一项**，「没有这个词」。\n", encoding="utf-8")
    bold, quoted = list_named_elements(page)
    assert set(bold) - list_interface_labels("zh") == {"没有这一项"} and set(quoted) - list_visible_texts("zh") == {
        "没有这个词"
    }


@for_each("path, line", list_commands(), ids=lambda case: f"{case[0].stem}-{case[1][:40]}")
def test_command_lines_in_the_manual_are_accepted_by_the_argument_parser(path, line):
    source = getattr(make_parser(ReportTexts("zh")).parse_args(shlex.split(line)), "source", "")
    assert not source.startswith("resources/") or (ROOT / source).exists()


@for_each("path", CHAPTER_FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_files_named_in_the_manual_exist_in_the_repository(path):
    found = re.findall(r"`(resources/[\w./-]+|plugin/[\w./-]+|tools/[\w./-]+)`", path.read_text(encoding="utf-8"))
    assert [name for name in found if not (ROOT / name).exists()] == []
