# SPDX-License-Identifier: GPL-2.0-or-later
"""Active content of generated pages (HTML), and comparison with their data.

A page depends only on its data, so it is made again and compared completely. If this is not possible (another version
of the plugin, an unknown profile), verdict, counts, figures and rows are compared.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

from ....paths import REPORTS
from ...files.digests import PAGE
from ...messages.texts import Texts
from ...model.report import Report

if TYPE_CHECKING:
    from ...profile import Norm

#: Elements of our pages of all versions.
_KNOWN = frozenset(
    "html head meta title style body main header footer section h1 h2 h3 h4 p div span br b i em strong code sub sup "
    "small a "
    "ul ol li dl dt dd table caption colgroup col thead tbody tfoot tr th td details summary img "
    "svg g path polygon circle line rect polyline text".split()
)
#: Element or attribute → key of texts (``active``) of its effect.
_ELEMENTS = {
    "script": "script", "iframe": "frame", "frame": "frame", "object": "frame", "embed": "frame", "form": "form", "input": "form",  # noqa: E501 - a table
    "button": "form", "link": "remote", "base": "remote", "video": "remote", "audio": "remote", "source": "remote",
}  # fmt: skip
_ADDRESSES = (
    "src",
    "href",
    "xlink:href",
    "action",
    "formaction",
    "data",
    "background",
    "poster",
    "srcset",
    "ping",
    "cite",
)
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*", re.IGNORECASE)
#: Constructs in styles that load or hide content.
_LOADS = re.compile(r"url\s*\(|@import|expression\s*\(|behavior\s*:|-moz-binding", re.IGNORECASE)
_HIDES = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|opacity\s*:\s*0(?![.\d]*[1-9])|font-size\s*:\s*0(?![.\d]*[1-9])"
    r"|text-indent\s*:\s*-|clip-path\s*:|clip\s*:\s*rect|transform\s*:|color\s*:\s*transparent|filter\s*:"
    r"|::?(?:before|after)",
    re.IGNORECASE,
)
#: Texts of a page that are digests.
_DIGEST = re.compile(r"[0-9a-f]{64}")
_SPACES = re.compile(r"\s+")
#: Maximum number and length of labels of a legend, which are taken from the page itself.
_MOST_LABELS, _LONGEST_LABEL = 40, 40
_VERDICTS = ("fail", "incomplete", "conditional", "pass")
_LANGUAGES = {"zh-cn": "zh", "zh": "zh", "en": "en"}


@dataclass
class Page:
    """Content of a page.

    Attributes
    ----------
    active
        Keys of texts of content that is executed, loaded or hidden.
    verdict
        Id and word of the verdict's box.
    lines
        Texts of the paragraphs with a verdict in a manifest's page.
    found
        (code, severity, printed count) of the rows of findings.
    figures
        Id of an indicator and its cells.
    codes
        Texts of elements ``code``.
    rows
        Cells of every row of a table.
    """

    lang: str = ""
    active: Counter[str] = field(default_factory=Counter)
    verdict: tuple[str, str] = ("", "")
    lines: list[str] = field(default_factory=list)
    counts: list[str] = field(default_factory=list)
    found: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    figures: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    rows: list[tuple[str, ...]] = field(default_factory=list)
    pictures: list[tuple[str, str, str]] = field(default_factory=list)
    text: str = ""


class _Reader(HTMLParser):
    """Parser that fills a `Page`; nothing is loaded or executed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self.stack: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.marks: list[tuple[int, str, dict[str, str]]] = []
        self.row: list[str] | None = None
        self.style: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record an element."""
        given = {name: value or "" for name, value in attrs}
        page, kind = self.page, given.get("class", "")
        if tag == "html":
            page.lang = page.lang or _LANGUAGES.get(given.get("lang", "").lower(), "")
        if tag not in _KNOWN:
            page.active[_ELEMENTS.get(tag, "foreign")] += 1
        self._attributes(tag, given)
        if tag == "img":
            page.pictures.append((self._around(), given.get("alt", ""), given.get("src", "")))
        if tag == "div" and "data-verdict" in given:
            page.verdict = (given["data-verdict"], "")
        if tag == "tr" and "data-code" in given:
            page.found[given["data-code"], given.get("data-severity", ""), given.get("data-count", "")] += 1
        if tag in ("br", "img", "meta", "link", "input", "base", "col"):
            return
        self.stack.append((tag, kind))
        if tag == "tr":
            self.row = []
        self.marks.append((len(self.texts), tag, given))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record an empty element."""
        self.handle_starttag(tag, attrs)
        if tag not in ("br", "img", "meta", "link", "input", "base", "col"):
            self.handle_endtag(tag)

    def _attributes(self, tag: str, given: dict[str, str]) -> None:
        active = self.page.active
        for name, value in given.items():
            if name.startswith("on"):
                active["handler"] += 1
            elif name in _ADDRESSES and not (value.startswith("#") or (tag == "img" and _PICTURE.fullmatch(value))):
                active["script" if "script:" in _SPACES.sub("", value).lower() else "remote"] += 1
            elif name == "style" or name == "hidden":
                active["style"] += 1
        if tag == "meta" and given.get("http-equiv"):
            active["refresh"] += 1

    def _around(self) -> str:
        return next((kind for _, kind in reversed(self.stack) if kind), "")

    def handle_endtag(self, tag: str) -> None:
        """Close an element and the unclosed elements in it."""
        while self.stack and any(one == tag for one, _ in self.stack):
            closed, kind = self.stack.pop()
            begin, _, given = self.marks.pop()
            self._closed(closed, kind, given, " ".join("".join(self.texts[begin:]).split()))
            if closed == "style":
                # Not visible; its active content is recorded separately.
                del self.texts[begin:]
            if closed == tag:
                break

    def _closed(self, tag: str, kind: str, given: dict[str, str], text: str) -> None:
        page, around = self.page, self._around()
        if tag == "style":
            self.style.append(text)
        elif tag == "div" and kind.split()[:1] == ["vb"]:
            page.verdict = (page.verdict[0] if kind.split()[1:] == [page.verdict[0]] else "", text)
        elif tag == "span" and around == "vt":
            page.counts.append(text)
        elif tag == "p" and kind in ("verdict", "forced"):
            page.lines.append(text)
        elif tag == "code":
            page.codes.append(text)
        elif tag in ("td", "th") and self.row is not None:
            self.row.append(text)
        elif tag == "tr" and self.row is not None:
            page.rows.append(tuple(self.row))
            if "data-indicator" in given:
                page.figures.append((given["data-indicator"], tuple(self.row)))
            self.row = None
        elif tag == "span" and kind == "lgi" and page.pictures:
            where, what, source = page.pictures[-1]
            page.pictures[-1] = (where, what or text, source)

    def handle_data(self, data: str) -> None:
        """Record a text."""
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        # Our pages have no comments; Internet Explorer runs conditional ones.
        """Record a comment as foreign content."""
        self.page.active["foreign"] += 1


def read_page(text: str) -> Page:
    """Return the content of a page."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    while reader.stack:
        reader.handle_endtag(reader.stack[-1][0])
    page = reader.page
    for style in reader.style:
        if _LOADS.search(style):
            page.active["remote"] += 1
        page.active["style"] += len(_HIDES.findall(style))
    page.active = +page.active
    page.text = " ".join("".join(reader.texts).split())
    return page


def decode_page(data: bytes) -> str | None:
    """Return the text of a page without changes by copying; None unless it is UTF-8."""
    try:
        return data.decode("utf-8").removeprefix("\ufeff").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return None


def remake_report(report: Report, norm: Norm | None, page: Page) -> list[str]:
    """Make the page of a report as this version does, with the pictures of ``page``.

    For a page without pictures, return one text for each possible reason.
    """
    from ...render.finding_lists import list_conflicts as conflicts_of
    from ...render.html import render_report
    from ...render.pictures import LegendEntry, Pictures
    from ...render.words import Words

    words = Words(report.lang)
    if not page.pictures:
        failed = words.get("text", "picture_failed", detail="\x00").split("\x00")
        named = re.search(r"([A-Za-z_]\w{0,80})".join(map(re.escape, failed)), page.text)
        problems = [words.get("text", "picture_failed", detail=named[1])] if named else []
        given = [None, Pictures(), *(Pictures(problem=one) for one in problems)]
        return [render_report(report, norm, one) for one in given]
    rows = conflicts_of(report, words)["rows"]
    overview = [source for where, _, source in page.pictures if where == "mapb"]
    legend = [(what, source) for where, what, source in page.pictures if where == "lgi"]
    numbered = {label: source for where, label, source in page.pictures if where == "pc"}
    conflicts = [numbered.get(row["circled"], "") for row in rows]
    if len(overview) > 1 or len(legend) > _MOST_LABELS or any(len(what) > _LONGEST_LABEL for what, _ in legend):
        return []
    drawn = Pictures("".join(overview), conflicts, [LegendEntry(*one) for one in legend])
    return [render_report(report, norm, drawn)]


def remake_manifest(manifest: dict[str, Any], page: Page) -> list[str]:
    """Make the page of a manifest as this version makes it."""
    from ..page import render_manifest_page as make

    # The page was made before it was listed itself.
    files = [row for row in manifest["files"] if row["path"] != PAGE]
    return [make({**manifest, "files": files}, lang) for lang in ([page.lang] if page.lang else ["zh", "en"])]


def find_added_content(page: Page, made: Iterable[Page]) -> list[str]:
    """Return keys of active or hidden content of a page beyond our style sheet."""
    own: Counter[str] = Counter()
    made = list(made)
    # If the page could not be made again, it still has our style sheet.
    for one in made or [
        read_page(f"<style>{path.read_text('utf-8')}</style>") for path in sorted(REPORTS.glob("*.css"))
    ]:
        own |= one.active
    return sorted(page.active - own)


def verdicts_in(text: str) -> list[str]:
    """Return ids of the verdicts that a text names in either language.

    The longest word is matched first, because 有条件通过 contains 通过.
    """
    found = []
    for lang in ("zh", "en"):
        words = Texts(lang).section("verdicts")
        pattern = "|".join(re.escape(w) for w in sorted((words[v] for v in _VERDICTS), key=len, reverse=True))
        ids = {words[v].lower(): v for v in _VERDICTS}
        found += [ids[m.group().lower()] for m in re.finditer(pattern, text, re.IGNORECASE)]
    return found


class PageDifference(NamedTuple):
    """A differing part of a page: key of texts (``parts``), value of page and of data."""

    key: str
    page_value: str
    data_value: str


def compare_report_page(page: Page, made: Page, report: Report) -> list[PageDifference]:
    """Compare the parts of a report's page that every version prints with its data."""
    verdict = report.summary["verdict"]
    wrong = []
    if page.verdict[0] != made.verdict[0] or verdicts_in(page.verdict[1]) != [made.verdict[0] or verdict]:
        wrong.append(_different_verdicts(page, made))
    if _digits(page.counts) != _digits(made.counts):
        wrong.append(PageDifference("counts", " ".join(page.counts), " ".join(made.counts)))
    if page.found != made.found:
        wrong.append(_different_findings(page, made))
    # Compare name, target, value, room and state; other cells are words.
    rows = [[((n, _digits(cells[1:4])), cells) for n, cells in one.figures] for one in (page, made)]
    wrong += _different_rows("figures", rows)
    return wrong


def compare_manifest_page(page: Page, made: Page, manifest: dict[str, Any]) -> list[PageDifference]:
    """Compare the parts of a manifest's page that every version prints with its data."""
    wrong = []
    verdicts = [manifest["check"].get("verdict")]
    if [v for line in page.lines for v in verdicts_in(line)][:1] != verdicts or _digits(page.lines) != _digits(
        made.lines
    ):
        wrong.append(PageDifference("verdict", " ".join(page.lines), " ".join(made.lines)))
    digests = {code for code in page.codes if _DIGEST.fullmatch(code)}
    listed = {row["sha256"] for row in manifest["files"] if row["path"] != PAGE}
    if digests != listed:
        wrong.append(PageDifference("files", " ".join(sorted(digests - listed)), " ".join(sorted(listed - digests))))
    rows = [
        sorted((_digits(cells[1:-1]), cells) for cells in one.rows if cells and _is_layer(cells[0], manifest))
        for one in (page, made)
    ]
    return wrong + _different_rows("figures", rows)


def _different_verdicts(page: Page, made: Page) -> PageDifference:
    on_page, expected = (" ".join(filter(None, (*one.lines, one.verdict[1] or one.verdict[0]))) for one in (page, made))
    if on_page == expected:
        # The word is the same, but the mark after it differs.
        on_page, expected = (f"{one.verdict[1]} {one.verdict[0]}".strip() for one in (page, made))
    return PageDifference("verdict", on_page, expected)


def _different_findings(page: Page, made: Page) -> PageDifference:
    """Return the first rows of findings that only one of two pages has."""
    rows = [sorted((one - other).elements()) for one, other in ((page.found, made.found), (made.found, page.found))]
    return PageDifference("findings", *(" ".join(some[0]) if some else "" for some in rows))


def _different_rows(key: str, sides: Sequence[Sequence[tuple[Any, tuple[str, ...]]]]) -> list[PageDifference]:
    """Return the first rows (compared value, cells) that differ; empty if equal."""
    for on_page, expected in zip_longest(*sides):
        if on_page is None or expected is None or on_page[0] != expected[0]:
            cells = _different_cells(on_page[1] if on_page else (), expected[1] if expected else ())
            return [PageDifference(key, *cells)]
    return []


def _different_cells(on_page: tuple[str, ...], expected: tuple[str, ...]) -> tuple[str, str]:
    """Return two rows for a message: of equal lengths the first and differing cells."""
    if len(on_page) != len(expected):
        return " ".join(on_page), " ".join(expected)
    places = [n for n, (a, b) in enumerate(zip(on_page, expected, strict=True)) if n == 0 or a != b]
    return " ".join(on_page[n] for n in places), " ".join(expected[n] for n in places)


def _is_layer(cell: str, manifest: dict[str, Any]) -> bool:
    return cell.rpartition(" ")[2] in {row["layer"] for row in manifest["layers"]}


def _digits(texts: Iterable[str]) -> list[str]:
    """Return the figures of texts without separators and words."""
    return [figure for text in texts for figure in re.findall(r"[−+-]?\d+(?:\.\d+)?", _SPACES.sub("", text))]


def compare_pages(page: Page, made: Page) -> list[PageDifference]:
    """Return the first difference of each part of two pages of one version."""
    wrong = []
    if page.verdict != made.verdict or page.lines != made.lines:
        wrong.append(_different_verdicts(page, made))
    if page.counts != made.counts:
        wrong.append(PageDifference("counts", " ".join(page.counts), " ".join(made.counts)))
    if page.found != made.found:
        wrong.append(_different_findings(page, made))
    wrong += _different_rows("figures", [[(one, one[1]) for one in side.figures] for side in (page, made)])
    if not wrong:
        wrong += _different_rows("rows", [[(cells, cells) for cells in side.rows] for side in (page, made)])
    if not wrong and page.text != made.text:
        wrong.append(PageDifference("text", *find_first_difference(page.text, made.text)))
    return wrong


#: Characters of a message around the first difference of two texts.
_AROUND = 24


def _first_difference_at(one: str, other: str) -> int:
    """Return the position of the first difference of two texts."""
    return next((k for k, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def first_different_line(text: str, other: str) -> int:
    """Return the line, from 1, of the first difference of two texts."""
    return text.count("\n", 0, _first_difference_at(text, other)) + 1


def find_first_difference(one: str, other: str) -> tuple[str, str]:
    """Return the first difference of two texts with some characters around it."""
    n = _first_difference_at(one, other)
    begin = max(n - _AROUND // 2, 0)
    return one[begin : n + _AROUND].strip(), other[begin : n + _AROUND].strip()
