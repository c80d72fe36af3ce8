# SPDX-License-Identifier: GPL-2.0-or-later
"""The manual's chapter on declared checks: its examples load, and it has every operator and every key."""

import re
from pathlib import Path

from plugin.core.messages.texts import Texts
from plugin.core.standard.declared_checks import read
from plugin.core.standard.declared_checks.operators import KEYS_BY_KIND, OPERATORS
from tests.core.standard.declared_check_files import list_problems, load_norm

CHAPTER = (Path(__file__).resolve().parents[3] / "docs/manual/zh/10-declared-checks.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```toml\n(.*?)^```", CHAPTER, re.MULTILINE | re.DOTALL)


def test_head_and_three_examples_of_the_manual_are_a_valid_profile(tmp_path):
    head, *examples = BLOCKS
    assert list_problems(tmp_path, "\n".join(examples), head) == []
    norm = load_norm(tmp_path, "\n".join(examples), head)
    assert [check.code for check in norm.declared_checks] == ["Xpingxi-001", "Xpingxi-002", "Xpingxi-003"]


def test_the_manual_has_a_row_for_each_operator_and_key():
    rows = set(re.findall(r"^\| `(\w+)` \|", CHAPTER, re.MULTILINE))
    keys = {*read._REQUIRED_KEYS, *read._OPTIONAL_KEYS} - {"zh", "en"}
    assert rows - {"declared_checks"} == {*OPERATORS, *keys}
    for required, optional in KEYS_BY_KIND.values():
        assert all(f"`{key}`" in CHAPTER for key in (*required, *optional) if key != "value")


def test_every_operator_has_a_phrase_in_both_languages():
    for lang in ("zh", "en"):
        assert set(Texts(lang).get_section("check_operators")) == set(OPERATORS)
