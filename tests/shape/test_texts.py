# SPDX-License-Identifier: GPL-2.0-or-later
"""Test user-visible texts for banned words, synonyms and wrong plurals.

Every interface element that a text names must exist.
"""

from __future__ import annotations

import re
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

from plugin.core.base.files.data import read_toml
from plugin.core.base.placeholders import (
    _COUNTED_NOUN_PATTERN,
    _NO_PLURALS,
    _SINGULAR_OF_VERBS,
    make_singular,
    use_singular_after_one,
)
from plugin.core.engine.waivers.file import WAIVER_COLUMNS
from plugin.core.figures import supplied_tables
from plugin.core.fixes.fix_declaration import load_all_fixes
from plugin.core.model.findings import Finding
from plugin.core.model.rule import load_all_rules
from plugin.core.render.words import ReportTexts
from plugin.core.standard.messages.finding_message import format_message
from plugin.core.standard.messages.texts import Texts
from plugin.paths import TEXTS_FOLDER

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from update_ts import read_translations  # noqa: E402

CHINESE_CHARACTER_PATTERN = re.compile("[\u4e00-\u9fff]")
WORD_LISTS = tomllib.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8"))
TRANSLATIONS = read_translations(ROOT / "i18n" / "sanxian_zh_CN.ts")


def list_leaf_texts(value, path=()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from list_leaf_texts(inner, (*path, key))
    elif isinstance(value, str):
        yield ".".join(path), value


#: Sections of texts that are compared and never shown: words of earlier versions.
NOT_SHOWN = ("about_former.",)


@cache
def list_texts(lang):
    """Return (location, text) of every text in one language."""
    files = {"zh": ("zh", "report_zh", "rules_zh", "fixes_zh"), "en": ("en", "report_en")}[lang]
    found = [
        (f"{name}.toml {key}", text)
        for name in files
        for key, text in list_leaf_texts(read_toml(TEXTS_FOLDER / f"{name}.toml"))
        if not key.startswith(NOT_SHOWN)
    ]
    if lang == "zh":
        found += [
            (f"maps.toml {key}", text)
            for key, text in list_leaf_texts(read_toml(ROOT / "resources" / "layouts" / "maps.toml"))
        ]
        for name in ("metadata.txt", "Makefile"):
            lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
            found += [
                (f"{name} {number}", line)
                for number, line in enumerate(lines, 1)
                if CHINESE_CHARACTER_PATTERN.search(line)
            ]
        return found + [(f"ts {source[:40]}", text) for source, text in TRANSLATIONS.items()]
    rules = ((code, rule) for code, rule in sorted(load_all_rules().items()))
    found += [(f"{code} {case}", text) for code, rule in rules for case, text in rule.messages.items()]
    for code, fix in sorted(load_all_fixes().items()):
        found += [(f"{code} {case}", text) for case, text in {"title": fix.title, **fix.messages}.items()]
    return found + [("ts", source) for source in TRANSLATIONS]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_user_visible_texts_contain_no_banned_word_or_synonym(lang):
    lists = WORD_LISTS[lang]
    words = dict.fromkeys(lists["banned"], "")
    words |= {word: kept for kept, others in lists["synonyms"].items() for word in others}
    texts = list_texts(lang)
    slips = [
        f"{where}: “{word}” ({words[word]}) in {text[:80]}" for where, text in texts for word in words if word in text
    ]
    assert not slips, "\n".join(slips)


def find_private_wording(text):
    """Yield the private words of an English text, with what to write instead; names in {} are not read."""
    plain = re.sub(r"\{[^{}]*\}", "{}", text)
    for words, instead in WORD_LISTS["en"]["private"].items():
        yield from (f"“{found[0]}” ({instead})" for found in re.finditer(rf"\b({words})\b", plain, re.IGNORECASE))


def test_english_texts_contain_no_wording_from_the_private_list_in_words_toml():
    slips = [
        f"{where}: {slip} in {text[:100]}" for where, text in list_texts("en") for slip in find_private_wording(text)
    ]
    assert not slips, "\n".join(slips)


@pytest.mark.parametrize(
    "text",
    [
        "A package stands there already.",
        "Nobody confirmed this county's settings.",
        "Each figure is held against the map.",
        "Values to look at",
        "The balance is written beside the geodatabase.",
        "Reads the layer anew.",
        "Overlaps are to be mended first.",
        "A profile of your own (.toml)",
        "The county lies across zones {zones}.",
        "What was changed is told in the log.",
        "Parameters of the check in view",
        "The first argument is no geometry.",
    ],
)
def test_search_for_private_wording_finds_it_in_a_text_that_contains_it(text):
    assert list(find_private_wording(text))


@pytest.mark.parametrize(
    "text",
    [
        "The waiver is no longer valid.",
        "It was: {said} Correct it.",
        "There is no layer to check.",
        "{told} in the table, {given} by the layers.",
    ],
)
def test_search_for_words_of_words_toml_accepts_plain_sentences_and_names_in_braces(text):
    assert not list(find_private_wording(text))


def test_word_lists_and_collected_texts_have_at_least_the_stated_numbers_of_entries():
    assert (
        len(WORD_LISTS["zh"]["banned"]) > 40
        and len(WORD_LISTS["zh"]["synonyms"]) > 15
        and len(WORD_LISTS["en"]["private"]) > 15
    )
    assert len(list_texts("zh")) > 3000 and len(list_texts("en")) > 2500


def list_quoted_names(text):
    return [one for one in re.findall("“([^“”]*)”", text) if one and "{" not in one]


def list_interface_names():
    """Return the names of all interface elements, report parts and tables.

    They are without “…” and without text in brackets.
    """
    report, zh = read_toml(TEXTS_FOLDER / "report_zh.toml"), read_toml(TEXTS_FOLDER / "zh.toml")
    known = set(TRANSLATIONS.values())
    known |= {
        text
        for name in ("section", "signed", "package", "verdict", "state", "outcome")
        for text in report[name].values()
    }
    known |= {
        text for name in ("sheets", "concepts", "severities", "verdicts", "indicators") for text in zh[name].values()
    }
    known |= {word for words in supplied_tables.COLUMN_HEADINGS.values() for word in words} | {
        column.chinese_name for column in WAIVER_COLUMNS
    }
    short = {re.split("[（：(]", name)[0] for name in known}
    return known | short | {name.rstrip("…") for name in known | short}


def list_manual_headings():
    """Return the headings of the Chinese manual."""
    lines = (
        line
        for page in (ROOT / "docs" / "manual" / "zh").glob("*.md")
        for line in page.read_text(encoding="utf-8").splitlines()
    )
    return {line.lstrip("# ").partition(" {#")[0] for line in lines if line.startswith("#")}


def test_menus_buttons_and_sheets_quoted_in_texts_exist_in_the_interface():
    known = list_interface_names()
    known |= {one for ones in WORD_LISTS["places"].values() for one in ones}
    known |= set(Texts("zh").get_section("setting").values()) | list_manual_headings()
    lost = {one: where for where, text in list_texts("zh") for one in list_quoted_names(text) if one not in known}
    assert not lost, "\n".join(f"“{one}”: {where}" for one, where in sorted(lost.items()))


def test_every_exception_in_words_toml_still_occurs_in_a_text():
    named = {one for _, text in list_texts("zh") for one in list_quoted_names(text)}
    assert not [one for ones in WORD_LISTS["places"].values() for one in ones if one not in named]


def find_plural_errors(template):
    """Return counts of a template that read “1 findings” or “1 finding are”."""
    for found in _COUNTED_NOUN_PATTERN.finditer(template):
        if found["noun"] in _NO_PLURALS:
            continue
        verbs = f"( ({'|'.join(_SINGULAR_OF_VERBS)}))?"
        if re.search(
            rf"\}} (\S+ ){{0,2}}({found['noun']}|{make_singular(found['noun'])}{verbs[:-1]})\b",
            use_singular_after_one(found[0], {found["name"]: 1}),
        ):
            yield found[0]


def test_english_texts_have_no_plural_after_a_count_of_one():
    counted = [text for _, text in list_texts("en") if _COUNTED_NOUN_PATTERN.search(text)]
    assert len(counted) > 100
    assert not [slip for text in counted for slip in find_plural_errors(text)]


@pytest.mark.parametrize(
    ("template", "one"),
    [
        ("{count} features have no area.", "{count} feature has no area."),
        ("{count} findings: {rules}", "{count} finding: {rules}"),
        ("and {count} more findings", "and {count} more finding"),
        ("{rows} boundaries were read", "{rows} boundary was read"),
        ("Layer “{layer}”: {count} boxes are empty", "Layer “{layer}”: {count} box is empty"),
        (
            "{count} features are invalid ({keys}) and were compared by a repaired copy; they stay as they are.",
            "{count} feature is invalid ({keys}) and was compared by a repaired copy; it stays as it is.",
        ),
        (
            "{count} values of table {table}, field {field} have digits (line {line}). Check them and their source.",
            "{count} value of table {table}, field {field} has digits (line {line}). Check it and its source.",
        ),
        ("the coordinates of {count} objects are outside", "the coordinates of {count} object are outside"),
        (
            "The rows of layer “{layer}” ({count} rows) have no shapes.",
            "The rows of layer “{layer}” ({count} row) have no shapes.",
        ),
        (
            "Field {field} has {count} values that are not numbers",
            "Field {field} has {count} value that is not numbers",
        ),
        ("{count} files may have changes", "{count} file may have changes"),
        ("{count} vertices were added", "{count} vertex was added"),
        ("{count} 处问题", "{count} 处问题"),
        ("{area} is less", "{area} is less"),
    ],
)
def test_english_template_uses_the_singular_for_a_count_of_one(template, one):
    assert use_singular_after_one(template, {"count": 1, "rows": "1", "area": 1}) == one
    assert use_singular_after_one(template, {"count": 2, "rows": "11", "area": 0}) == template


def test_singular_converts_regular_english_plurals():
    assert [make_singular(noun) for noun in ("slivers", "entries", "boxes", "patches", "classes")] == [
        "sliver", "entry", "box", "patch", "class"
    ]  # fmt: skip


def test_english_reasons_and_report_counts_use_the_singular_for_one():
    assert Texts("en").format_reason("pairs_failed", {"count": 1}).startswith("1 pair ")
    assert Texts("en").format_reason("pairs_failed", {"count": 2}).startswith("2 pairs ")
    assert ReportTexts("en").get("count", "rules", count=1) == "1 rule"


@pytest.mark.parametrize(("sign", "zh"), [("≥", "缺 0.50 公顷"), ("≤", "超出 0.50 公顷"), ("=", "相差 0.50 公顷")])
def test_message_of_a_missed_target_states_the_shortfall_or_excess(sign, zh):
    params = {
        "indicator": "red_line_area",
        "value": 1.0,
        "comparison": sign,
        "target": "1.50",
        "unit": "ha",
        "miss": 0.5,
    }
    finding = Finding("STBHHX", code="LAW002", case="broken", params=params)
    assert f"，{zh}。" in format_message(Texts("zh"), finding, {})
    assert "difference 0.50 ha" in format_message(Texts("en"), finding, {})
