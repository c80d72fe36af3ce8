# SPDX-License-Identifier: GPL-2.0-or-later
"""What Qt 5 and Qt 6 do in different ways: rules of item models, weights of fonts, PDF files, layouts read again.

`make check` also runs this with Qt 6 (tools/qt6.sh).
"""

import io
import re
from collections import Counter
from types import SimpleNamespace

import pytest
from pypdf import PdfReader
from qgis.PyQt.QtCore import QBuffer, QIODevice, Qt, qInstallMessageHandler
from qgis.PyQt.QtGui import QFont, QPainter, QPdfWriter
from qgis.PyQt.QtTest import QAbstractItemModelTester
from qgis.PyQt.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem
from qgis.PyQt.QtXml import QDomDocument

from plugin.bridge.layouts import frame, saved_layouts
from plugin.bridge.layouts.export import blank_pdf_metadata
from plugin.core.counties.county_record import County
from plugin.gui.counties.rows import CountyRow
from plugin.gui.counties.table import CountyFilter, CountyModel
from plugin.gui.fixing.batch_model import CONFIRM, REFUSED, SAFE, BatchModel, BatchRow
from plugin.paths import LAYOUTS_FOLDER, STYLES_FOLDER
from tests.qgis.gui_helpers import make_finding
from tests.qgis.maps_helpers import is_complete_pdf

pytestmark = pytest.mark.usefixtures("qgis_app")


class _Delegate(QStyledItemDelegate):
    def get_option(self, index):
        option = QStyleOptionViewItem()
        self.initStyleOption(option, index)
        return option


@pytest.fixture
def watch():
    """Return a function after which Qt's tester watches a model: the test fails if it complains."""
    complaints, testers = [], []
    former = qInstallMessageHandler(lambda _kind, _context, text: complaints.append(text))
    yield lambda model: testers.append(
        QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Warning)
    )
    testers.clear()
    qInstallMessageHandler(former)
    assert not complaints


def make_batch_row(safety, key):
    cells = ["REL002", f"永农 {key}", "永安镇", "裁剪", "1.00", "0.00", "0", "安全"]
    return BatchRow(SimpleNamespace(finding=make_finding("REL002", key, 900.0)), safety, cells)


def test_batch_of_fixes_keeps_the_rules_of_item_models(watch):
    model = BatchModel()
    watch(model)
    model.set_rows([make_batch_row(safety, str(safety)) for safety in (SAFE, CONFIRM, REFUSED)])
    index = model.find_index(model.rows[0])
    # The number is what a click on a tick box passes on.
    for state in (2, Qt.CheckState.Unchecked, Qt.CheckState.Checked):
        assert model.setData(index, state, Qt.ItemDataRole.CheckStateRole)
    option = _Delegate().get_option(index)
    assert model.list_ticked() == [model.rows[0]] and option.checkState == Qt.CheckState.Checked
    right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    assert _Delegate().get_option(index.siblingAtColumn(4)).displayAlignment == right
    model.set_grouping(1)
    assert model.rowCount(model.index(0, 0)) == 3 and model.index(0, 0).data().startswith("永安镇")


def test_list_of_counties_keeps_the_rules_of_item_models(watch):
    model = CountyModel()
    watch(model)
    watch(CountyFilter(model, model))
    model.set_rows([CountyRow(County(name, f"{name}.gpkg")) for name in ("140226左云县", "140225浑源县")])
    model.begin_run(resumes=False)
    model.set_rows([])


def test_texts_of_layouts_and_styles_have_the_same_weight_in_every_qt():
    """Make the font of each text from its attributes as QGIS does if the family does not have the named style."""
    files = [*LAYOUTS_FOLDER.glob("*.qpt"), *STYLES_FOLDER.glob("*.qml")]
    text = frame.adapt_fonts("".join(file.read_text(encoding="utf-8") for file in files), "sans-serif")
    counts = Counter()
    for tag in re.findall(r"<text-style [^>]*>", text):
        style, weight = (re.search(f' {name}="([^"]*)"', tag)[1] for name in ("namedStyle", "fontWeight"))
        expected = {"": QFont.Weight.Normal, "Bold": QFont.Weight.Bold}[style]
        assert QFont("sans-serif", 10, int(weight), False).weight() == expected, tag
        assert (weight == "-1") == (style == ""), tag
        counts[style] += 1
    assert counts == {"": 71, "Bold": 14}


def test_same_drawing_gives_the_same_pdf_file():
    def write(text):
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        writer = QPdfWriter(buffer)
        painter = QPainter(writer)
        painter.drawText(100, 300, text)
        painter.end()
        buffer.close()
        return blank_pdf_metadata(bytes(buffer.data()), "三条控制线图")

    one, two, other = write("图"), write("图"), write("表")
    assert one == two != other and is_complete_pdf(one)
    read = [PdfReader(io.BytesIO(data)) for data in (one, other)]
    assert read[0].metadata.title == "三条控制线图"
    ids = [reader.trailer.get("/ID") for reader in read]
    assert ids == [None, None] or ids[0] != ids[1]


def test_stretch_that_qt_6_writes_for_texts_read_again_is_no_edit():
    contents = []
    for attribute in ("", ' stretchFactor="100"', ' stretchFactor="80"'):
        document = QDomDocument()
        assert document.setContent(f'<Layout><text-style fontSize="11"{attribute}/></Layout>')[0]
        contents.append(saved_layouts._list_content(document.documentElement()))
    assert contents[0] == contents[1] != contents[2]
