# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that every interface text has a Chinese translation with its placeholders."""

import string
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from update_ts import BUTTON_TEXTS, extract_texts, extract_texts_of_folder, list_unfinished_texts, read_translations  # noqa: E402

TRANSLATION_FILE = ROOT / "i18n" / "sanxian_zh_CN.ts"
KNOWN_TRANSLATIONS = read_translations(TRANSLATION_FILE)


@cache
def extract_interface_texts():
    return extract_texts_of_folder(ROOT / "plugin") | BUTTON_TEXTS


def list_placeholders(text):
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def test_every_interface_text_has_a_finished_chinese_translation():
    assert not list_unfinished_texts(TRANSLATION_FILE, extract_interface_texts()), (
        "tools/run.sh python tools/update_ts.py, then translate"
    )


def test_translation_file_has_no_text_that_the_code_no_longer_uses():
    assert not set(KNOWN_TRANSLATIONS) - extract_interface_texts(), "tools/run.sh python tools/update_ts.py"


def test_chinese_translations_have_the_placeholders_of_their_source_texts():
    for text, translation in KNOWN_TRANSLATIONS.items():
        assert list_placeholders(translation) == list_placeholders(text), text
        assert "！" not in translation


def test_collecting_interface_texts_refuses_tr_calls_with_a_variable():
    assert extract_texts('tr("One" " text")') == {"One text"}
    with pytest.raises(SystemExit, match=r"x\.py:1"):
        extract_texts("tr(name)", "x.py")
