# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that the manual's screenshots show the current texts.

`make screenshots` renews them.
"""

import json
import re
import sys

import pytest

from tests.manual_names import MANUAL, ROOT
from tests.parametrize import for_each

sys.path.insert(0, str(ROOT / "tools"))

import shown_texts

PICTURE_TEXTS = json.loads(shown_texts.TABLE.read_text(encoding="utf-8"))
#: Two pages of a report, printed with a browser, which `make screenshots` lacks.
PICTURES_BY_HAND = {"report-1.png", "report-2.png"}


@pytest.fixture(scope="module")
def current_texts():
    return shown_texts.load_all_texts()


def list_changes(row, current_texts):
    """Return why a screenshot is outdated, or an empty list.

    The reasons are removed texts, or a changed text.
    """
    gone = [name for name in row["texts"] if name not in current_texts]
    return gone or (
        [] if shown_texts.compute_text_digest(row["texts"], current_texts) == row["digest"] else ["a text has changed"]
    )


@for_each("name", PICTURE_TEXTS)
def test_manual_screenshots_show_the_current_interface_texts(name, current_texts):
    assert list_changes(PICTURE_TEXTS[name], current_texts) == []
    assert (shown_texts.IMAGES / name).is_file()
    assert len(PICTURE_TEXTS[name]["texts"]) >= 10


def test_screenshot_check_reports_a_changed_interface_text(current_texts):
    row = PICTURE_TEXTS["wizard.png"]
    other = {**current_texts, "ts:Next Step": "继续"}
    assert "ts:Next Step" in row["texts"] and list_changes(row, other) == ["a text has changed"]
    assert list_changes(row, {name: text for name, text in current_texts.items() if name != "ts:Next Step"}) == [
        "ts:Next Step"
    ]


def test_screenshot_check_ignores_changes_of_texts_that_it_does_not_show(current_texts):
    assert list_changes(PICTURE_TEXTS["wizard.png"], {**current_texts, "ts:Undo This Edit": "?"}) == []


def test_every_manual_picture_is_made_by_the_screenshot_tool_or_listed_as_made_by_hand():
    used = {
        name for path in MANUAL.glob("*/*.md") for name in re.findall(r"images/([\w-]+\.png)", path.read_text("utf-8"))
    }
    there = {path.name for path in shown_texts.IMAGES.glob("*.png")}
    assert used - set(PICTURE_TEXTS) <= PICTURES_BY_HAND and set(PICTURE_TEXTS) | PICTURES_BY_HAND == there


def test_screenshot_tool_recognises_the_translated_texts_of_a_dialog(current_texts):
    found = shown_texts.find_names_of_texts(
        ["下一步", "将创建 13 个图层，合计 5 组", "无关的文字"], "ts", current_texts
    )
    assert "ts:Next Step" in found and "ts:{layers} layers in {groups} groups will be created" in found
    assert all(current_texts[name] == "下一步" or "{" in current_texts[name] for name in found)
