# SPDX-License-Identifier: GPL-2.0-or-later
"""Parts of the manual that come from the resources: rules, layers, indicators, terms, the commands and the tools.

Each function returns HTML for one language. All content comes from the resources, so it always agrees with the plugin.
"""

from __future__ import annotations

import configparser
import csv
import sys
from collections.abc import Callable, Iterable
from functools import cache
from html import escape
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from plugin.core.messages.texts import Texts
from plugin.core.options import Options
from plugin.core.render.dictionary import render_dictionary
from plugin.core.render.rule_book import RuleBook
from plugin.core.render.words import Words
from plugin.core.standard import load_standard
from plugin.core.standard.indicator_catalogue import load_catalogue

ROOT = Path(__file__).resolve().parent.parent
GLOSSARY = ROOT / "docs" / "manual" / "glossary.csv"
STANDARD = "county_db"
#: Heads of the tables, by language.
HEADS = {
    "rules": {
        "zh": ("规则", "名称", "严重程度", "来源级别", "何时运行"),
        "en": ("Rule", "Title", "Severity", "Mark", "Runs"),
    },
    "layers": {"zh": ("代码", "图层", "几何类型", "约束"), "en": ("Code", "Layer", "Geometry", "Constraint")},
    "indicators": {
        "zh": ("指标", "单位", "计算公式或所缺数据", "面积口径", "来源级别"),
        "en": ("Indicator", "Unit", "Formula, or data that are missing", "Areas", "Mark"),
    },
    "terms": {"zh": ("术语", "英文", "说明"), "en": ("Term", "Chinese", "Meaning")},
}


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return an HTML table; the cells are HTML already."""
    head = "".join(f"<th>{escape(one)}</th>" for one in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>\n" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table>"


@cache
def rule_book(lang: str) -> RuleBook:
    return RuleBook(Options(standard=STANDARD).norm(), lang)


def rule_book_page(lang: str) -> str:
    """Return the rule book as a page; the anchor of a rule is its code."""
    return rule_book(lang).page()


def dictionary_page(lang: str) -> str:
    """Return the data dictionary as a page; anchors are ``layer-DLTB`` and ``codes-sandiao``."""
    return render_dictionary(load_standard(STANDARD), lang)


def rules(lang: str) -> str:
    book = rule_book(lang)
    rows = []
    for entry in book.entries:
        row = book.row(entry)
        code = f'<a href="rules.html#{row["code"]}">{row["code"]}</a>'
        rows.append((code, *(escape(row[key]) for key in ("title", "severity", "mark", "runs"))))
    return table(HEADS["rules"][lang], rows)


def layers(lang: str) -> str:
    """Return the layers of the county database by group."""
    texts, words, parts = Texts(lang), Words(lang), []
    groups: dict[str, list[tuple[str, ...]]] = {}
    for template in load_standard(STANDARD).templates.values():
        key = f"constraint_{template.constraint or 'none'}"
        constraint = words.get("dictionary", key) if words.has("dictionary", key) else template.constraint
        code = f'<a href="dictionary.html#layer-{template.role}">{template.role}</a>'
        row = (code, escape(template.name), escape(texts.get("types", template.geometry)), escape(constraint))
        groups.setdefault(template.group or words.get("dictionary", "no_group"), []).append(row)
    for name, rows in sorted(groups.items(), key=lambda item: -len(item[1])):
        parts.append(f"<h3>{escape(name)}</h3>\n{table(HEADS['layers'][lang], rows)}")
    return "\n".join(parts)


def indicators(lang: str) -> str:
    """Return the indicators by group with formula, area method and mark, or the missing input."""
    texts, words, parts = Texts(lang), Words(lang), []
    groups: dict[str, list[tuple[str, ...]]] = {}
    for entry in load_catalogue(load_standard(STANDARD)).entries.values():
        missing = texts.section("missing").get(entry.missing, "")
        formula = entry.formula(lang) or missing
        basis = words.join(words.named("basis", one) for one in entry.basis.split("/") if one)
        unit = texts.section("units").get(entry.unit, entry.unit)
        if entry.rule:
            formula = f'{escape(formula)} <a href="rules.html#{entry.rule}">{entry.rule}</a>'
        else:
            formula = escape(formula)
        groups.setdefault(entry.group, []).append((escape(entry.name(lang)), escape(unit), formula, basis, entry.mark))
    for name, rows in groups.items():
        heading = texts.section("groups").get(name, name)
        parts.append(f"<h3>{escape(heading)}</h3>\n{table(HEADS['indicators'][lang], rows)}")
    return "\n".join(parts)


def terms(lang: str) -> str:
    """Return the glossary, docs/manual/glossary.csv."""
    with GLOSSARY.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if lang == "zh":
        cells = [(row["zh"], row["en"], row["meaning_zh"]) for row in rows]
    else:
        cells = [(row["en"], row["zh"], row["meaning_en"]) for row in sorted(rows, key=lambda row: row["en"].lower())]
    return table(HEADS["terms"][lang], ((escape(cell) for cell in row) for row in cells))


def version() -> str:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ROOT / "metadata.txt", encoding="utf-8")
    return parser["general"]["version"]


def version_line(lang: str) -> str:
    return f"版本 {version()}" if lang == "zh" else f"Version {version()}"


def package_name(lang: str) -> str:
    """Return the name of the zip, as the packager writes it."""
    return f"<pre><code>sanxian-{version()}.zip</code></pre>"


BLOCKS: dict[str, Callable[[str], str]] = {
    "rules": rules,
    "layers": layers,
    "indicators": indicators,
    "terms": terms,
    "package_name": package_name,
}
