# SPDX-License-Identifier: GPL-2.0-or-later
"""Indicators and comparisons of editions as documents: the figures of their workbooks, and the command line."""

import pytest

from plugin.core.cli.console import EXIT_CLEAN, EXIT_FOUND
from plugin.core.messages.texts import Texts, format_number
from plugin.core.render.document.blocks import (
    DocumentTable,
    Heading,
    Paragraph,
    Signature,
)
from plugin.core.render.document.docx_writer import import_docx_library, write_docx
from plugin.core.render.document.table_document import make_table_document
from plugin.core.render.tables.model import ReportTable, ReportTableRow, TableColumn, TableNumber, make_sheet_name
from plugin.core.tabulate import RunOptions, make_figures_document, tabulate_sources
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
    assert headings == [make_sheet_name(table, texts) for table in tabulated.tables]
    assert (document.title, document.subtitle) == ("规划指标计算表", "浑源县")
    tables = [block for block in document.blocks if isinstance(block, DocumentTable)]
    for table, shown in zip(tabulated.tables, tables, strict=True):
        figures = [v for row in table.rows for v in row.values if isinstance(v, TableNumber)]
        printed = {cell.text for row in shown.rows for cell in row}
        assert {format_number(v.value, v.decimals).replace("-", "−") for v in figures} <= printed
    assert isinstance(document.blocks[-1], Signature) and document.landscape


def test_table_of_more_than_300_rows_is_cut_with_a_note_that_the_workbook_has_all_rows():
    columns = [TableColumn("name"), TableColumn("area", "ha", "面积")]
    table = ReportTable("indicators", columns, unit="ha")
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
    assert "Layer missing: flood risk control line (HLFXKZX)." in inputs
    assert "Layer missing: TRL." in inputs and not any("、" in text for text in inputs)


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


def test_heading_row_of_a_group_in_the_docx_is_kept_on_one_page_with_the_row_below_it(tabulated, tmp_path):
    document = make_figures_document(tabulated)
    shown = next(block for block in document.blocks if isinstance(block, DocumentTable))
    heads = [row[1].text for n, row in enumerate(shown.rows) if n in shown.group_heads]
    assert heads[:2] == ["三条控制线", "资源利用与保护"]
    path = tmp_path / "指标.docx"
    write_docx(document, path)
    rows = import_docx_library("x").Document(str(path)).tables[0].rows
    kept = {row.cells[1].text for row in rows if row.cells[1].paragraphs[0].paragraph_format.keep_with_next}
    assert {*heads, "指标"} <= kept and len(kept) < len(shown.rows) / 3
