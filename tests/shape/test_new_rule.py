# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that `make rule` writes all parts of a new rule and refuses used codes."""

import importlib.util
import re
import shutil
import tomllib
from pathlib import Path

import pytest

from plugin.core.cli.examples.plans import run_example
from plugin.core.model import rule as rule_module
from plugin.core.model.report import Outcome
from plugin.core.model.rule import DECLARED_FAMILY, RULE_FAMILIES
from plugin.core.standard.messages import texts
from plugin.core.standard.messages.texts import load_texts
from tests.mutations import mutation

ROOT = Path(__file__).resolve().parents[2]
#: Families whose rules are files in folders of their names.
NEW_RULE_FAMILIES = [family for family in RULE_FAMILIES if family not in ("DOC", "RUN", DECLARED_FAMILY)]
CHANGED_FILES = ("resources/texts/rules_zh.toml", "resources/standards/common-2021/standard.toml")


@pytest.fixture
def new_rule_tool(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("new_rule", ROOT / "tools" / "new_rule.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in CHANGED_FILES:
        (tmp_path / name).parent.mkdir(parents=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for family in module.GROUPS:
        (tmp_path / "plugin/core/rules" / family.lower()).mkdir(parents=True)
    shutil.copytree(ROOT / "tests/mutations", tmp_path / "tests/mutations")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    return module


@pytest.fixture
def own_registers(monkeypatch):
    """Keep drafts out of the rules and mutations of other tests."""
    monkeypatch.setattr(rule_module, "_DECLARED_RULES", dict(rule_module._DECLARED_RULES))
    monkeypatch.setattr(mutation, "MUTATIONS", [])


def run_file(name, path):
    """Execute a file as a module of an existing package, so that its relative imports work."""
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("family", NEW_RULE_FAMILIES)
def test_make_rule_writes_code_texts_and_settings_of_a_new_rule(new_rule_tool, tmp_path, family):
    code = f"{family}999"
    assert new_rule_tool.main(code, "missing-use") == 0
    draft = (tmp_path / f"plugin/core/rules/{family.lower()}/{code.lower()}_missing_use.py").read_text(encoding="utf-8")
    assert f'"{code}"' in draft and "def missing_use(" in draft
    chinese = tomllib.loads((tmp_path / CHANGED_FILES[0]).read_text(encoding="utf-8"))[code]
    assert set(chinese) == {"title", "problem", "what", "why", "fix", "limits", "messages"}
    before, after = (
        tomllib.loads((folder / CHANGED_FILES[1]).read_text(encoding="utf-8")) for folder in (ROOT, tmp_path)
    )
    added = {g: set(codes) - set(before["rule_groups"][g]) for g, codes in after["rule_groups"].items()}
    assert added == {g: {code} if g == new_rule_tool.GROUPS[family] else set() for g in added}
    assert {k: v for k, v in after.items() if k != "rule_groups"} == {
        k: v for k, v in before.items() if k != "rule_groups"
    }


@pytest.mark.parametrize("family", NEW_RULE_FAMILIES)
@pytest.mark.usefixtures("own_registers")
def test_rule_drafted_by_make_rule_passes_its_examples_without_findings(new_rule_tool, tmp_path, family, monkeypatch):
    code, module = f"{family}999", f"{family.lower()}999_missing_use"
    assert new_rule_tool.main(code, "missing-use") == 0
    chinese = tomllib.loads((tmp_path / CHANGED_FILES[0]).read_text(encoding="utf-8"))
    monkeypatch.setattr(texts, "load_texts", lambda name: chinese if name == "rules_zh" else load_texts(name))
    package = f"plugin.core.rules.{family.lower()}"
    run_file(f"{package}.{module}", tmp_path / f"{package.replace('.', '/')}/{module}.py")
    draft = rule_module.load_all_rules()[code]
    assert draft.fails and draft.passes
    for example in (*draft.fails, *draft.passes):
        report = run_example(draft, example)
        assert not report.findings
        assert [one.outcome for one in report.rules] == [Outcome.PASSED], report.rules


@pytest.mark.parametrize("family", NEW_RULE_FAMILIES)
@pytest.mark.usefixtures("own_registers")
def test_planted_defect_drafted_by_make_rule_is_registered_and_raises_not_implemented(new_rule_tool, tmp_path, family):
    code, module = f"{family}999", family.lower()
    assert new_rule_tool.main(code, "missing-use") == 0
    run_file(f"tests.mutations.{module}_draft", tmp_path / f"tests/mutations/{module}.py")
    (drafted,) = [one for one in mutation.MUTATIONS if one.rule == code]
    assert drafted.name == f"{code}-missing_use"
    with pytest.raises(NotImplementedError, match=code):
        drafted.plant(None)


def test_make_rule_names_the_folders_of_rules_on_packages(new_rule_tool, capsys):
    assert new_rule_tool.main("DOC998", "missing-use") > 0
    message = capsys.readouterr().err
    for folder in ("plugin/core/package/rules", "plugin/core/studies/yearly/rules"):
        assert folder in message and (ROOT / folder).is_dir()


def test_make_rule_with_a_used_or_invalid_code_changes_no_file(new_rule_tool, tmp_path, capsys):
    assert new_rule_tool.main("ATT999", "missing-use") == 0
    before = {name: (tmp_path / name).read_bytes() for name in CHANGED_FILES}
    for wrong in (
        ("ATT999", "another-one"),
        ("att998", "missing-use"),
        ("ATT998", "Missing Use"),
        ("DOC998", "missing-use"),
    ):
        assert new_rule_tool.main(*wrong) > 0
    assert {name: (tmp_path / name).read_bytes() for name in CHANGED_FILES} == before
    assert "ATT999" in capsys.readouterr().err


def test_rule_codes_in_the_documented_examples_of_make_rule_belong_to_no_existing_rule():
    """An example with the code of a rule fails when a reader tries it."""
    for name in ("CONTRIBUTING.md", "Makefile", "tools/new_rule.py"):
        codes = set(re.findall(r"(?:CODE=|-k )([A-Z]{3}\d{3})", (ROOT / name).read_text(encoding="utf-8")))
        assert codes and not codes & set(rule_module.load_all_rules()), name
