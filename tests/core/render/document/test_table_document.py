# SPDX-License-Identifier: GPL-2.0-or-later
"""Indicators and comparisons of editions as documents: the figures of their workbooks, and the command line."""

import re

import numpy as np
import pytest

from plugin.core.checks.tabulate import RunOptions, make_figures_document, tabulate_sources
from plugin.core.cli.console import EXIT_CLEAN, EXIT_FOUND
from plugin.core.render.document.blocks import (
    DocumentTable,
    Heading,
    Paragraph,
    Signature,
)
from plugin.core.render.document.docx_writer import import_docx_library
from plugin.core.render.document.table_document import (
    _count_lines,
    compute_column_shares,
    compute_text_width,
    make_table_document,
)
from plugin.core.render.tables.report_table import (
    ReportTable,
    ReportTableRow,
    TableColumn,
    TableNumber,
)
from plugin.core.standard.messages.texts import Texts, format_number
from plugin.paths import SAMPLE_FOLDER
from tests.core.cli.test_cli import run_command

COUNTY = SAMPLE_FOLDER / "county.gpkg"


def list_docx_texts(path):
    body = import_docx_library("x").Document(str(path)).element.body
    return [element.text for element in body.iter() if element.tag.endswith("}t") and element.text]


@pytest.fixture(scope="module")
def tabulated():
    return tabulate_sources(COUNTY, RunOptions(profile="hunyuan"))


def test_document_of_the_indicators_has_all_tables_with_the_figures_of_the_workbook(tabulated):
    document = make_figures_document(tabulated)
    texts = tabulated.indicators.texts
    headings = [block.text for block in document.blocks if isinstance(block, Heading)]
    assert headings == [texts.get("sheets", table.id) for table in tabulated.tables]
    assert (document.title, document.subtitle) == ("规划指标计算表", "浑源县")
    tables = [block for block in document.blocks if isinstance(block, DocumentTable)]
    for table, shown in zip(tabulated.tables, tables, strict=True):
        figures = [v for row in table.rows for v in row.values if isinstance(v, TableNumber)]
        printed = {cell.text for row in shown.rows for cell in row}
        assert {format_number(v.value, v.decimals).replace("-", "−") for v in figures} <= printed
    assert isinstance(document.blocks[-1], Signature) and document.landscape


def test_table_of_more_than_300_rows_is_cut_with_a_note_that_the_workbook_has_all_rows():
    table = ReportTable("indicators", [TableColumn("name"), TableColumn("area", "ha", "面积")], unit="ha")
    table.rows = [ReportTableRow([f"甲{n}", TableNumber(-1234.5, 2)], "part") for n in range(301)]
    document = make_table_document([table], "表", "某县", Texts("zh"))
    (shown,) = [block for block in document.blocks if isinstance(block, DocumentTable)]
    assert len(shown.rows) == 300 and [c.text for c in shown.rows[0]] == ["　甲0", "−1\u202f234.50"]
    notes = [block.text for block in document.blocks if isinstance(block, Paragraph)]
    assert notes == ["列 300 行，共 301 行，全部见工作簿（xlsx）。"] and not document.landscape
    assert [c.align for c in shown.columns] == ["left", "right"]


def test_english_document_has_english_names_of_kinds_and_missing_layers():
    document = make_figures_document(tabulate_sources(COUNTY, RunOptions(profile="hunyuan", lang="en")))
    table = next(block for block in document.blocks if isinstance(block, DocumentTable))
    titles = [column.title for column in table.columns]
    assert {row[titles.index("Kind")].text for row in table.rows} == {"", "binding"}
    inputs = [row[titles.index("Inputs")].text for row in table.rows]
    assert "Layer missing or without features: flood risk control line (HLFXKZX)." in inputs
    assert "Layer missing or without features: TRL." in inputs and not any("、" in text for text in inputs)


def test_command_line_writes_indicators_and_comparison_as_docx(tmp_path, capsys):
    path = tmp_path / "指标.docx"
    assert run_command("indicators", COUNTY, "--profile", "hunyuan", "--docx", path) == EXIT_CLEAN
    assert "规划指标计算表" in list_docx_texts(path)
    other = tmp_path / "比较.docx"
    assert run_command("compare", COUNTY, COUNTY, "--role", "CZKFBJ", "--docx", other) in (EXIT_CLEAN, EXIT_FOUND)
    assert "城镇开发边界版本比较表" in list_docx_texts(other)


def test_command_line_refuses_a_document_with_another_suffix(tmp_path, capsys):
    assert run_command("indicators", COUNTY, "--docx", tmp_path / "a.odt") == 2
    assert ".docx" in capsys.readouterr().err and not list(tmp_path.iterdir())


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
