# SPDX-License-Identifier: GPL-2.0-or-later
"""The dictionary in QGIS: page of the active layer, search, browser view."""

from pathlib import Path

import pytest
from qgis.core import QgsVectorLayer
from qgis.PyQt.QtGui import QDesktopServices

from plugin.bridge.layers.properties import set_template
from plugin.core.standard import load_standard
from plugin.gui.help import dictionary_dialog
from plugin.gui.help.dictionary_dialog import DictionaryDialog, role_of
from tests.qgis.waiting import wait_until

pytestmark = pytest.mark.usefixtures("chinese")

TEMPLATES = load_standard().templates


def layer(name):
    return QgsVectorLayer("Polygon?crs=EPSG:4526", name, "memory")


@pytest.fixture
def dialog(qgis_app):
    made = DictionaryDialog("", layer("YJJBNTTB"))
    made.show()
    yield made
    made.close()


def list_shown_layers(dialog):
    found = []
    for place in range(dialog.tree.topLevelItemCount()):
        group = dialog.tree.topLevelItem(place)
        found += [
            group.child(n).data(0, dictionary_dialog._ANCHOR)
            for n in range(group.childCount())
            if not group.child(n).isHidden()
        ]
    return found


def test_the_dictionary_opens_on_the_active_layer(dialog):
    text = dialog.browser.toPlainText()
    assert "永久基本农田图斑" in text and "ZRRZJHM" in text and "个人信息" in text
    assert dialog.tree.currentItem().data(0, dictionary_dialog._ANCHOR) == "layer-YJJBNTTB"


def test_a_layer_is_recognised_by_its_template_then_by_its_name(qgis_app):
    given = layer("甲")
    assert role_of(given, TEMPLATES) == ""
    set_template(given, "CZKFBJ")
    assert role_of(given, TEMPLATES) == "CZKFBJ"
    assert role_of(layer("dltb"), TEMPLATES) == "DLTB" and role_of(layer("地类图斑"), TEMPLATES) == "DLTB"
    assert role_of(None, TEMPLATES) == ""


def test_links_lead_to_lists_and_back(dialog):
    dialog.browser.anchorClicked.emit(dictionary_dialog.QUrl("#codes-sandiao"))
    assert "乔木林地" in dialog.browser.toPlainText()
    dialog.browser.anchorClicked.emit(dictionary_dialog.QUrl("#layer-DLTB"))
    assert "CZCSXM" in dialog.browser.toPlainText()


def test_searching_filters_and_marks_matches(qgis_app, dialog):
    everything = list_shown_layers(dialog)
    dialog.search.setText("乔木林地")
    assert wait_until(lambda: len(list_shown_layers(dialog)) < len(everything))
    assert set(list_shown_layers(dialog)) == {"codes-sandiao", "codes-land_use_2023"}
    dialog.show_page("codes-sandiao")
    marks = dialog.browser.extraSelections()
    assert len(marks) == 2 and {m.cursor.selectedText() for m in marks} == {"乔木林地"}
    dialog.search.setText("没有这样的词")
    assert wait_until(dialog.nothing.isVisible) and not list_shown_layers(dialog)
    dialog.search.clear()
    assert wait_until(lambda: list_shown_layers(dialog) == everything)
    # A link opens its page even if the search hides it.
    dialog.search.setText("乔木林地")
    assert wait_until(lambda: len(list_shown_layers(dialog)) == 2)
    dialog.show_page("layer-CZKFBJ")
    assert "GHFQDM" in dialog.browser.toPlainText()


def test_the_whole_book_opens_in_the_browser_on_this_page(dialog, monkeypatch):
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    dialog.open_book()
    (url,) = opened
    page = Path(url.toLocalFile()).read_text(encoding="utf-8")
    assert url.fragment() == "layer-YJJBNTTB" and f'id="{url.fragment()}"' in page and "<nav" in page


def test_another_standard_has_its_own_layers(dialog):
    dialog.standard.setCurrentIndex(dialog.standard.findData("township_db"))
    assert "layer-CZJSBJ" in list_shown_layers(dialog)
    dialog.show_page("layer-CZJSBJ")
    assert "村庄建设边界" in dialog.browser.toPlainText()
