# SPDX-License-Identifier: GPL-2.0-or-later
"""Each example of a fix is a test: the rows afterwards, judged by plain shapely."""

import gc
import re
import string
import weakref
from dataclasses import replace
from pathlib import Path

import pytest

from plugin.core.base.files.data import read_toml
from plugin.core.cli.examples.run_examples import apply_fix_to_example
from plugin.core.fixes import judge
from plugin.core.fixes.choices import make_choice
from plugin.core.fixes.drafts import DRAFT_FIXES
from plugin.core.fixes.edits import Edits
from plugin.core.fixes.fix_declaration import FIX_HEADINGS, load_all_fixes
from plugin.core.fixes.proposal import FixTexts, Refusal
from plugin.core.model.rule import load_all_rules
from plugin.core.standard import load_standard
from plugin.core.standard.messages.texts import Texts
from plugin.paths import TEXTS_FOLDER
from tests.core.fixes.fix_runs import (
    FixRefused,
    assert_judgement_agrees_with_a_whole_check,
    check_and_start_editing,
    make_fix_example_plan,
    propose_fix_or_fail,
)

EXAMPLES = [(fix, example) for fix in load_all_fixes().values() for example in fix.examples]


@pytest.mark.parametrize(("fix", "example"), EXAMPLES, ids=[f"{fix.code} {example.title}" for fix, example in EXAMPLES])
def test_fix_applied_to_its_example_gives_the_rows_or_the_refusal_that_the_example_declares(fix, example):
    problem, proposal, after = apply_fix_to_example(fix, example)
    assert problem is None
    if not example.refused:
        assert_judgement_agrees_with_a_whole_check(proposal, after, [example.rule, *example.rules], example.settings)


FIX007 = load_all_fixes()["FIX007"]
CLEAR_EXAMPLE = next(example for example in FIX007.examples if not example.refused)
REFUSED_FIX, REFUSED_EXAMPLE = next((fix, example) for fix, example in EXAMPLES if example.refused)


def change_nothing(finding, *, state, **parameters):
    return Edits()


@pytest.mark.parametrize(
    ("fix", "example", "key"),
    [
        (replace(FIX007, function=change_nothing), CLEAR_EXAMPLE, "fix_refused"),
        (FIX007, replace(CLEAR_EXAMPLE, after=CLEAR_EXAMPLE.before), "fix_rows"),
        (FIX007, replace(CLEAR_EXAMPLE, safe=not CLEAR_EXAMPLE.safe), "fix_safe"),
        (FIX007, replace(CLEAR_EXAMPLE, refused="other"), "fix_not_refused"),
        (REFUSED_FIX, replace(REFUSED_EXAMPLE, refused="other"), "fix_refused"),
        (replace(FIX007, solves={}), CLEAR_EXAMPLE, "fix_no_finding"),
    ],
    ids=[
        "changes nothing",
        "other rows",
        "other safety",
        "not refused",
        "refused for another reason",
        "answers nothing",
    ],
)
def test_example_with_another_result_has_a_problem(fix, example, key):
    problem, _, _ = apply_fix_to_example(fix, example)
    assert problem.key.replace("fix_not_safe", "fix_safe") == key


@pytest.mark.parametrize("fix", load_all_fixes().values(), ids=lambda fix: fix.code)
def test_fix_has_examples_and_help_sections_and_names_existing_rules(fix):
    assert fix.examples and any(not example.refused for example in fix.examples)
    assert set(fix.sections) == {"", *FIX_HEADINGS}
    for code, cases in fix.solves.items():
        assert set(cases) <= set(load_all_rules()[code].messages)
    assert {example.rule for example in fix.examples} <= set(fix.solves)


CHINESE = read_toml(TEXTS_FOLDER / "fixes_zh.toml")
FOLDER = Path(__file__).resolve().parents[3] / "plugin" / "core" / "fixes"
SOURCES = "\n".join(path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.py"))


def list_placeholders(text):
    return sorted({name for _, name, _, _ in string.Formatter().parse(text) if name})


@pytest.mark.parametrize("fix", load_all_fixes().values(), ids=lambda fix: fix.code)
def test_chinese_texts_of_a_fix_have_the_placeholders_of_the_english_ones(fix):
    block = CHINESE[fix.code]
    assert set(block) == {"title", "what", "safe", "limits", "messages"}
    assert {case: list_placeholders(text) for case, text in block["messages"].items()} == {
        case: list_placeholders(text) for case, text in fix.messages.items()
    }


def test_chinese_texts_name_no_fix_that_does_not_exist():
    drafts = {fix.code: fix for fix in DRAFT_FIXES.values()}
    assert set(CHINESE) == set(load_all_fixes()) | set(drafts)
    for code, fix in drafts.items():
        assert list_placeholders(CHINESE[code]["messages"][""]) == list_placeholders(fix.messages[""])


@pytest.mark.parametrize("section", ["fix_reasons", "fix_doubts", "fix_words", "fix_headings"])
def test_fix_texts_have_the_same_keys_and_placeholders_in_both_languages(section):
    chinese, english = Texts("zh").get_section(section), Texts("en").get_section(section)
    assert {key: list_placeholders(text) for key, text in chinese.items()} == {
        key: list_placeholders(text) for key, text in english.items()
    }


def test_each_refusal_reason_and_doubt_in_the_code_has_a_text_and_each_text_is_used():
    refused = set(re.findall(r"FixRefused\(\s*\"(\w+)\"", SOURCES)) | {"no_fix"}
    refused |= {rule.refuses_fix for rule in load_all_rules().values() if rule.refuses_fix}
    assert refused == set(Texts("en").get_section("fix_reasons"))
    doubts = set(re.findall(r"(?:yield \(?|else \()\"(\w+)\", ", SOURCES))
    doubts |= set(re.findall(r"(?:review_reasons\.append\(|doubts\.append\(\()\"(\w+)\"", SOURCES))
    doubts |= {key for found in re.findall(r"review_reasons=\[\"(\w+)\"\]", SOURCES) for key in [found]}
    assert doubts == set(Texts("en").get_section("fix_doubts"))


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("fix", load_all_fixes().values(), ids=lambda fix: fix.code)
def test_texts_on_each_fix_example_are_rendered_in_both_languages_without_open_placeholders(fix, lang):
    texts = FixTexts(lang, load_standard().templates)
    for example in fix.examples:
        state, findings = check_and_start_editing(make_fix_example_plan(example), [example.rule])
        finding = next(one for one in findings if fix.is_for_finding(one))
        try:
            proposal, _ = propose_fix_or_fail(fix, finding, state)
        except FixRefused as refused:
            rendered = [texts.explain_refusal(Refusal(finding, refused.key, refused.params))]
        else:
            rendered = [texts.make_sentence(proposal), *texts.list_doubts(proposal)]
        assert all(text and not re.search(r"[{}]|None|_m2", text) for text in rendered), rendered
    assert texts.get_title(fix) and all(texts.get_help(fix).values())


@pytest.mark.parametrize("lang, shown", [("zh", "名称“（空）”"), ("en", "“(blank)”")])
def test_refusal_names_a_blank_value(lang, shown):
    texts = FixTexts(lang, load_standard().templates)
    params = {"role": "GDBHMB", "key": "140225000000000001", "value": "0999", "name": ""}
    assert shown in texts.explain_refusal(Refusal(None, "no_code_for_name", params))


def test_refusal_by_the_rules_does_not_keep_the_state_until_a_garbage_collection(monkeypatch):
    """A county has half a gigabyte, and live checks exclude garbage from collections."""
    fix = next(iter(load_all_fixes().values()))
    example = fix.examples[0]
    state, findings = check_and_start_editing(make_fix_example_plan(example), [example.rule])
    finding = next(one for one in findings if fix.is_for_finding(one))
    assert make_choice(state, fix, finding, {}).proposal is not None

    def refuse(*_args):
        raise FixRefused("not_solved")

    monkeypatch.setattr(judge, "_require_solved", refuse)
    gc.collect()
    gc.disable()
    try:
        assert make_choice(state, fix, finding, {}).refusal.reason == "not_solved"
        watched = weakref.ref(state)
        del state
        assert watched() is None
    finally:
        gc.enable()
