# SPDX-License-Identifier: GPL-2.0-or-later
"""Widths of the columns of a printed table: no word and no figure is broken, and lines are few."""

import re

import numpy as np
import pytest

from plugin.core.render.document.blocks import DocumentTable
from plugin.core.render.document.column_widths import _count_lines, compute_column_shares, compute_text_width
from plugin.core.tabulate import RunOptions, make_figures_document, tabulate_sources
from plugin.paths import SAMPLE_FOLDER

#: Letters of 4 points in a line of a landscape page.
LANDSCAPE_LETTERS = 187


def test_short_columns_are_as_wide_as_their_texts_and_columns_of_sentences_share_the_rest():
    rows = [("1", "无法计算", "由图层不能计算：" * 20), ("2", "达到", "地类图斑")]
    number, state, sentence = compute_column_shares(["序号", "状态", "数据"], rows, 100)
    assert number >= 4 and state >= 8 and sentence > 60
    assert number + state + sentence == pytest.approx(100)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_tables_of_indicators_break_no_line_inside_a_figure_or_word(lang):
    options = RunOptions(profile="hunyuan", lang=lang)
    document = make_figures_document(tabulate_sources(SAMPLE_FOLDER / "county.gpkg", options))
    tables = [block for block in document.blocks if isinstance(block, DocumentTable)]
    assert len(tables) == 8
    cut = []
    for table in tables:
        room = [column.width_percent / 100 * LANDSCAPE_LETTERS for column in table.columns]
        texts = [[column.title for column in table.columns], *([cell.text for cell in row] for row in table.rows)]
        for row in texts:
            for text, width in zip(row, room, strict=True):
                words = [text] if re.match("[≤≥−0-9]", text) and len(text) < 15 else re.findall("[!-~]+", text)
                cut += [word for word in words if len(word) < 20 and compute_text_width(word) > width - 1]
    assert not cut


def test_column_of_targets_keeps_the_width_of_its_text_while_text_columns_wrap():
    target, words = "≥ 538.87 km²", "图斑椭球面积 ÷ 图斑面积"
    headings = ["目标", *["面积口径"] * 9]
    shares = compute_column_shares(headings, [(target, *[words] * 9)], 120)
    assert shares[0] * 1.2 >= compute_text_width(target) + 1.5


def test_a_line_has_whole_chinese_characters():
    texts = ("历史文化保护线", "一二三四五六七八九十" * 9)
    shares = compute_column_shares(["图层", "说明"], [texts] * 3, 40)
    room = shares[0] * 0.4 - 3
    lines = -(-len(texts[0]) // int(room // 2))
    assert lines <= -(-len(texts[1]) // int((shares[1] * 0.4 - 3) // 2))
    # The widths are counted with whole characters, not with halves: seven characters need four to have two lines.
    assert _count_lines(
        np.array([14.0, 14.0, 14.0]), np.array([True, True, False]), np.array([7.0, 8.0, 7.0])
    ).tolist() == [3, 2, 2]
