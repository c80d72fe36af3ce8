# SPDX-License-Identifier: GPL-2.0-or-later
"""Make the manual of docs/manual as HTML pages and as a PDF.

``tools/run.sh python tools/make_manual.py`` writes resources/manual (HTML, opened by the plugin's help buttons) and
build/sanxian-manual-zh.pdf, with build/sanxian-quick-start-zh.pdf, a page to hand out. ``--no-pdf`` leaves the PDFs
out, which need QGIS's Qt.

`tools/package.py` makes the HTML when it packs the zip, by `make_manual_files`; git does not track the HTML. The rule
book, the dictionary, the indicators and the terms in it come from the resources of the same commit, so a packed page is
never older than its code. The Markdown parser is markdown-it-py, which requirements-dev.txt pins already; a second one
(Python-Markdown) would add a dependency and no function.
"""

from __future__ import annotations

import argparse
import posixpath
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape, unescape
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import manual_generated as generated

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "docs" / "manual"
IMAGES = ROOT / "docs" / "images"
TARGET = ROOT / "resources" / "manual"
PDF = ROOT / "build" / "sanxian-manual-zh.pdf"
QUICK_START_PDF = PDF.with_name("sanxian-quick-start-zh.pdf")
#: Language that has all chapters. Pages of other languages link its chapters that are not translated.
COMPLETE_LANG = "zh"
#: Languages with the words of the page frame.
FRAME = {
    "zh": {"lang": "zh-CN", "title": "三区三线规划助手 使用手册", "contents": "目录", "rules": "规则手册"},
    "en": {
        "lang": "en",
        "title": "Sanxian Manual",
        "contents": "Contents",
        "rules": "Rule book",
        "untranslated": "In Chinese only",
    },
}
DICTIONARY = {"zh": "数据字典"}

_ID_PATTERN = re.compile(r"\s*\{#([A-Za-z0-9_-]+)\}\s*$")
_BLOCK_PATTERN = re.compile(r"\{\{([a-z_]+)\}\}")
_CHAPTER_LINK_PATTERN = re.compile(rf"((?:\.\./{COMPLETE_LANG}/)?)([\w-]+)\.md(#[\w-]+)?")
_FIGURE_PATTERN = re.compile(r'<p><img src="([^"]+)" alt="([^"]*)" ?/?></p>')
_HREF_PATTERN = re.compile(r'<a (?:class="\w+" )?href="([^"]*)"')
_IMAGE_SOURCE_PATTERN = re.compile(r'<img src="([^"]*)"')
#: Chinese characters and punctuation.
_WIDE_CHARACTER_PATTERN = re.compile(r"[\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef“”]")
_ANCHOR_PATTERN = re.compile(r'\bid="([^"]+)"')


class ManualError(Exception):
    """An error in the sources of the manual; the text names file and place."""


@dataclass(frozen=True)
class Heading:
    """A heading of a chapter with its level (1 to 6) and the id by which pages link to it."""

    level: int
    text: str
    anchor: str


@dataclass
class Chapter:
    """One Markdown file of the manual, converted to HTML.

    ``name``: stem of the file; ``body``: HTML without the frame; ``images``: names of the image files that it
    shows.
    """

    name: str
    body: str
    headings: list[Heading] = field(default_factory=list)
    images: list[str] = field(default_factory=list)

    @property
    def title(self) -> str:
        """Return the text of the chapter's first heading."""
        return self.headings[0].text


def read_chapters(lang: str) -> list[Chapter]:
    """Return the manual's chapters in a language, ordered by file name."""
    return [read_chapter(path, lang) for path in sorted((SOURCES / lang).glob("*.md"))]


def read_chapter(path: Path, lang: str) -> Chapter:
    """Convert one Markdown file to a chapter in HTML.

    Raise ManualError for a heading without an id, a remote address or an unknown block.
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(path.read_text(encoding="utf-8"))
    chapter = Chapter(path.stem, "")
    place = f"{lang}/{path.name}"
    for position, token in enumerate(tokens):
        if token.type == "heading_open":
            inline = tokens[position + 1]
            anchor = _take_anchor(inline, place)
            token.attrSet("id", anchor)
            chapter.headings.append(
                Heading(int(token.tag[1]), "".join(child.content for child in inline.children or []), anchor)
            )
        elif token.type == "inline":
            _convert_links(token, place, chapter.images)
            if lang == "zh":
                _join_lines(token)
    if not chapter.headings or chapter.headings[0].level != 1:
        raise ManualError(f"{place}: the first heading is not of level 1")
    html = parser.renderer.render(list(_insert_generated_blocks(tokens, lang, place)), parser.options, {})
    chapter.body = _FIGURE_PATTERN.sub(r'<figure><img src="\1" alt="\2"><figcaption>\2</figcaption></figure>', html)
    return chapter


def _take_anchor(inline: Token, file_label: str) -> str:
    """Remove ``{#id}`` from the end of a heading and return the id."""
    last = (inline.children or [])[-1]
    found = _ID_PATTERN.search(last.content)
    if found is None:
        raise ManualError(f"{file_label}: heading without an id: {inline.content}")
    last.content = last.content[: found.start()]
    inline.content = _ID_PATTERN.sub("", inline.content)
    return found[1]


def _convert_links(inline: Token, file_label: str, images: list[str]) -> None:
    """Turn links to Markdown files into links to pages, and adapt paths of images."""
    for child in inline.children or []:
        if child.type == "link_open":
            address = str(child.attrGet("href"))
            if re.match(r"[a-z]+:", address):
                raise ManualError(f"{file_label}: the manual is offline, but links {address}")
            if chapter := _CHAPTER_LINK_PATTERN.fullmatch(address):
                child.attrSet("href", f"{chapter[1]}{chapter[2]}.html{chapter[3] or ''}")
                if chapter[1]:
                    child.attrSet("hreflang", FRAME[COMPLETE_LANG]["lang"])
        elif child.type == "image":
            name = Path(str(child.attrGet("src"))).name
            if str(child.attrGet("src")) != f"../../images/{name}" or not (IMAGES / name).is_file():
                raise ManualError(f"{file_label}: no such image: {child.attrGet('src')}")
            images.append(name)
            child.attrSet("src", f"../images/{name}")


def _join_lines(inline: Token) -> None:
    """Remove line breaks next to Chinese characters, which a browser would show as spaces."""
    children = inline.children or []
    for position, child in enumerate(children):
        if child.type != "softbreak":
            continue
        before = next((c.content[-1] for c in reversed(children[:position]) if c.content), "")
        after = next((c.content[0] for c in children[position + 1 :] if c.content), "")
        if _WIDE_CHARACTER_PATTERN.match(before) or _WIDE_CHARACTER_PATTERN.match(after):
            child.type, child.content = "text", ""


def _insert_generated_blocks(tokens: list[Token], lang: str, file_label: str) -> Iterator[Token]:
    """Replace each paragraph ``{{name}}`` by the generated HTML block of that name."""
    position = 0
    while position < len(tokens):
        token = tokens[position]
        named = token.type == "paragraph_open" and _BLOCK_PATTERN.fullmatch(tokens[position + 1].content)
        if named:
            if named[1] not in generated.GENERATORS_BY_BLOCK:
                raise ManualError(f"{file_label}: unknown block {{{{{named[1]}}}}}")
            yield Token("html_block", "", 0, content=generated.GENERATORS_BY_BLOCK[named[1]](lang) + "\n")
            position += 3
            continue
        yield token
        position += 1


def make_manual_files() -> dict[str, bytes]:
    """Return all files of the HTML manual, by path below the manual's folder.

    Raise ManualError for a broken link.
    """
    found = {"manual.css": (SOURCES / "manual.css").read_bytes()}
    chapters_by_lang = {lang: read_chapters(lang) for lang in FRAME}
    pages: dict[str, str] = {}
    for lang, listed in chapters_by_lang.items():
        names = {chapter.name for chapter in listed}
        untranslated = [chapter for chapter in chapters_by_lang[COMPLETE_LANG] if chapter.name not in names]
        made = {chapter.name: _make_page(chapter, listed, lang) for chapter in listed}
        made["index"] = _make_index_page(listed, untranslated, lang)
        made["rules"] = _add_link_to_contents(generated.make_rule_book_page(lang), lang)
        if lang in DICTIONARY:
            made["dictionary"] = _add_link_to_contents(generated.make_dictionary_page(lang), lang)
        pages |= {f"{lang}/{name}.html": text for name, text in made.items()}
        for name in {image for chapter in listed for image in chapter.images}:
            found[f"images/{name}"] = (IMAGES / name).read_bytes()
    _raise_on_broken_links(pages)
    found |= {path: text.encode() for path, text in pages.items()}
    return dict(sorted(found.items()))


def _raise_on_broken_links(html_by_path: dict[str, str]) -> None:
    """Raise ManualError for a link or an image that a page must not have.

    These are links to a page or anchor that does not exist, links to a chapter in another language that the language of
    the page has too, and images outside the manual. ``html_by_path``: path such as ``zh/index.html`` → HTML.
    """
    anchors = {path: set(_ANCHOR_PATTERN.findall(text)) for path, text in html_by_path.items()}
    for path, text in html_by_path.items():
        folder, place = path.partition("/")[0], path.removesuffix(".html")
        for address in _HREF_PATTERN.findall(text):
            page, _, anchor = unescape(address).partition("#")
            if page.endswith(".css"):
                continue
            target = posixpath.normpath(f"{folder}/{page}") if page else path
            if target not in anchors or (anchor and anchor not in anchors[target]):
                raise ManualError(f"{place}: the link {address} leads nowhere")
            translated = f"{folder}/{posixpath.basename(target)}"
            if translated != target and translated in anchors:
                raise ManualError(f"{place}: the link {address} should lead to {translated}")
        if wrong := [src for src in _IMAGE_SOURCE_PATTERN.findall(text) if not src.startswith("../images/")]:
            raise ManualError(f"{place}: images from elsewhere: {', '.join(wrong)}")


def _make_page(chapter: Chapter, chapters: list[Chapter], lang: str) -> str:
    """Return a chapter as a page: menu of all chapters with the headings of this one, then its text.

    ``chapters``: all chapters in order.
    """
    place = [one.name for one in chapters].index(chapter.name)
    ways = []
    if place > 0:
        ways.append(f'<a href="{chapters[place - 1].name}.html">← {escape(chapters[place - 1].title)}</a>')
    if place + 1 < len(chapters):
        ways.append(f'<a href="{chapters[place + 1].name}.html">{escape(chapters[place + 1].title)} →</a>')
    footer = f"<footer>{' '.join(ways)}</footer>"
    return _put_in_frame(
        f"{chapter.title} · {FRAME[lang]['title']}", _make_menu(chapters, lang, chapter), chapter.body + footer, lang
    )


def _make_index_page(chapters: list[Chapter], untranslated: list[Chapter], lang: str) -> str:
    """Return the page with the contents of the manual: all chapters with their headings of level 2.

    ``untranslated``: chapters that the language lacks, listed without headings.
    """
    parts = [f'<h1 id="top">{FRAME[lang]["title"]}</h1>', f"<p>{escape(generated.make_version_line(lang))}</p>"]
    for chapter in chapters:
        inside = "".join(
            f'<li><a href="{chapter.name}.html#{h.anchor}">{escape(h.text)}</a></li>'
            for h in chapter.headings
            if h.level == 2
        )
        parts.append(f'<h2><a href="{chapter.name}.html">{escape(chapter.title)}</a></h2><ul>{inside}</ul>')
    parts.append(f"<ul>{_make_book_links(lang)}</ul>")
    if untranslated:
        rows = "".join(
            f'<li><a href="../{COMPLETE_LANG}/{chapter.name}.html" hreflang="{FRAME[COMPLETE_LANG]["lang"]}">'
            f"{escape(chapter.title)}</a></li>"
            for chapter in untranslated
        )
        parts.append(f"<h2>{FRAME[lang]['untranslated']}</h2><ul>{rows}</ul>")
    return _put_in_frame(FRAME[lang]["title"], _make_menu(chapters, lang), "\n".join(parts), lang)


def _make_menu(chapters: list[Chapter], lang: str, current_chapter: Chapter | None = None) -> str:
    """Return the menu of all chapters as HTML; the current chapter is marked and has its headings."""
    rows = [f'<li><a href="index.html">{FRAME[lang]["contents"]}</a></li>']
    for chapter in chapters:
        inside = ""
        if chapter is current_chapter:
            links = (f'<li><a href="#{h.anchor}">{escape(h.text)}</a></li>' for h in chapter.headings if h.level == 2)
            inside = f"<ul>{''.join(links)}</ul>"
        mark = ' class="here"' if chapter is current_chapter else ""
        rows.append(f'<li{mark}><a href="{chapter.name}.html">{escape(chapter.title)}</a>{inside}</li>')
    return f"<ul>{''.join(rows)}{_make_book_links(lang)}</ul>"


def _make_book_links(lang: str) -> str:
    """Return links to the generated rule book, and to the data dictionary if any."""
    rows = f'<li><a href="rules.html">{FRAME[lang]["rules"]}</a></li>'
    return rows + (f'<li><a href="dictionary.html">{DICTIONARY[lang]}</a></li>' if lang in DICTIONARY else "")


def _put_in_frame(title: str, menu: str, body: str, lang: str) -> str:
    """Return a complete HTML page from its title, menu and body."""
    return (
        f'<!DOCTYPE html>\n<html lang="{FRAME[lang]["lang"]}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{escape(title)}</title>\n'
        f'<link rel="stylesheet" href="../manual.css">\n</head>\n<body>\n<nav>{menu}</nav>\n<main>\n{body}\n</main>\n'
        "</body>\n</html>\n"
    )


def _add_link_to_contents(page: str, lang: str) -> str:
    """Add a link to the manual's contents, and dark colours, to a generated book."""
    dark = (SOURCES / "books-dark.css").read_text(encoding="utf-8")
    page = page.replace("</style>", f"{dark}</style>", 1)
    way = f'<p><a href="index.html">← {FRAME[lang]["title"]}</a></p>'
    return page.replace("<main>", f"<main>\n{way}", 1)


def write_pages(folder: Path) -> int:
    """Replace a folder by the HTML manual; return the number of files."""
    made = make_manual_files()
    if folder.exists():
        shutil.rmtree(folder)
    for name, content in made.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return len(made)


def main() -> None:
    """Write the HTML manual and, without ``--no-pdf``, the PDF."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--no-pdf", action="store_true", help="HTML only")
    args = parser.parse_args()
    try:
        print(f"{TARGET.relative_to(ROOT)}: {write_pages(TARGET)} files")
        if not args.no_pdf:
            import manual_pdf

            chapters = read_chapters("zh")
            print(f"{PDF.relative_to(ROOT)}: {manual_pdf.write_pdf(chapters, PDF)} pages")
            manual_pdf.write_quick_start(chapters[0], QUICK_START_PDF)
            print(f"{QUICK_START_PDF.relative_to(ROOT)}: 1 page")
    except ManualError as error:
        sys.exit(f"manual: {error}")


if __name__ == "__main__":
    main()
