# SPDX-License-Identifier: GPL-2.0-or-later
"""The pages (HTML) that the plugin puts into a package: find active content, and compare each page with its data.

A page is made of its data alone, so it is made again and compared letter by letter. Where that cannot be done (another version
of the plugin, a profile that is not here), what both must have is compared: verdict, counts, figures, rows.
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

#: Elements that our pages are made of. They have no others, of whatever version.
_KNOWN = frozenset(
    "html head meta title style body main header footer section h1 h2 h3 h4 p div span br b i em strong code sub sup small a "
    "ul ol li dl dt dd table caption colgroup col thead tbody tfoot tr th td details summary img "
    "svg g path polygon circle line rect polyline text".split()
)
#: Element or attribute → key of texts (``active``) of what it does.
_ELEMENTS = {
    "script": "script", "iframe": "frame", "frame": "frame", "object": "frame", "embed": "frame", "form": "form", "input": "form",
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
#: What styles can load, and what they can hide.
_LOADS = re.compile(r"url\s*\(|@import|expression\s*\(|behavior\s*:|-moz-binding", re.IGNORECASE)
_HIDES = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|opacity\s*:\s*0(?![.\d]*[1-9])|font-size\s*:\s*0(?![.\d]*[1-9])"
    r"|text-indent\s*:\s*-|clip-path\s*:|clip\s*:\s*rect|transform\s*:|color\s*:\s*transparent|filter\s*:"
    r"|::?(?:before|after)",
    re.IGNORECASE,
)
#: Spans of a page that print a digest.
_DIGEST = re.compile(r"[0-9a-f]{64}")
_SPACES = re.compile(r"\s+")
#: Labels of a legend, which come from the page itself: how many, and how long.
_MOST_LABELS, _LONGEST_LABEL = 40, 40
_VERDICTS = ("fail", "incomplete", "conditional", "pass")
_LANGUAGES = {"zh-cn": "zh", "zh": "zh", "en": "en"}


@dataclass
class Page:
    """What is in a page. ``active``: what runs, is loaded or hidden, as keys of texts; ``verdict``: the id and the word of the
    box; ``lines``: texts of the paragraphs with a verdict in a manifest's page; ``found``: (code, severity) → count as printed;
    ``figures``: id of an indicator → cells; ``codes``: texts of elements ``code``; ``rows``: cells of every row of a table."""

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
    """Fills a `Page`. Nothing is loaded or run."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self.stack: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.marks: list[tuple[int, str, dict[str, str]]] = []
        self.row: list[str] | None = None
        self.style: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
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
        while self.stack and any(one == tag for one, _ in self.stack):
            closed, kind = self.stack.pop()
            begin, _, given = self.marks.pop()
            self._closed(closed, kind, given, " ".join("".join(self.texts[begin:]).split()))
            if closed == "style":
                # Not visible; active content of it is recorded separately.
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
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        # Our pages have no comments; Internet Explorer runs conditional ones.
        self.page.active["foreign"] += 1


def read_page(text: str) -> Page:
    """Return what is in a page."""
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
    """The text of a page, without what a copy may add; None where it is not in UTF-8, as ours are."""
    try:
        return data.decode("utf-8").removeprefix("\ufeff").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return None


def remake_report(report: Report, norm: Norm | None, page: Page) -> list[str]:
    """The page of a report as this version makes it, with the pictures of ``render_manifest_page``; one for each reason that there may be for
    a page without."""
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
    """The page of a manifest as this version makes it."""
    from ..page import render_manifest_page as make

    # The page was made before it was itself listed.
    files = [row for row in manifest["files"] if row["path"] != PAGE]
    return [make({**manifest, "files": files}, lang) for lang in ([page.lang] if page.lang else ["zh", "en"])]


def find_added_content(page: Page, made: Iterable[Page]) -> list[str]:
    """Keys of what runs, is loaded or hidden in a page, without what our own style sheet has."""
    own: Counter[str] = Counter()
    made = list(made)
    # What cannot be made again has our own style sheet all the same.
    for one in made or [
        read_page(f"<style>{path.read_text('utf-8')}</style>") for path in sorted(REPORTS.glob("*.css"))
    ]:
        own |= one.active
    return sorted(page.active - own)


def verdicts_in(text: str) -> list[str]:
    """Ids of the verdicts that a text names in either language, the longest word first: 有条件通过 is no 通过."""
    found = []
    for lang in ("zh", "en"):
        words = Texts(lang).section("verdicts")
        pattern = "|".join(re.escape(w) for w in sorted((words[v] for v in _VERDICTS), key=len, reverse=True))
        ids = {words[v].lower(): v for v in _VERDICTS}
        found += [ids[m.group().lower()] for m in re.finditer(pattern, text, re.IGNORECASE)]
    return found


class PageDifference(NamedTuple):
    """A part of a page that differs: a key of texts (``parts``), what the page has and what its data give."""

    key: str
    page_value: str
    data_value: str


def compare_report_page(page: Page, made: Page, report: Report) -> list[PageDifference]:
    """What differs between a report's page and its data, of what every version of the plugin prints."""
    said = report.summary["verdict"]
    wrong = []
    if page.verdict[0] != made.verdict[0] or verdicts_in(page.verdict[1]) != [made.verdict[0] or said]:
        wrong.append(_verdict(page, made))
    if _digits(page.counts) != _digits(made.counts):
        wrong.append(PageDifference("counts", " ".join(page.counts), " ".join(made.counts)))
    if page.found != made.found:
        wrong.append(_findings(page, made))
    # Name, target, value, room, state; the rest is words.
    rows = [[((n, _digits(cells[1:4])), cells) for n, cells in one.figures] for one in (page, made)]
    wrong += _rows_apart("figures", rows)
    return wrong


def compare_manifest_page(page: Page, made: Page, manifest: dict[str, Any]) -> list[PageDifference]:
    """The same for a manifest's page."""
    wrong = []
    said = [manifest["check"].get("verdict")]
    if [v for line in page.lines for v in verdicts_in(line)][:1] != said or _digits(page.lines) != _digits(made.lines):
        wrong.append(PageDifference("verdict", " ".join(page.lines), " ".join(made.lines)))
    digests = {code for code in page.codes if _DIGEST.fullmatch(code)}
    listed = {row["sha256"] for row in manifest["files"] if row["path"] != PAGE}
    if digests != listed:
        wrong.append(PageDifference("files", " ".join(sorted(digests - listed)), " ".join(sorted(listed - digests))))
    rows = [
        sorted((_digits(cells[1:-1]), cells) for cells in one.rows if cells and _is_layer(cells[0], manifest))
        for one in (page, made)
    ]
    return wrong + _rows_apart("figures", rows)


def _verdict(page: Page, made: Page) -> PageDifference:
    told, given = (" ".join(filter(None, (*one.lines, one.verdict[1] or one.verdict[0]))) for one in (page, made))
    if told == given:
        # The word is the same, the mark behind it is not.
        told, given = (f"{one.verdict[1]} {one.verdict[0]}".strip() for one in (page, made))
    return PageDifference("verdict", told, given)


def _findings(page: Page, made: Page) -> PageDifference:
    """The first rows of findings that only one of two pages has."""
    rows = [sorted((one - other).elements()) for one, other in ((page.found, made.found), (made.found, page.found))]
    return PageDifference("findings", *(" ".join(some[0]) if some else "" for some in rows))


def _rows_apart(key: str, sides: Sequence[Sequence[tuple[Any, tuple[str, ...]]]]) -> list[PageDifference]:
    """The first rows (what is compared, cells) that differ between two pages; empty where none do."""
    for told, given in zip_longest(*sides):
        if told is None or given is None or told[0] != given[0]:
            return [PageDifference(key, *_cells_apart(told[1] if told else (), given[1] if given else ()))]
    return []


def _cells_apart(told: tuple[str, ...], given: tuple[str, ...]) -> tuple[str, str]:
    """Two rows as a message repeats them: of rows as long as each other the first cell and those that differ, else all."""
    if len(told) != len(given):
        return " ".join(told), " ".join(given)
    places = [n for n, (a, b) in enumerate(zip(told, given, strict=True)) if n == 0 or a != b]
    return " ".join(told[n] for n in places), " ".join(given[n] for n in places)


def _is_layer(cell: str, manifest: dict[str, Any]) -> bool:
    return cell.rpartition(" ")[2] in {row["layer"] for row in manifest["layers"]}


def _digits(texts: Iterable[str]) -> list[str]:
    """The figures of texts, without what groups or names them."""
    return [figure for text in texts for figure in re.findall(r"[−+-]?\d+(?:\.\d+)?", _SPACES.sub("", text))]


def compare_pages(page: Page, made: Page) -> list[PageDifference]:
    """Where two pages of one version differ, the first place of each part in both."""
    wrong = []
    if page.verdict != made.verdict or page.lines != made.lines:
        wrong.append(_verdict(page, made))
    if page.counts != made.counts:
        wrong.append(PageDifference("counts", " ".join(page.counts), " ".join(made.counts)))
    if page.found != made.found:
        wrong.append(_findings(page, made))
    wrong += _rows_apart("figures", [[(one, one[1]) for one in side.figures] for side in (page, made)])
    if not wrong:
        wrong += _rows_apart("rows", [[(cells, cells) for cells in side.rows] for side in (page, made)])
    if not wrong and page.text != made.text:
        wrong.append(PageDifference("text", *find_first_difference(page.text, made.text)))
    return wrong


#: Letters that a message repeats around the first place where two texts differ.
_AROUND = 24


def _place(one: str, other: str) -> int:
    """Where two texts differ first."""
    return next((k for k, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def first_different_line(text: str, other: str) -> int:
    """The line, from 1, in which a text differs from another first."""
    return text.count("\n", 0, _place(text, other)) + 1


def find_first_difference(one: str, other: str) -> tuple[str, str]:
    """The first place where two texts differ, with a few letters around it."""
    n = _place(one, other)
    begin = max(n - _AROUND // 2, 0)
    return one[begin : n + _AROUND].strip(), other[begin : n + _AROUND].strip()
