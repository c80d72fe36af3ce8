# SPDX-License-Identifier: GPL-2.0-or-later
"""Pictures of the manual are outdated when a shown text has changed; `make screenshots` renews them."""

import json
import re
import sys

import pytest

from tests.manual_names import MANUAL, ROOT
from tests.parametrize import for_each

sys.path.insert(0, str(ROOT / "tools"))

import shown_texts

TABLE = json.loads(shown_texts.TABLE.read_text(encoding="utf-8"))
#: Two pages of a report, printed with a browser, which `make screenshots` lacks.
BY_HAND = {"report-1.png", "report-2.png"}


@pytest.fixture(scope="module")
def known():
    return shown_texts.catalogue()


def changed(row, known):
    """Return why a picture is out of date: texts that are gone, or that some text has changed; empty if it is not."""
    gone = [name for name in row["texts"] if name not in known]
    return gone or ([] if shown_texts.digest(row["texts"], known) == row["digest"] else ["a text has changed"])


@for_each("name", TABLE)
def test_pictures_show_the_current_texts(name, known):
    assert changed(TABLE[name], known) == []
    assert (shown_texts.IMAGES / name).is_file()
    assert len(TABLE[name]["texts"]) >= 10


def test_changed_text_is_found(known):
    row = TABLE["wizard.png"]
    other = {**known, "ts:Next Step": "继续"}
    assert "ts:Next Step" in row["texts"] and changed(row, other) == ["a text has changed"]
    assert changed(row, {name: text for name, text in known.items() if name != "ts:Next Step"}) == ["ts:Next Step"]


def test_change_of_a_text_not_shown_is_ignored(known):
    assert changed(TABLE["wizard.png"], {**known, "ts:Undo This Edit": "?"}) == []


def test_every_picture_of_the_manual_is_made_by_the_tool():
    used = {
        name for path in MANUAL.glob("*/*.md") for name in re.findall(r"images/([\w-]+\.png)", path.read_text("utf-8"))
    }
    there = {path.name for path in shown_texts.IMAGES.glob("*.png")}
    assert used - set(TABLE) <= BY_HAND and set(TABLE) | BY_HAND == there


def test_texts_are_recognised_in_a_window(known):
    shown = ["下一步", "将创建 13 个图层，合计 5 组", "无关的文字"]
    found = shown_texts.names_of(shown, "ts", known)
    assert "ts:Next Step" in found and "ts:{layers} layers in {groups} groups will be made" in found
    assert all(known[name] == "下一步" or "{" in known[name] for name in found)
