# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that rules state their sources: documents, reliability marks and help.

No rule is an error if it is based on unverified sources (mark C) only.
"""

import re

from plugin.core.model.rule import Severity, load_all_rules
from plugin.core.standard import load_standard
from plugin.core.standard.messages.texts import TEXT_LANGUAGES, Texts
from plugin.core.standard.profile import Norm, load_profile
from tests.parametrize import for_each
from tests.rule_examples import run_failing_examples

RULES = load_all_rules()
STANDARD = load_standard()
NORM = Norm(STANDARD, load_profile())
for_each_rule = for_each("rule", RULES.values(), ids=RULES)


@for_each("citation", STANDARD.citations.values(), ids=STANDARD.citations)
def test_mark_of_a_citation_is_not_better_than_the_best_mark_of_its_documents(citation):
    if citation.mark != "C":
        assert citation.sources, f"{citation.key} is marked {citation.mark}, but names no document (sources.toml)"
        best = min((STANDARD.sources[s].best for s in citation.sources), default="C")
        assert best <= citation.mark, f"{citation.key} claims {citation.mark}; its documents allow {best}"
    assert citation.zh.strip() and citation.en.strip()


def test_citations_name_the_legal_documents_that_their_titles_quote():
    documents, quoted = STANDARD.legal_documents, set()
    for citation in STANDARD.citations.values():
        names = [documents[key].zh for key in citation.legal_documents]
        titles = re.findall("《([^》]+)》", citation.zh)
        assert all(any(title in name for name in names) for title in titles), citation.key
        assert len(names) >= len(titles), citation.key
        quoted |= set(citation.legal_documents)
    assert quoted == documents.keys()


def test_every_citation_is_used_by_a_rule_a_layer_conflict_or_a_requirement_of_an_adjustment():
    cited = {key for rule in RULES.values() for key in rule.basis} | {c.basis for c in STANDARD.conflicts}
    cited |= {entry.split()[2] for entry in NORM.get("adjustment.requirements")} - {"-"}
    assert cited <= STANDARD.citations.keys()
    assert STANDARD.citations.keys() <= cited, "citations that no rule and no pair of lines stands on"


@for_each_rule
def test_findings_of_a_rule_with_unverified_sources_only_are_never_errors(rule):
    """Run the examples of each rule without a verified source.

    An error is allowed only if the standard or county sets it.
    """
    if any(NORM.is_confirmed(key) for key in rule.basis if not STANDARD.citations[key].area):
        return
    assert rule.severity is not Severity.ERROR
    for example, report in zip(rule.fails, run_failing_examples(rule.code), strict=True):
        if not example.settings:
            found = {str(f.severity) for f in report.findings}
            assert "ERROR" not in found, (rule.code, example.title)


@for_each_rule
def test_rule_help_has_four_nonempty_parts_and_a_name_for_each_parameter_in_both_languages(rule):
    for lang in TEXT_LANGUAGES:
        texts = Texts(lang)
        assert texts.get_rule_title(rule).strip()
        page = texts.get_rule_help(rule)
        assert len(page) == 4 and all(text.strip() for text in page.values())
        names = texts.get_section("parameters")
        for parameter in rule.parameters:
            assert names.get(parameter.name, "").strip(), (rule.code, lang, parameter.name)
    # Chinese help is Chinese.
    for text in Texts("zh").get_rule_help(rule).values():
        assert any("一" <= c <= "鿿" for c in text), rule.code


def test_every_rule_runs_by_default_or_belongs_to_a_rule_group():
    """Compare all rules with the standard; others would be unknown to users."""
    grouped = {code for codes in STANDARD.rule_groups.values() for code in codes}
    assert RULES.keys() == set(STANDARD.rules) | grouped


@for_each_rule
def test_fields_required_by_rules_have_a_title_in_both_languages(rule):
    for lang in TEXT_LANGUAGES:
        meanings = Texts(lang).get_section("meanings")
        for need in rule.needs.values():
            assert all(m in meanings for m in need.fields), (rule.code, lang)
