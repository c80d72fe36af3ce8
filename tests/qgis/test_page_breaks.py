# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the pages of a PDF begin: no divided rows, headings and signatures beside what they belong to.

`make check` also runs this with Qt 6 (tools/qt6.sh).
"""

import random
from dataclasses import replace

import pytest
from qgis.PyQt.QtCore import QSizeF
from qgis.PyQt.QtGui import QTextDocument, QTextTable

from plugin.bridge.printing.pdf import lay_out_without_divided_rows, render_svg
from plugin.core.base.errors import NEVER_CANCELLED
from plugin.core.render.document.blocks import (
    Document,
    DocumentCell,
    DocumentColumn,
    DocumentTable,
    Heading,
    PageBreak,
    PageHeaderFooter,
    Paragraph,
    Picture,
    PictureGrid,
    Signature,
)
from plugin.core.render.document.print_html import render_print_html
from tests.parametrize import first_daily

pytestmark = pytest.mark.usefixtures("qgis_app")
EMPTY_DOCUMENT = Document("检查报告", "", PageHeaderFooter(), ())


@pytest.mark.parametrize("seed", first_daily(range(6)))
def test_rows_of_tables_are_not_divided_between_pages(seed):
    """Compare the pages of all lines of a row, in documents with rows of various heights."""
    rng = random.Random(seed)
    columns = tuple(DocumentColumn(title, width) for title, width in (("图层", 30), ("说明", 70)))
    blocks = []
    for number in range(12):
        rows = tuple((DocumentCell("永安镇"), DocumentCell("重叠 4.81 公顷。" * rng.randint(1, 60))) for _ in range(8))
        blocks += [Heading(f"第 {number} 条", 2), DocumentTable(columns, rows), Signature(("检查人",), "日期")]
    long = replace(EMPTY_DOCUMENT, blocks=tuple(blocks))
    assert list_divided_rows(lay_out_on_a4(long)), "the plain layout divides rows"
    text = lay_out_without_divided_rows(long, lay_out_on_a4, NEVER_CANCELLED)
    assert list_divided_rows(text) == []
    printed = text.toPlainText()
    assert printed.count("永安镇") == 96
    assert [printed.count(f"第 {number} 条") for number in range(12)] == [1] * 12


@pytest.mark.parametrize("row_count", first_daily(range(30, 60)))
def test_page_break_after_a_full_page_makes_no_empty_page(row_count):
    """Try last rows and signatures at every distance from the lower edge of a page."""
    rows = tuple((DocumentCell("永安镇"),) for _ in range(row_count))
    blocks = (DocumentTable((DocumentColumn("乡镇", 100),), rows), Signature(("检查人",), "日期"), PageBreak())
    text = lay_out_without_divided_rows(
        replace(EMPTY_DOCUMENT, blocks=(*blocks, Heading("附录", 1))), lay_out_on_a4, NEVER_CANCELLED
    )
    height, filled = text.pageSize().height(), set()
    for block in list_text_blocks(text):
        if block.text().strip():
            filled.add(int(text.documentLayout().blockBoundingRect(block).center().y() // height))
    assert filled == set(range(text.pageCount()))


@pytest.mark.parametrize("row_count", first_daily(range(30, 60)))
def test_heading_of_pictures_is_on_the_page_of_the_first_ones(row_count):
    rows = tuple((DocumentCell(f"行{n}"),) for n in range(row_count))
    image = render_svg('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 3"/>', 420)
    grid = PictureGrid((Picture(image, 42.0, "永安镇 4.81 公顷"),) * 12, 4)
    blocks = (DocumentTable((DocumentColumn("乡镇", 100),), rows), Heading("主要冲突位置"), grid)
    text = lay_out_without_divided_rows(replace(EMPTY_DOCUMENT, blocks=blocks), lay_out_on_a4, NEVER_CANCELLED)
    heading = next(block for block in list_text_blocks(text) if block.text() == "主要冲突位置")
    # A grid that is divided between its rows is two tables.
    first_table = next(table for table in list_tables(text) if table.firstPosition() > heading.position())
    pictures = first_table.cellAt(0, 0).firstCursorPosition().block()
    bottoms = [text.documentLayout().blockBoundingRect(block).bottom() for block in (heading, pictures)]
    assert bottoms[0] // text.pageSize().height() == (bottoms[1] - 1) // text.pageSize().height()


def test_table_row_higher_than_a_page_is_divided_between_pages():
    columns = (DocumentColumn("说明", 100),)
    rows = ((DocumentCell("短"),), (DocumentCell("很长。" * 3000),), (DocumentCell("末"),))
    high = replace(EMPTY_DOCUMENT, blocks=(Heading("标题", 2), DocumentTable(columns, rows)))
    text = lay_out_without_divided_rows(high, lay_out_on_a4, NEVER_CANCELLED)
    assert text.toPlainText().count("很长。") == 3000
    assert list_divided_rows(text) == ["很长"]


@pytest.mark.parametrize("row_count", first_daily(range(20, 70, 6), 2))
def test_pages_of_the_pdf_do_not_end_with_the_heading_of_a_table_group(row_count):
    columns = (DocumentColumn("指标", 50), DocumentColumn("数值", 50, "right"))
    heads = frozenset(range(0, row_count, 3))
    rows = tuple((DocumentCell(f"组{n}" if n in heads else f"行{n}"), DocumentCell("1.00")) for n in range(row_count))
    table = DocumentTable(columns, rows, group_heads=heads)
    grouped = replace(EMPTY_DOCUMENT, blocks=(Paragraph("前文。" * 40 * (row_count % 5)), Heading("标题"), table))
    pages = list_first_cells_by_page(lay_out_without_divided_rows(grouped, lay_out_on_a4, NEVER_CANCELLED))
    assert [cell for page in pages for cell in page] == [row[0].text for row in rows]
    assert all(not page[-1].startswith("组") and len(page) > 1 for page in pages)


@pytest.mark.parametrize("row_count", first_daily(range(30, 60)))
def test_signatures_of_the_pdf_are_never_alone_on_a_page(row_count):
    rows = tuple((DocumentCell(f"行{n}"),) for n in range(row_count))
    table = DocumentTable((DocumentColumn("指标", 100),), rows)
    signed = replace(EMPTY_DOCUMENT, blocks=(Heading("标题"), table, Signature(("检查人", "复核人"), "日期")))
    text = lay_out_without_divided_rows(signed, lay_out_on_a4, NEVER_CANCELLED)
    pages = list_first_cells_by_page(text)
    assert pages[-1][-1] == "检查人" and pages[-1][0] != "检查人"


def list_first_cells_by_page(text):
    """Return the first cells of the rows on each page, without heads of tables; of a signature its first label."""
    height = text.pageSize().height()
    pages = [[] for _ in range(text.pageCount())]
    for table in list_tables(text):
        is_signature = table.cellAt(0, 0).firstCursorPosition().block().text().startswith("检查人")
        for row in range(0 if is_signature else 1, table.rows()):
            block = table.cellAt(row, 0).firstCursorPosition().block()
            page = int((text.documentLayout().blockBoundingRect(block).center().y()) // height)
            pages[page].append(block.text().split("\u2028")[0])
    return pages


def list_tables(text):
    return [frame for frame in text.rootFrame().childFrames() if isinstance(frame, QTextTable)]


def list_text_blocks(text):
    block = text.begin()
    while block.isValid():
        yield block
        block = block.next()


def lay_out_on_a4(document):
    text = QTextDocument()
    text.setHtml(render_print_html(document, 178.0))
    text.setPageSize(QSizeF(673, 980))
    return text


def list_divided_rows(text):
    """Return the last words of rows of which some lines are on another page than others."""
    divided = []
    for table in list_tables(text):
        for row in range(table.rows()):
            pages = set()
            for column in range(table.columns()):
                block = table.cellAt(row, column).firstCursorPosition().block()
                top = text.documentLayout().blockBoundingRect(block).top()
                lines = [block.layout().lineAt(n) for n in range(block.layout().lineCount())]
                # The last line of a page may touch its lower edge.
                pages |= {int((top + line.y() + line.height() / 2) // text.pageSize().height()) for line in lines}
            if len(pages) > 1:
                divided.append(block.text()[:2])
    return divided
