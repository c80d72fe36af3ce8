# SPDX-License-Identifier: GPL-2.0-or-later
"""Opinions on projects from the toolbox: pages of the PDF, and texts equal to those of docx and HTML."""

import re
from dataclasses import replace

import pytest
from pypdf import PdfReader
from qgis.PyQt.QtGui import QImage

from plugin.bridge.printing.pdf import render_svg, write_pdf
from plugin.core.render.document.blocks import list_document_texts
from plugin.core.standard.options import RunOptions
from plugin.core.studies.projects.page import make_conformity_document
from plugin.core.studies.projects.read_projects import read_project_layer
from plugin.core.studies.projects.run_review import review_projects
from tests.core.studies.projects.test_outputs import LONG_NAME, ROWS, make_rows, read_docx_text, read_html_text
from tests.core.studies.projects.written_county import write_county, write_profile, write_projects
from tests.qgis.helpers import run_algorithm
from tests.qgis.test_signed_report import normalise

pytestmark = pytest.mark.usefixtures("provider", "project")


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Write county, two projects and profile; return their paths."""
    folder = tmp_path_factory.mktemp("inputs")
    rows = [{key: value for key, value in row.items() if key != "wkt"} for row in make_rows(ROWS)]
    return (
        str(write_county(folder / "county.gpkg")),
        str(write_projects(folder / "projects.gpkg", rows)),
        str(write_profile(folder)),
    )


@pytest.fixture(scope="module")
def result(inputs):
    county, projects, profile = inputs
    return review_projects(read_project_layer(projects), county, RunOptions(profile=profile))


def read_pdf_texts(path):
    """Return the text of each page without spaces."""
    # Fonts have one glyph for 民 and for the radical ⺠.
    return [normalise(page.extract_text()).replace("\u2ea0", "民") for page in PdfReader(path).pages]


def test_pdf_docx_and_page_of_the_toolbox_have_the_same_texts(inputs, result, tmp_path):
    county, projects, profile = inputs
    outputs = {
        "OUTPUT_PDF": str(tmp_path / "意见.pdf"),
        "OUTPUT_DOCX": str(tmp_path / "意见.docx"),
        "OUTPUT_HTML": str(tmp_path / "意见.html"),
    }
    parameters = {"PROJECTS": projects, "SOURCE": county, "PROFILE": profile, **outputs}
    results = run_algorithm("project_conformity", parameters)
    assert {name: results[name] for name in outputs} == outputs
    pages = read_pdf_texts(tmp_path / "意见.pdf")
    texts = {normalise(text) for text in list_document_texts(make_conformity_document(result, rasterise=render_svg))}
    in_docx = normalise(read_docx_text(tmp_path / "意见.docx"))
    in_html = normalise(read_html_text((tmp_path / "意见.html").read_text(encoding="utf-8")))
    assert [text for text in texts if text not in in_docx or text not in in_html] == []
    assert [text for text in texts if text not in "".join(pages)] == []
    assert [re.findall(r"第(\d+)页,共(\d+)页", page) for page in pages] == [
        [(str(number), str(len(pages)))] for number in range(1, len(pages) + 1)
    ]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_project_has_one_to_three_pages_and_no_heading_at_the_end_of_one(result, tmp_path, lang):
    for number, one in enumerate(result.results):
        single = replace(result, results=(one,), row_count=1, lang=lang)
        document = make_conformity_document(single, rasterise=render_svg)
        path = tmp_path / f"{number}.pdf"
        assert write_pdf(document, path) <= 3
        pages = read_pdf_texts(path)
        assert normalise(LONG_NAME if number == 0 else "乙镇商店") in pages[0]
        signature = normalise(document.blocks[-1].note)
        assert signature in pages[-1] and signature not in "".join(pages[:-1])
        titles = [normalise(block.text) for block in document.blocks if type(block).__name__ == "Heading"]
        margin = re.compile(r"(三区三线规划助手|Sanxian).*$")
        for text in pages:
            assert not any(margin.sub("", text).endswith(title) for title in titles)


def test_drawing_is_rendered_with_its_colours():
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20" viewBox="0 0 40 20">'
        '<rect x="0" y="0" width="20" height="20" fill="#D50058"/></svg>'
    )
    image = QImage.fromData(render_svg(svg, 400))
    assert (image.width(), image.height()) == (400, 200)
    assert image.pixelColor(100, 100).name() == "#d50058" and image.pixelColor(300, 100).name() == "#ffffff"
