# SPDX-License-Identifier: GPL-2.0-or-later
"""The interface is whole in Chinese: every tr() text has its translation, with the same placeholders."""

import re
import string
import sys
from pathlib import Path

import pytest

from tests.parametrize import for_each

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from update_ts import texts_in, texts_of, translations, unfinished  # noqa: E402

WANTED = texts_in(ROOT / "plugin")
TARGET = ROOT / "i18n" / "sanxian_zh_CN.ts"
KNOWN = translations(TARGET)


def placeholders(text):
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def test_nothing_is_unfinished():
    assert not unfinished(TARGET, WANTED), "tools/run.sh python tools/update_ts.py, then translate"


def test_nothing_is_left_over():
    assert not set(KNOWN) - WANTED, "tools/run.sh python tools/update_ts.py"


@for_each("text", sorted(set(KNOWN) & WANTED), ids=lambda t: re.sub(r"\W+", "-", t)[:40])
def test_translation_fits(text):
    assert placeholders(KNOWN[text]) == placeholders(text)
    assert "！" not in KNOWN[text]


def test_only_plain_texts_are_collected():
    assert texts_of('tr("One" " text")') == {"One text"}
    with pytest.raises(SystemExit, match=r"x\.py:1"):
        texts_of("tr(name)", "x.py")
