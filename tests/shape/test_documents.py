# SPDX-License-Identifier: GPL-2.0-or-later
"""Documents are short, their links are valid, and decisions follow one form."""

import re
from pathlib import Path
from urllib.parse import unquote

from plugin.core.model.rule import all_rules
from plugin.core.standard import load_standard
from plugin.paths import ROOT
from tests.parametrize import for_each

DECISIONS = ROOT / "DECISIONS.md"
RECORDS = sorted((ROOT / "docs" / "adr").glob("*.md"))
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
LINK_TARGET = re.compile(r"(?<=\])\([^)\s]+\)")
CHINESE = re.compile(r"[\u3000-\u9fff\uff00-\uffef]")
INDEX_LINE = re.compile(r"- \[(\d{3})\]\((docs/adr/[\w-]+\.md)\) (.+) · (\d{4}-\d{2}-\d{2})")
MANUAL = ROOT / "docs" / "manual"
WIDEST = 120
#: Lines of a version in the changelog, where it is final.
LONGEST = {"0.1.0": 40}


def name_of(path):
    return str(path.relative_to(ROOT))


def without_code(text):
    """Return the lines of a document outside of fenced blocks."""
    lines, fenced = [], False
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced:
            lines.append(line)
    return lines


def anchors(text):
    """Return the anchors of a document's headings: lower case, punctuation removed, spaces as hyphens, repeats numbered."""
    found = set()
    for line in without_code(text):
        if heading := re.match(r"#+ +(.+?)\s*$", line):
            plain = re.sub(r"`|\*|!?\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).lower()
            slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
            repeats = [slug, *(f"{slug}-{n}" for n in range(1, 100))]
            found.add(next(name for name in repeats if name not in found))
            found.update(re.findall(r"{#([\w-]+)}$", heading[1]))
        found.update(re.findall(r'<a (?:id|name)="([^"]+)"', line))
    return found


def broken_links(document, text):
    """Return the links of a document to files or headings that do not exist."""
    broken = []
    for target in LINK.findall("\n".join(without_code(text))):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = unquote(target).partition("#")
        if MANUAL in document.parents and file.endswith(".html"):
            # `make manual` writes this page; test_manual.py checks it.
            continue
        path = (document.parent / file).resolve() if file else document
        if not path.exists():
            broken.append(target)
        elif anchor and anchor not in anchors(text if path == document else path.read_text(encoding="utf-8")):
            broken.append(target)
    return broken


def form_errors(text):
    """Return what a decision lacks of the form: title, date, three headings with text, at most 25 lines."""
    form = r"# \d{3} · .+\n\nDate: \d{4}-\d\d-\d\d\n\n## Context\n(.+)\n\n## Decision\n(.+)\n\n## Consequence\n(.+)\n"
    match = re.fullmatch(form, text, re.DOTALL)
    errors = [] if match and all(part.strip() for part in match.groups()) else ["form"]
    errors += ["headings"] if len(re.findall(r"^#", text, re.MULTILINE)) != 4 else []
    return errors + (["length"] if len(text.splitlines()) > 25 else [])


def test_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120


def test_readme_counts_the_rules_that_exist():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    counts = re.search(r"共 (\d+) 条规则，其中 (\d+) 条默认运行", text)
    assert (int(counts[1]), int(counts[2])) == (len(all_rules()), len(load_standard().rules))


@for_each("document", DOCUMENTS, ids=name_of)
def test_links_lead_to_files_and_headings(document):
    assert broken_links(document, document.read_text(encoding="utf-8")) == []


def test_broken_link_is_found():
    text = "# One title\n[a](#one-title) [b](#two) [c](README.md#no-such) [d](none.md) [e](https://example.org/x)"
    assert broken_links(ROOT / "README.md", text) == ["#two", "README.md#no-such", "none.md"]
    assert anchors("# A (规则)\n# A rule: `x`\n# A (规则)\n```\n# code\n```") == {"a-规则", "a-rule-x", "a-规则-1"}


@for_each("document", DOCUMENTS, ids=name_of)
def test_lines_fit_the_page(document):
    """Tables, Chinese texts, and lines with an address may be longer; the target of a link does not count."""
    wide = [
        (number, len(line))
        for number, line in enumerate(LINK_TARGET.sub("", document.read_text(encoding="utf-8")).splitlines(), 1)
        if len(line) > WIDEST and not line.startswith("|") and "://" not in line and not CHINESE.search(line)
    ]
    assert wide == []


@for_each("record", RECORDS, ids=name_of)
def test_decision_has_context_decision_and_consequence(record):
    assert form_errors(record.read_text(encoding="utf-8")) == []


def test_wrong_form_of_a_decision_is_found():
    text = RECORDS[0].read_text(encoding="utf-8")
    assert form_errors(text.replace("## Decision", "## Choice")) == ["form"]
    assert form_errors(text + "\n## More\n") == ["headings"]
    assert form_errors(text + "x\n" * 25) == ["length"]
    assert "form" in form_errors(re.sub(r"(## Consequence\n).+", r"\1\n", text, flags=re.DOTALL))


def test_index_lists_each_decision_once():
    lines = [line for line in DECISIONS.read_text(encoding="utf-8").splitlines() if line.startswith("- ")]
    listed = [INDEX_LINE.fullmatch(line).groups() for line in lines]
    expected = []
    for record in RECORDS:
        title, _, date = record.read_text(encoding="utf-8").splitlines()[:3]
        number, name = re.fullmatch(r"# (\d{3}) · (.+)", title).groups()
        assert record.name.startswith(f"{number}-")
        expected.append((number, name_of(Path(record)), name, date.removeprefix("Date: ")))
    assert listed == expected and [int(row[0]) for row in listed] == list(range(1, len(listed) + 1))


def test_changelog_is_short_and_tagged():
    sections = re.split(r"^## ", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    for section in sections:
        version, *lines = section.splitlines()
        assert len(lines) <= LONGEST.get(version, 60), version
        entries = [line for line in lines if line.startswith("- ")]
        assert entries and [line for line in entries if not re.match(r"- (新增|变更|修复)：", line)] == [], version
