# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that `make rule` writes all parts of a new rule and refuses used codes."""

import importlib.util
import shutil
import tomllib
from pathlib import Path

import pytest

from plugin.core.model.rule import RULE_FAMILIES

ROOT = Path(__file__).resolve().parents[2]
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


@pytest.mark.parametrize("family", [f for f in RULE_FAMILIES if f not in ("DOC", "RUN")])
def test_make_rule_writes_code_texts_and_settings_of_a_new_rule(new_rule_tool, tmp_path, family):
    code = f"{family}999"
    assert new_rule_tool.main(code, "missing-use") == 0
    draft = (tmp_path / f"plugin/core/rules/{family.lower()}/{code.lower()}_missing_use.py").read_text(encoding="utf-8")
    compile(draft, "draft", "exec")
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
    mutations = (tmp_path / f"tests/mutations/{family.lower()}.py").read_text(encoding="utf-8")
    compile(mutations, "mutations", "exec")
    assert f'@plants("{code}")\ndef missing_use(' in mutations


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
