# SPDX-License-Identifier: GPL-2.0-or-later
"""User-visible texts: no banned word, one name for one thing, no plural of one, no place that is not there."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest

from plugin.core.files.data import read_toml
from plugin.core.indicators import typed_figures
from plugin.core.messages.plurals import _COUNTED_NOUN, _NO_PLURALS, _SINGULAR_OF_VERBS, agree, singular
from plugin.core.messages.texts import Texts
from plugin.core.model.findings import Finding
from plugin.core.model.rule import all_rules
from plugin.core.render.words import Words
from plugin.core.waivers import cells
from plugin.paths import TEXTS

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from update_ts import translations  # noqa: E402

HAN = re.compile("[\u4e00-\u9fff]")
LISTS = tomllib.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8"))
TRANSLATED = translations(ROOT / "i18n" / "sanxian_zh_CN.ts")


def leaves(value, path=()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, str):
        yield ".".join(path), value


#: Sections of texts that are compared and never shown: words of earlier versions.
NOT_SHOWN = ("about_former.",)


def texts_of(lang):
    """Return (location, text) of every text that users see in one language."""
    files = {"zh": ("zh", "report_zh", "rules_zh"), "en": ("en", "report_en")}[lang]
    found = [
        (f"{name}.toml {key}", text)
        for name in files
        for key, text in leaves(read_toml(TEXTS / f"{name}.toml"))
        if not key.startswith(NOT_SHOWN)
    ]
    if lang == "zh":
        found += [
            (f"maps.toml {key}", text) for key, text in leaves(read_toml(ROOT / "resources" / "layouts" / "maps.toml"))
        ]
        for name in ("metadata.txt", "Makefile"):
            lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
            found += [(f"{name} {number}", line) for number, line in enumerate(lines, 1) if HAN.search(line)]
        return found + [(f"ts {source[:40]}", text) for source, text in TRANSLATED.items()]
    rules = ((code, rule) for code, rule in sorted(all_rules().items()))
    found += [(f"{code} {case}", text) for code, rule in rules for case, text in rule.messages.items()]
    return found + [("ts", source) for source in TRANSLATED]


ZH, EN = texts_of("zh"), texts_of("en")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_text_has_a_banned_word_or_a_second_name(lang):
    lists = LISTS[lang]
    words = dict.fromkeys(lists["banned"], "")
    words |= {word: kept for kept, others in lists["synonyms"].items() for word in others}
    texts = {"zh": ZH, "en": EN}[lang]
    slips = [
        f"{where}: “{word}” ({words[word]}) in {text[:80]}" for where, text in texts for word in words if word in text
    ]
    assert not slips, "\n".join(slips)


def test_the_lists_are_not_empty_and_texts_are_read():
    assert len(LISTS["zh"]["banned"]) > 40 and len(LISTS["zh"]["synonyms"]) > 15
    assert len(ZH) > 3000 and len(EN) > 2500


def quoted(text):
    return [one for one in re.findall("“([^“”]*)”", text) if one and "{" not in one]


def names_of_places():
    """Everything that a text of the interface, of a report or of a table is called; without “…” and what follows in brackets."""
    report, zh = read_toml(TEXTS / "report_zh.toml"), read_toml(TEXTS / "zh.toml")
    known = set(TRANSLATED.values())
    known |= {text for name in ("section", "package", "verdict", "state", "outcome") for text in report[name].values()}
    known |= {
        text for name in ("sheets", "concepts", "severities", "verdicts", "indicators") for text in zh[name].values()
    }
    known |= {word for words in typed_figures.COLUMNS.values() for word in words} | {
        column.zh for column in cells.COLUMNS
    }
    short = {re.split("[（：(]", name)[0] for name in known}
    return known | short | {name.rstrip("…") for name in known | short}


def test_every_place_that_a_text_names_is_there():
    known = names_of_places()
    known |= {one for ones in LISTS["places"].values() for one in ones}
    lost = {one: where for where, text in ZH for one in quoted(text) if one not in known}
    assert not lost, "\n".join(f"“{one}”: {where}" for one, where in sorted(lost.items()))


def test_every_exception_is_still_needed():
    named = {one for _, text in ZH for one in quoted(text)}
    assert not [one for ones in LISTS["places"].values() for one in ones if one not in named]


def plural_slips(template):
    """Find counts that read “1 findings”, or “1 finding are”."""
    for found in _COUNTED_NOUN.finditer(template):
        if found["noun"] in _NO_PLURALS:
            continue
        verbs = f"( ({'|'.join(_SINGULAR_OF_VERBS)}))?"
        if re.search(
            rf"\}} (\S+ ){{0,2}}({found['noun']}|{singular(found['noun'])}{verbs[:-1]})\b",
            agree(found[0], {found["name"]: 1}),
        ):
            yield found[0]


def test_no_count_of_one_has_a_plural():
    counted = [text for _, text in EN if _COUNTED_NOUN.search(text)]
    assert len(counted) > 100
    assert not [slip for text in counted for slip in plural_slips(text)]


@pytest.mark.parametrize(
    ("template", "one"),
    [
        ("{count} features have no area.", "{count} feature has no area."),
        ("{count} findings: {rules}", "{count} finding: {rules}"),
        ("and {count} more findings", "and {count} more finding"),
        ("{rows} boundaries were read", "{rows} boundary was read"),
        ("Layer “{layer}”: {count} boxes are empty", "Layer “{layer}”: {count} box is empty"),
        ("{count} 处问题", "{count} 处问题"),
        ("{area} is less", "{area} is less"),
    ],
)
def test_a_count_of_one_takes_the_singular(template, one):
    assert agree(template, {"count": 1, "rows": "1", "area": 1}) == one
    assert agree(template, {"count": 2, "rows": "11", "area": 0}) == template


def test_singular_of_regular_nouns():
    assert [singular(noun) for noun in ("slivers", "entries", "boxes", "patches", "classes")] == [
        "sliver", "entry", "box", "patch", "class"
    ]  # fmt: skip


def test_texts_and_reports_use_the_singular():
    assert Texts("en").reason("pairs_failed", {"count": 1}).startswith("1 pair ")
    assert Texts("en").reason("pairs_failed", {"count": 2}).startswith("2 pairs ")
    assert Words("en").get("count", "rules", count=1) == "1 rule"


@pytest.mark.parametrize(("sign", "zh"), [("≥", "缺 0.5 公顷"), ("≤", "超出 0.5 公顷"), ("=", "相差 0.5 公顷")])
def test_missed_target_names_shortfall_or_excess(sign, zh):
    params = {
        "indicator": "red_line_area",
        "value": 1.0,
        "comparison": sign,
        "target": "1.50",
        "unit": "ha",
        "miss": 0.5,
    }
    finding = Finding("STBHHX", code="LAW002", case="broken", params=params)
    assert f"，{zh}。" in Texts("zh").message(finding, {})
    assert "difference 0.5 ha" in Texts("en").message(finding, {})
