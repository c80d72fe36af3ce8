# SPDX-License-Identifier: GPL-2.0-or-later
"""Parts of the manual that are generated from the resources.

They are rules, layers, indicators, terms, the commands and the tools. Each function returns HTML for one language.
All content comes from the resources, so it always agrees with the plugin.
"""

from __future__ import annotations

import configparser
import csv
import re
import sys
from collections.abc import Callable, Iterable
from functools import cache
from html import escape
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from plugin.core.fixes.fix_declaration import load_all_fixes
from plugin.core.fixes.proposal import FixTexts
from plugin.core.render.dictionary import render_dictionary
from plugin.core.render.rule_book import RuleBook
from plugin.core.render.words import ReportTexts
from plugin.core.standard import load_standard
from plugin.core.standard.indicator_catalogue import load_catalogue
from plugin.core.standard.messages.texts import Texts
from plugin.core.standard.options import RunOptions

ROOT = Path(__file__).resolve().parent.parent
GLOSSARY = ROOT / "docs" / "manual" / "glossary.csv"
STANDARD = "county_db"
#: Heads of the tables, by language.
TABLE_HEADS = {
    "fixes": {
        "zh": ("编号", "修复", "规则", "修复内容", "安全条件", "适用限制"),
        "en": ("Code", "Fix", "Rules", "What it does", "When it is safe", "Limits"),
    },
    "rules": {
        "zh": ("规则", "名称", "严重程度", "来源级别", "何时运行"),
        "en": ("Rule", "Title", "Severity", "Mark", "Runs"),
    },
    "layers": {"zh": ("代码", "图层", "几何类型", "约束"), "en": ("Code", "Layer", "Geometry", "Constraint")},
    "indicators": {
        "zh": ("指标", "单位", "计算公式或所缺数据", "面积口径", "来源级别"),
        "en": ("Indicator", "Unit", "Formula, or data that are missing", "Areas", "Mark"),
    },
    "check_errors": {"zh": ("提示",), "en": ("Message",)},
    "terms": {"zh": ("术语", "英文", "说明"), "en": ("Term", "Chinese", "Meaning")},
}


def make_html_table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return an HTML table; ``heads`` are plain texts, the cells of ``rows`` are HTML."""
    head = "".join(f"<th>{escape(one)}</th>" for one in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>\n" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table>"


@cache
def make_rule_book(lang: str) -> RuleBook:
    """Return the rule book of the county database in a language, made once."""
    return RuleBook(RunOptions(standard=STANDARD).resolve_norm(), lang)


def make_rule_book_page(lang: str) -> str:
    """Return the rule book as an HTML page; the anchor of a rule is its code."""
    return make_rule_book(lang).render_page()


def make_dictionary_page(lang: str) -> str:
    """Return the data dictionary as a page; anchors are ``layer-DLTB`` and ``codes-sandiao``."""
    return render_dictionary(load_standard(STANDARD), lang)


def make_rule_table(lang: str) -> str:
    """Return the table of all rules as HTML: code with a link, title, severity, mark, activation."""
    book = make_rule_book(lang)
    rows = []
    for entry in book.entries:
        row = book.make_table_row(entry)
        code = f'<a href="rules.html#{row["code"]}">{row["code"]}</a>'
        rows.append((code, *(escape(row[key]) for key in ("title", "severity", "mark", "runs"))))
    return make_html_table(TABLE_HEADS["rules"][lang], rows)


def make_fix_table(lang: str) -> str:
    """Return the fixes as HTML, with the rules that they answer and when they are safe."""
    texts = FixTexts(lang, load_standard(STANDARD).templates)
    rows = []
    for fix in load_all_fixes().values():
        rules = " ".join(f'<a href="rules.html#{code}">{code}</a>' for code in fix.solves)
        what, safe, limits = (escape(text) for text in texts.get_help(fix).values())
        rows.append((fix.code, escape(texts.get_title(fix)), rules, what, safe, limits))
    return make_html_table(TABLE_HEADS["fixes"][lang], rows)


def make_layer_tables(lang: str) -> str:
    """Return the layers of the county database as HTML, by group."""
    texts, words, parts = Texts(lang), ReportTexts(lang), []
    groups: dict[str, list[tuple[str, ...]]] = {}
    for template in load_standard(STANDARD).templates.values():
        key = f"constraint_{template.constraint or 'none'}"
        constraint = words.get("dictionary", key) if words.has_text("dictionary", key) else template.constraint
        code = f'<a href="dictionary.html#layer-{template.role}">{template.role}</a>'
        row = (code, escape(template.name), escape(texts.get("types", template.geometry)), escape(constraint))
        groups.setdefault(template.group or words.get("dictionary", "no_group"), []).append(row)
    for name, rows in sorted(groups.items(), key=lambda item: -len(item[1])):
        parts.append(f"<h3>{escape(name)}</h3>\n{make_html_table(TABLE_HEADS['layers'][lang], rows)}")
    return "\n".join(parts)


def make_indicator_tables(lang: str) -> str:
    """Return the indicators as HTML, by group.

    Each has its formula, area method and mark of its source, or the missing input.
    """
    texts, words, parts = Texts(lang), ReportTexts(lang), []
    groups: dict[str, list[tuple[str, ...]]] = {}
    for entry in load_catalogue(load_standard(STANDARD)).indicator_by_id.values():
        missing = texts.get_section("missing").get(entry.missing, "")
        formula = entry.get_formula(lang) or missing
        basis = words.join_parts(words.get_text_or_key("basis", one) for one in entry.basis.split("/") if one)
        unit = texts.get_section("units").get(entry.unit, entry.unit)
        if entry.rule:
            formula = f'{escape(formula)} <a href="rules.html#{entry.rule}">{entry.rule}</a>'
        else:
            formula = escape(formula)
        groups.setdefault(entry.group, []).append(
            (escape(entry.get_name(lang)), escape(unit), formula, basis, entry.mark)
        )
    for name, rows in groups.items():
        heading = texts.get_section("groups").get(name, name)
        parts.append(f"<h3>{escape(heading)}</h3>\n{make_html_table(TABLE_HEADS['indicators'][lang], rows)}")
    return "\n".join(parts)


def make_glossary(lang: str) -> str:
    """Return the glossary (docs/manual/glossary.csv) as HTML."""
    with GLOSSARY.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if lang == "zh":
        cells = [(row["zh"], row["en"], row["meaning_zh"]) for row in rows]
    else:
        cells = [(row["en"], row["zh"], row["meaning_en"]) for row in sorted(rows, key=lambda row: row["en"].lower())]
    return make_html_table(TABLE_HEADS["terms"][lang], ((escape(cell) for cell in row) for row in cells))


def make_check_errors(lang: str) -> str:
    """Return the messages on errors in declared checks as HTML, with dots in place of their parameters."""
    messages = Texts(lang).get_section("check_errors").values()
    rows = ((escape(re.sub(r"\{\w+\}", "……" if lang == "zh" else "…", message)),) for message in messages)
    return make_html_table(TABLE_HEADS["check_errors"][lang], rows)


def read_version() -> str:
    """Return the plugin's version from metadata.txt."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ROOT / "metadata.txt", encoding="utf-8")
    return parser["general"]["version"]


def make_version_line(lang: str) -> str:
    """Return the plugin's version as a line of text in a language."""
    return f"版本 {read_version()}" if lang == "zh" else f"Version {read_version()}"


def get_package_name(lang: str) -> str:
    """Return the file name of the plugin's zip as an HTML block, the same in every language."""
    return f"<pre><code>sanxian-{read_version()}.zip</code></pre>"


GENERATORS_BY_BLOCK: dict[str, Callable[[str], str]] = {
    "rules": make_rule_table,
    "fixes": make_fix_table,
    "layers": make_layer_tables,
    "indicators": make_indicator_tables,
    "check_errors": make_check_errors,
    "terms": make_glossary,
    "package_name": get_package_name,
}
