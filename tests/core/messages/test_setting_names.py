# SPDX-License-Identifier: GPL-2.0-or-later
"""Settings in texts that planners read: by title, with the key in brackets and the place to change them."""

import re
import tomllib

import pytest

from plugin.core.engine.explanation import (
    describe_where_to_change_values,
    find_effective_values,
    format_effective_values,
)
from plugin.core.fixes.model import load_all_fixes
from plugin.core.fixes.texts import FixTexts
from plugin.core.messages.setting_names import find_where_to_change_setting
from plugin.core.messages.texts import Texts
from plugin.core.model.rule import load_all_rules
from plugin.core.profile import Norm, load_profile
from plugin.core.profile.resolved import read_county_form_choices
from plugin.core.standard import load_standard
from plugin.paths import I18N, TEXTS_FOLDER

#: What looks like a key of the standard's settings.
SETTING_KEY_PATTERN = re.compile(r"(?<![\w./-])[a-z_]+(?:\.\w+)+", re.ASCII)
STANDARD = load_standard("county_db")
SETTINGS = set(STANDARD.settings)


def find_keys(text: str) -> list[str]:
    """Return the keys of settings in a text: those of the standard, and of groups of them."""
    return [
        k for k in SETTING_KEY_PATTERN.findall(text) if k in SETTINGS or any(s.startswith(f"{k}.") for s in SETTINGS)
    ]


def find_keys_without_title(text: str, titles: dict[str, str], closing_text: str) -> list[str]:
    """Return the keys in a text that are not in brackets after their title.

    ``closing_text``: text between title and bracket, such as a quotation mark.
    """
    named = {key for key in find_keys(text) if f"{titles.get(key)}{closing_text}[{key}]" in text}
    return [key for key in find_keys(text) if key not in named]


@pytest.mark.parametrize(("lang", "close"), [("zh", "”"), ("en", "” ")])
def test_help_of_rules_and_fixes_states_titles_of_settings_and_where_to_change_them(lang, close):
    texts = Texts(lang)
    titles, place_texts = texts.get_section("setting"), texts.get_section("setting_place")
    fix_texts = FixTexts(lang, STANDARD.templates)
    helps = {code: texts.get_rule_help(rule) for code, rule in load_all_rules().items()}
    helps |= {code: fix_texts.get_help(fix) for code, fix in load_all_fixes().items()}
    untitled = {}
    with_settings = 0
    for code, help_texts in helps.items():
        whole = " ".join(help_texts.values())
        if found := find_keys_without_title(whole, titles, close):
            untitled[code] = found
        last = list(help_texts.values())[-1]
        for key in find_keys(whole):
            with_settings += 1
            opening = place_texts[find_where_to_change_setting(key)].partition("{titles}")[0]
            sentence = last[last.index(opening) :]
            assert f"“{titles[key]}”" in sentence, (code, key)
    assert not untitled
    assert with_settings > 40


@pytest.mark.parametrize(("lang", "close"), [("zh", "”"), ("en", "” ")])
def test_messages_name_settings_by_title(lang, close):
    texts = Texts(lang)
    titles = texts.get_section("setting")
    messages = {
        f"{code} {case}": texts.get_message_template(rule, case)
        for code, rule in load_all_rules().items()
        for case in rule.messages
    }
    messages |= {f"reasons {key}": str(text) for key, text in texts.get_section("reasons").items()}
    assert not {name: keys for name, text in messages.items() if (keys := find_keys_without_title(text, titles, close))}


def test_place_of_a_setting_states_its_group_in_the_county_profile_dialog():
    choices = read_county_form_choices()
    assert {find_where_to_change_setting(key) for key in choices.limits} == {"limits"}
    assert {find_where_to_change_setting(key) for key in choices.tolerances} == {"tolerances"}
    assert find_where_to_change_setting("attributes.layer_codes") == "file"
    words = tomllib.loads((TEXTS_FOLDER / "zh.toml").read_text(encoding="utf-8"))["setting_place"]
    window_texts = (I18N / "sanxian_zh_CN.ts").read_text(encoding="utf-8")
    sources = {
        "ratio": "Expansion ratio of the urban development boundary",
        "limits": "Other limits",
        "tolerances": "Tolerances",
    }
    for place, source in sources.items():
        title = re.search(rf"<source>{source}</source>\s*<translation>([^<]+)</translation>", window_texts)[1]
        assert f"“{title}”" in words[place], "the text names the group as the window does"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_help_of_a_rule_states_where_to_change_each_of_its_effective_values(lang):
    texts = Texts(lang)
    norm = Norm(STANDARD, load_profile("hunyuan"))
    undescribed = {}
    for code, rule in load_all_rules().items():
        values = find_effective_values(rule, norm)
        described = describe_where_to_change_values(values, code, texts)
        lines = format_effective_values(values, texts)
        labels = [line.partition(f" {value.name} =")[0] for value, line in zip(values, lines, strict=True)]
        undescribed[code] = [label for label in labels if f"“{label}”" not in described]
    assert not {code: lines for code, lines in undescribed.items() if lines}
    described = describe_where_to_change_values(
        find_effective_values(load_all_rules()["REL006"], norm), "REL006", texts
    )
    assert texts.get_section("setting_place")["limits"].partition("{titles}")[2] in described
