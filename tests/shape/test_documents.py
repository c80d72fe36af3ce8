# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that documents are short, links are valid, and decisions follow one form."""

import re
from pathlib import Path
from urllib.parse import unquote

from plugin.core.model.rule import load_all_rules
from plugin.core.standard import load_standard
from plugin.paths import PLUGIN_ROOT
from tests.parametrize import for_each

DECISIONS = PLUGIN_ROOT / "DECISIONS.md"
DECISION_RECORDS = sorted((PLUGIN_ROOT / "docs" / "adr").glob("*.md"))
DOCUMENTS = [*sorted(PLUGIN_ROOT.glob("*.md")), *sorted((PLUGIN_ROOT / "docs").rglob("*.md"))]
LINK_PATTERN = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
LINK_TARGET_PATTERN = re.compile(r"(?<=\])\([^)\s]+\)")
CHINESE_CHARACTER_PATTERN = re.compile(r"[\u3000-\u9fff\uff00-\uffef]")
INDEX_LINE_PATTERN = re.compile(r"- \[(\d{3})\]\((docs/adr/[\w-]+\.md)\) (.+) · (\d{4}-\d{2}-\d{2})")
MANUAL = PLUGIN_ROOT / "docs" / "manual"
MAX_LINE_LENGTH = 120
#: Lines of a version in the changelog, where it is final.
MAX_LINES_BY_VERSION = {"0.1.0": 40}


def get_relative_path(path):
    return str(path.relative_to(PLUGIN_ROOT))


def remove_code_blocks(text):
    """Return the lines of a document outside of fenced code blocks."""
    lines, fenced = [], False
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced:
            lines.append(line)
    return lines


def list_anchors(text, *, has_ids=False):
    """Return the link anchors of a document's headings, as GitHub makes them.

    They are lower case without punctuation, with hyphens for spaces; repeats are numbered. ``has_ids``: also the ids
    ``{#id}`` of headings, which only the pages of the manual have.
    """
    found = set()
    for line in remove_code_blocks(text):
        if heading := re.match(r"#+ +(.+?)\s*$", line):
            plain = re.sub(r"`|\*|!?\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).lower()
            slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
            repeats = [slug, *(f"{slug}-{n}" for n in range(1, 100))]
            found.add(next(name for name in repeats if name not in found))
            found.update(re.findall(r"{#([\w-]+)}$", heading[1]) if has_ids else ())
        found.update(re.findall(r'<a (?:id|name)="([^"]+)"', line))
    return found


def list_broken_links(document, text):
    """Return the links of a document to files or headings that do not exist."""
    broken = []
    for target in LINK_PATTERN.findall("\n".join(remove_code_blocks(text))):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = unquote(target).partition("#")
        if MANUAL in document.parents and file.endswith(".html"):
            # `make manual` writes this page; test_manual.py checks it.
            continue
        path = (document.parent / file).resolve() if file else document
        if not path.exists():
            broken.append(target)
        elif anchor and anchor not in list_anchors(
            text if path == document else path.read_text(encoding="utf-8"), has_ids=MANUAL in document.parents
        ):
            broken.append(target)
    return broken


def list_form_errors(text):
    """Return the form errors of a decision record.

    It needs a title, a date, three headings with text, and at most 25 lines.
    """
    form = r"# \d{3} · .+\n\nDate: \d{4}-\d\d-\d\d\n\n## Context\n(.+)\n\n## Decision\n(.+)\n\n## Consequence\n(.+)\n"
    match = re.fullmatch(form, text, re.DOTALL)
    errors = [] if match and all(part.strip() for part in match.groups()) else ["form"]
    errors += ["headings"] if len(re.findall(r"^#", text, re.MULTILINE)) != 4 else []
    return errors + (["length"] if len(text.splitlines()) > 25 else [])


def test_each_threat_in_the_security_document_names_tests_that_exist():
    lines = (PLUGIN_ROOT / "docs" / "security.md").read_text(encoding="utf-8").splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")][1:]
    assert len(lines) <= 60 and len(rows) > 20
    for threat, _answer, tests in rows:
        names = re.findall(r"`(tests/[\w/]+\.py)`((?: `test_\w+`)+)", tests)
        assert names, threat
        for path, functions in names:
            text = (PLUGIN_ROOT / path).read_text(encoding="utf-8")
            assert [one for one in re.findall(r"test_\w+", functions) if f"def {one}(" not in text] == [], threat


def test_readme_has_at_most_120_lines():
    assert len((PLUGIN_ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120


def test_rule_counts_in_the_readme_equal_the_existing_rules():
    text = (PLUGIN_ROOT / "README.md").read_text(encoding="utf-8")
    counts = re.search(r"共 (\d+) 条规则；(\d+) 条默认运行，县级总体规划的整套成果再加 (\d+) 条", text)
    standard = load_standard()
    of_county = len(standard.scopes["county"].additional_rules)
    assert tuple(map(int, counts.groups())) == (len(load_all_rules()), len(standard.rules), of_county)


@for_each("document", DOCUMENTS, ids=get_relative_path)
def test_links_in_documents_lead_to_existing_files_and_headings(document):
    assert list_broken_links(document, document.read_text(encoding="utf-8")) == []


def test_link_checker_reports_broken_links():
    text = "# One title\n[a](#one-title) [b](#two) [c](README.md#no-such) [d](none.md) [e](https://example.org/x)"
    assert list_broken_links(PLUGIN_ROOT / "README.md", text) == ["#two", "README.md#no-such", "none.md"]
    assert list_broken_links(PLUGIN_ROOT / "README.md", "[f](docs/manual/zh/06-report.md#marks)") != []
    assert list_broken_links(MANUAL / "zh" / "01-quickstart.md", "[f](06-report.md#marks)") == []
    assert list_anchors("# A (规则)\n# A rule: `x`\n# A (规则)\n```\n# code\n```") == {"a-规则", "a-rule-x", "a-规则-1"}


@for_each("document", DOCUMENTS, ids=get_relative_path)
def test_lines_of_documents_are_at_most_120_columns_wide(document):
    """Allow longer tables, Chinese texts and lines with an address.

    The target of a link does not count.
    """
    wide = [
        (number, len(line))
        for number, line in enumerate(LINK_TARGET_PATTERN.sub("", document.read_text(encoding="utf-8")).splitlines(), 1)
        if len(line) > MAX_LINE_LENGTH
        and not line.startswith("|")
        and "://" not in line
        and not CHINESE_CHARACTER_PATTERN.search(line)
    ]
    assert wide == []


@for_each("record", DECISION_RECORDS, ids=get_relative_path)
def test_decision_record_has_context_decision_and_consequence(record):
    assert list_form_errors(record.read_text(encoding="utf-8")) == []


def test_decision_record_checker_reports_wrong_headings_and_length():
    text = DECISION_RECORDS[0].read_text(encoding="utf-8")
    assert list_form_errors(text.replace("## Decision", "## Choice")) == ["form"]
    assert list_form_errors(text + "\n## More\n") == ["headings"]
    assert list_form_errors(text + "x\n" * 25) == ["length"]
    assert "form" in list_form_errors(re.sub(r"(## Consequence\n).+", r"\1\n", text, flags=re.DOTALL))


def test_decisions_index_lists_each_decision_record_once():
    lines = [line for line in DECISIONS.read_text(encoding="utf-8").splitlines() if line.startswith("- ")]
    listed = [INDEX_LINE_PATTERN.fullmatch(line).groups() for line in lines]
    expected = []
    for record in DECISION_RECORDS:
        title, _, date = record.read_text(encoding="utf-8").splitlines()[:3]
        number, name = re.fullmatch(r"# (\d{3}) · (.+)", title).groups()
        assert record.name.startswith(f"{number}-")
        expected.append((number, get_relative_path(Path(record)), name, date.removeprefix("Date: ")))
    # A record that another one replaces leaves a gap: numbers are not used again.
    numbers = [int(row[0]) for row in listed]
    assert listed == expected and numbers == sorted(set(numbers))


def test_changelog_sections_are_short_and_every_entry_states_its_kind():
    sections = re.split(r"^## ", (PLUGIN_ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    for section in sections:
        version, *lines = section.splitlines()
        assert len(lines) <= MAX_LINES_BY_VERSION.get(version, 60), version
        assert [line for line in lines if len(line) > MAX_LINE_LENGTH] == [], version
        entries = [line for line in lines if line.startswith("- ")]
        assert entries and [line for line in entries if not re.match(r"- (新增|变更|修复)：", line)] == [], version
