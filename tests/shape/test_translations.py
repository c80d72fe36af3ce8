# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that every interface text has a Chinese translation with its placeholders."""

import re
import string
import sys
from pathlib import Path

import pytest

from tests.parametrize import for_each

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from update_ts import extract_texts, extract_texts_of_folder, list_unfinished_texts, read_translations  # noqa: E402

INTERFACE_TEXTS = extract_texts_of_folder(ROOT / "plugin")
TRANSLATION_FILE = ROOT / "i18n" / "sanxian_zh_CN.ts"
KNOWN_TRANSLATIONS = read_translations(TRANSLATION_FILE)


def list_placeholders(text):
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def test_every_interface_text_has_a_finished_chinese_translation():
    assert not list_unfinished_texts(TRANSLATION_FILE, INTERFACE_TEXTS), (
        "tools/run.sh python tools/update_ts.py, then translate"
    )


def test_translation_file_has_no_text_that_the_code_no_longer_uses():
    assert not set(KNOWN_TRANSLATIONS) - INTERFACE_TEXTS, "tools/run.sh python tools/update_ts.py"


@for_each("text", sorted(set(KNOWN_TRANSLATIONS) & INTERFACE_TEXTS), ids=lambda t: re.sub(r"\W+", "-", t)[:40])
def test_chinese_translation_has_the_placeholders_of_its_source_text(text):
    assert list_placeholders(KNOWN_TRANSLATIONS[text]) == list_placeholders(text)
    assert "！" not in KNOWN_TRANSLATIONS[text]


def test_collecting_interface_texts_refuses_tr_calls_with_a_variable():
    assert extract_texts('tr("One" " text")') == {"One text"}
    with pytest.raises(SystemExit, match=r"x\.py:1"):
        extract_texts("tr(name)", "x.py")
