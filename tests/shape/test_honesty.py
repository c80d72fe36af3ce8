# SPDX-License-Identifier: GPL-2.0-or-later
"""What a rule stands on is said as it is: documents, marks, help, and no error that only guesswork supports."""

from plugin.core.messages.texts import LANGUAGES, Texts
from plugin.core.model.rule import Severity, all_rules
from plugin.core.profile import Norm, load_profile
from plugin.core.standard import load_standard
from plugin.core.standard.citations import find_best_mark
from tests.core.examples import run_example
from tests.parametrize import for_each

RULES = all_rules()
STANDARD = load_standard()
NORM = Norm(STANDARD, load_profile())
each_rule = for_each("rule", RULES.values(), ids=RULES)


@for_each("citation", STANDARD.citations.values(), ids=STANDARD.citations)
def test_a_citation_was_read_somewhere_that_bears_its_mark(citation):
    if citation.mark != "C":
        assert citation.sources, f"{citation.key} is marked {citation.mark}, but names no document (sources.toml)"
        best = find_best_mark(STANDARD.sources[s].best for s in citation.sources)
        assert best <= citation.mark, f"{citation.key} claims {citation.mark}; its documents allow {best}"
    assert citation.zh.strip() and citation.en.strip()


def test_no_citation_and_no_document_is_nobodys():
    cited = {key for rule in RULES.values() for key in rule.basis} | {c.basis for c in STANDARD.conflicts}
    assert cited <= STANDARD.citations.keys()
    assert STANDARD.citations.keys() <= cited, "citations that no rule and no pair of lines stands on"


@each_rule
def test_a_rule_known_only_by_c_finds_no_error(rule):
    """Neither by its own severity nor by that of any single finding, unless standard or county decided so."""
    if any(NORM.is_confirmed(key) for key in rule.basis if STANDARD.citations[key].binds("")):
        return
    assert rule.severity is not Severity.ERROR
    for example in rule.fails:
        if not example.settings:
            found = {str(f.severity) for f in run_example(rule, example).findings}
            assert "ERROR" not in found, (rule.code, example.title)


@each_rule
def test_help_is_whole_in_both_languages_and_names_what_can_be_set(rule):
    for lang in LANGUAGES:
        texts = Texts(lang)
        assert texts.rule_title(rule).strip()
        page = texts.rule_help(rule)
        assert len(page) == 4 and all(text.strip() for text in page.values())
        names = texts.section("parameters")
        for parameter in rule.parameters:
            assert names.get(parameter.name, "").strip(), (rule.code, lang, parameter.name)
    # Chinese help is Chinese.
    for text in Texts("zh").rule_help(rule).values():
        assert any("一" <= c <= "鿿" for c in text), rule.code


def test_every_rule_runs_by_default_or_in_a_group():
    """What is in neither is known to nobody."""
    grouped = {code for codes in STANDARD.rule_groups.values() for code in codes}
    assert RULES.keys() == set(STANDARD.rules) | grouped


@each_rule
def test_needed_fields_have_a_name_that_people_read(rule):
    for lang in LANGUAGES:
        meanings = Texts(lang).section("meanings")
        for need in rule.needs.values():
            assert all(m in meanings for m in need.fields), (rule.code, lang)
