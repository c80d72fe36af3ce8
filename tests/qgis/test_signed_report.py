# SPDX-License-Identifier: GPL-2.0-or-later
"""The report to be signed as PDF and from the toolbox: pages, texts, and figures equal to those of the docx."""

import re
import unicodedata
from dataclasses import replace
from html import escape

import openpyxl
import pytest
from pypdf import PdfReader
from qgis.PyQt.QtCore import QThread

from plugin.bridge.printing.pdf import write_pdf
from plugin.core.base.errors import Cancellation, Cancelled
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.model.report import EditsSinceCheck, LayerEdits, record_edits
from plugin.core.render.document.blocks import (
    DocumentCell,
    DocumentColumn,
    DocumentTable,
    Heading,
    PageBreak,
    list_block_texts,
)
from plugin.core.render.document.check_report import make_check_report
from plugin.core.render.document.docx_writer import import_docx_library, write_docx
from plugin.core.render.html import render_report
from plugin.core.standard.messages.texts import THIN_SPACE
from tests.qgis.helpers import SAMPLE, run_algorithm
from tests.qgis.test_page_breaks import lay_out_on_a4, list_tables, list_text_blocks

pytestmark = pytest.mark.usefixtures("provider", "project")

#: Pages of the sample's report up to the signatures.
MAX_BODY_PAGES = 3
#: Largest page (HTML) of the sample, with its pictures.
MAX_PAGE_BYTES = 800_000
#: A figure with its unit, without the groups of digits before the last: in a PDF columns are a space apart, too.
#: Some fonts have one glyph for a character and for its radical; Qt then writes the radical into the PDF's text.
RADICALS = str.maketrans("⻄⻅⻆⻉⻋⻓⻔⻘⻚⻛⻜⻝⻢⻣⻥⻦⻩⻬⻰", "西见角贝车长门青页风飞食马骨鱼鸟黄齐龙")
FIGURE_PATTERN = re.compile(r"(?<![\d.])\d{1,3}\.\d+\s*(?:公\s*顷|万\s*亩|km\s*²|%)")


def normalise(text: str) -> str:
    return unicodedata.normalize("NFKC", re.sub(r"\s", "", text).translate(RADICALS))


@pytest.fixture(scope="module")
def checked_sample(qgis_app):
    tables = {name: str(SAMPLE.with_name(file)) for name, file in
              (("figures", "figures.csv"), ("targets", "township_tasks.csv"))}  # fmt: skip
    return check_plan(SAMPLE, RunOptions(profile="hunyuan", **tables))


@pytest.fixture(scope="module")
def english_sample(qgis_app):
    return check_plan(SAMPLE, RunOptions(profile="hunyuan", lang="en"))


@pytest.fixture(scope="module")
def pictures(checked_sample):
    from plugin.bridge.pictures import draw_pictures

    return draw_pictures(checked_sample.plan, checked_sample.report)


@pytest.fixture(scope="module")
def signed_report(checked_sample, pictures):
    return make_check_report(checked_sample.report, checked_sample.plan.norm, pictures)


@pytest.fixture(scope="module")
def html_report(checked_sample, pictures):
    return render_report(checked_sample.report, checked_sample.plan.norm, pictures)


def list_figures(texts: list[str]) -> set[str]:
    return {re.sub(r"\s", "", figure) for text in texts for figure in FIGURE_PATTERN.findall(text)}


@pytest.fixture(scope="module")
def printed_texts(signed_report, tmp_path_factory):
    path = tmp_path_factory.mktemp("pdf") / "检查报告.pdf"
    count = write_pdf(signed_report, path)
    texts = [page.extract_text() for page in PdfReader(path).pages]
    assert len(texts) == count
    return texts


@pytest.fixture(scope="module")
def page_texts(printed_texts):
    return [normalise(text) for text in printed_texts]


def test_first_page_of_the_signed_report_has_verdict_decisive_problems_missed_indicators_and_map(page_texts):
    first = page_texts[0]
    for text in (
        "不通过",
        "三条控制线相互重叠14处",
        "一、决定结论的问题",
        "二、未达到或接近目标的指标",
        "三、问题位置",
        "图例",
    ):
        assert text in first, text
    assert "四、全部问题" not in first and "四、全部问题" in page_texts[1]


def test_first_page_of_a_pdf_report_saved_after_edits_shows_the_edit_counts_and_the_map(
    checked_sample, pictures, tmp_path
):
    names = [layer["name"] for layer in checked_sample.report.provenance["layers"]]
    report = record_edits(checked_sample.report, EditsSinceCheck(tuple(LayerEdits(name, 12, 3) for name in names[:4])))
    path = tmp_path / "检查报告.pdf"
    write_pdf(make_check_report(report, checked_sample.plan.norm, pictures), path)
    first, second = (normalise(page.extract_text()) for page in PdfReader(path).pages[:2])
    assert normalise("此后改动了 48 个要素") in first and normalise("未保存 3 处") in first
    assert "图例" in first and "四、全部问题" in second


def test_body_of_the_signed_report_has_at_most_three_pages_and_ends_with_signatures(page_texts):
    signed = next(number for number, text in enumerate(page_texts, 1) if "检查人(签字)" in text)
    assert signed <= MAX_BODY_PAGES
    assert min(map(len, page_texts[:-1])) > 400, "no page is nearly empty"
    assert page_texts[signed].find("附录一未经本县确认的设置") >= 0 > "".join(page_texts[:signed]).find("附录一未经")


def test_english_report_has_the_map_on_the_first_page_and_a_body_of_three_pages(english_sample, pictures, tmp_path):
    path = tmp_path / "report.pdf"
    write_pdf(make_check_report(english_sample.report, english_sample.plan.norm, pictures), path)
    texts = [" ".join(page.extract_text().split()) for page in PdfReader(path).pages[: MAX_BODY_PAGES + 1]]
    assert "3. Places" in texts[0] and "Legend" in texts[0]
    assert "Checked by (signature)" in texts[MAX_BODY_PAGES - 1] and "Appendix 1" in texts[MAX_BODY_PAGES]


def test_each_pdf_page_has_its_number_and_the_page_count(page_texts):
    for number, text in enumerate(page_texts, 1):
        assert f"第{number}页,共{len(page_texts)}页" in text


def test_figures_of_pdf_docx_and_html_reports_are_equal(printed_texts, signed_report, html_report, tmp_path):
    path = tmp_path / "检查报告.docx"
    write_docx(signed_report, path)
    texts = [e.text for e in import_docx_library("x").Document(str(path)).element.body.iter() if e.tag.endswith("}t")]
    in_docx = list_figures([text for text in texts if text])
    assert len(in_docx) > 80
    assert list_figures([text.translate(RADICALS) for text in printed_texts]) == in_docx
    # The page lists more findings than the signed report, and prints the figures of both alike.
    # Columns of the page have their unit in the head.
    numbers = {number for text in re.split(r"<[^>]+>", html_report) for number in re.findall(r"\d+\.\d+", text)}
    assert {re.match(r"[\d.]+", figure).group() for figure in in_docx} <= numbers


def test_pictures_of_a_pdf_report_are_of_equal_size_from_a_worker_thread_and_the_main_thread(signed_report, tmp_path):
    """In QGIS a task prints it; there Qt does not keep the ratio of an image by itself."""

    def list_image_sizes(path):
        sizes = []
        for page in PdfReader(path).pages:
            # Two matrices: the scale, and the pixels of the image.
            pattern = rb"([\d.]+) 0 0 ([\d.]+) [\d.]+ [\d.]+ cm\s+(\d+) 0 0 -(\d+) 0 \d+ cm\s*/Im\d+\s+Do"
            found = re.findall(pattern, page.get_contents().get_data())
            sizes += [(round(float(a) * int(width)), round(float(d) * int(height))) for a, d, width, height in found]
        return sizes

    class Printer(QThread):
        def run(self):
            write_pdf(signed_report, tmp_path / "worker.pdf")

    write_pdf(signed_report, tmp_path / "main.pdf")
    worker = Printer()
    worker.start()
    assert worker.wait(60_000)
    sizes = list_image_sizes(tmp_path / "main.pdf")
    assert len(sizes) > 12 and list_image_sizes(tmp_path / "worker.pdf") == sizes


def test_html_report_of_the_sample_has_at_most_800_kb_and_contains_each_picture_once(html_report, pictures):
    assert len(html_report.encode("utf-8")) <= MAX_PAGE_BYTES
    uris = re.findall(r'src="(data:image/[^"]+)"', html_report)
    assert len(uris) == len(set(uris)) == 1 + len(pictures.conflicts) + len(pictures.legend)
    assert pictures.overview in uris


def test_first_screen_of_the_html_report_has_the_first_page_texts_of_the_signed_report_in_order(
    html_report, signed_report
):
    first_screen = html_report.partition('<div class="two">')[0]
    place = 0
    first_screen = re.sub(r"\s", " ", first_screen)
    blocks = signed_report.blocks
    page_break = next(n for n, block in enumerate(blocks) if isinstance(block, PageBreak))
    texts = list_block_texts(block for block in blocks[:page_break] if not isinstance(block, Heading))
    parts = [part for text in texts if text for part in text.split("　")]
    for text in parts:
        found = first_screen.find(re.sub(r"\s", " ", escape(text).replace(THIN_SPACE, "\u00a0")), place)
        assert found >= 0, text
        place = max(place, found)


def test_cancelling_the_writing_of_a_pdf_report_leaves_no_file(signed_report, tmp_path):
    with pytest.raises(Cancelled):
        write_pdf(signed_report, tmp_path / "r.pdf", cancellation=Cancellation(lambda: True))
    assert list(tmp_path.iterdir()) == []


def test_check_plan_writes_the_report_as_pdf_and_docx_and_the_findings_as_a_workbook(tmp_path):
    paths = {f"OUTPUT_{kind.upper()}": str(tmp_path / f"报告.{kind}") for kind in ("pdf", "docx", "xlsx")}
    results = run_algorithm("check_plan", {"SOURCE": str(SAMPLE), "PROFILE": "hunyuan", "RULES": "REL001", **paths})
    assert {name: results[name] for name in paths} == paths
    assert len(PdfReader(paths["OUTPUT_PDF"]).pages) >= 2
    assert "不通过" in "".join(
        e.text or "" for e in import_docx_library("x").Document(paths["OUTPUT_DOCX"]).element.body.iter()
    )
    assert openpyxl.load_workbook(paths["OUTPUT_XLSX"]).sheetnames == ["汇总", "问题"]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_headings_of_table_columns_in_the_pdf_break_no_word(checked_sample, english_sample, pictures, lang):
    sample = english_sample if lang == "en" else checked_sample
    document = make_check_report(sample.report, sample.plan.norm, pictures)
    broken = []
    text = lay_out_on_a4(document)
    for table in list_tables(text):
        for column in range(table.columns()):
            block = table.cellAt(0, column).firstCursorPosition().block()
            lines = [block.layout().lineAt(n) for n in range(block.layout().lineCount())]
            ends = [block.text()[line.textStart() + line.textLength() - 1] for line in lines[:-1]]
            broken += [block.text() for end in ends if end.isascii() and not end.isspace()]
    assert not broken


def test_short_keys_versions_and_chinese_units_are_not_divided_between_lines_of_the_pdf(signed_report):
    for token in ("…000005", "0.0001 公顷", "0.2.0-dev"):
        texts = tuple((DocumentCell("重" * count + token),) for count in range(40))
        narrow = DocumentTable((DocumentColumn("说明", 30), DocumentColumn("", 70)), tuple((*t, t[0]) for t in texts))
        text = lay_out_on_a4(replace(signed_report, blocks=(narrow,)))
        for block in list_text_blocks(text):
            lines = [block.layout().lineAt(n) for n in range(block.layout().lineCount())]
            parts = [block.text()[line.textStart() : line.textStart() + line.textLength()] for line in lines]
            plain = [part.replace("\u2060", "").replace("\u00a0", " ") for part in parts]
            assert token not in "".join(plain) or any(token in part for part in plain), plain
