# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the data dictionary window: active layer, search, browser view."""

import re
from pathlib import Path

import pytest
from qgis.core import QgsVectorLayer
from qgis.PyQt.QtCore import Qt, QUrl
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QPushButton

from plugin.bridge.layers.properties import set_assigned_role
from plugin.core.model.rule import load_all_rules
from plugin.core.standard import load_standard
from plugin.core.standard.messages.texts import Texts
from plugin.gui.help import dictionary_dialog
from plugin.gui.help.dictionary_dialog import DictionaryDialog, find_template_role
from tests.qgis.waiting import wait_until

pytestmark = pytest.mark.usefixtures("chinese")

TEMPLATES = load_standard().templates


def make_layer(name):
    return QgsVectorLayer("Polygon?crs=EPSG:4526", name, "memory")


@pytest.fixture
def dictionary_dialog_of_farmland(qgis_app):
    made = DictionaryDialog("", make_layer("YJJBNTTB"))
    made.show()
    yield made
    made.close()


def list_shown_layers(dialog):
    found = []
    for place in range(dialog.tree.topLevelItemCount()):
        group = dialog.tree.topLevelItem(place)
        found += [
            group.child(n).data(0, dictionary_dialog._ANCHOR_DATA_ROLE)
            for n in range(group.childCount())
            if not group.child(n).isHidden()
        ]
    return found


def test_data_dictionary_opens_at_the_page_of_the_active_layer(dictionary_dialog_of_farmland):
    text = dictionary_dialog_of_farmland.browser.toPlainText()
    assert "永久基本农田图斑" in text and "ZRRZJHM" in text and "个人信息" in text
    assert (
        dictionary_dialog_of_farmland.tree.currentItem().data(0, dictionary_dialog._ANCHOR_DATA_ROLE)
        == "layer-YJJBNTTB"
    )


def test_dictionary_finds_the_page_of_a_layer_by_template_then_by_name(qgis_app):
    given = make_layer("甲")
    assert find_template_role(given, TEMPLATES) == ""
    set_assigned_role(given, "CZKFBJ")
    assert find_template_role(given, TEMPLATES) == "CZKFBJ"
    assert (
        find_template_role(make_layer("dltb"), TEMPLATES) == "DLTB"
        and find_template_role(make_layer("地类图斑"), TEMPLATES) == "DLTB"
    )
    assert find_template_role(None, TEMPLATES) == ""


def test_dictionary_links_lead_from_layers_to_code_lists_and_back(dictionary_dialog_of_farmland):
    dictionary_dialog_of_farmland.browser.anchorClicked.emit(dictionary_dialog.QUrl("#codes-sandiao"))
    assert "乔木林地" in dictionary_dialog_of_farmland.browser.toPlainText()
    dictionary_dialog_of_farmland.browser.anchorClicked.emit(dictionary_dialog.QUrl("#layer-DLTB"))
    assert "CZCSXM" in dictionary_dialog_of_farmland.browser.toPlainText()


def test_dictionary_search_filters_pages_and_highlights_matches(qgis_app, dictionary_dialog_of_farmland):
    everything = list_shown_layers(dictionary_dialog_of_farmland)
    dictionary_dialog_of_farmland.search.setText("乔木林地")
    assert wait_until(lambda: len(list_shown_layers(dictionary_dialog_of_farmland)) < len(everything))
    assert set(list_shown_layers(dictionary_dialog_of_farmland)) == {"codes-sandiao", "codes-land_use_2023"}
    dictionary_dialog_of_farmland.show_page("codes-sandiao")
    marks = dictionary_dialog_of_farmland.browser.extraSelections()
    assert len(marks) == 2 and {m.cursor.selectedText() for m in marks} == {"乔木林地"}
    dictionary_dialog_of_farmland.search.setText("没有这样的词")
    assert wait_until(dictionary_dialog_of_farmland.nothing.isVisible) and not list_shown_layers(
        dictionary_dialog_of_farmland
    )
    dictionary_dialog_of_farmland.search.clear()
    assert wait_until(lambda: list_shown_layers(dictionary_dialog_of_farmland) == everything)
    # A link opens its page even if the search hides it.
    dictionary_dialog_of_farmland.search.setText("乔木林地")
    assert wait_until(lambda: len(list_shown_layers(dictionary_dialog_of_farmland)) == 2)
    dictionary_dialog_of_farmland.show_page("layer-CZKFBJ")
    assert "GHFQDM" in dictionary_dialog_of_farmland.browser.toPlainText()


def test_enter_in_the_search_of_the_dictionary_opens_no_browser(dictionary_dialog_of_farmland, monkeypatch):
    opened = []
    monkeypatch.setattr(dictionary_dialog, "open_in_browser", lambda *args: opened.append(args))
    dialog = dictionary_dialog_of_farmland
    dialog.search.setText("坡度")
    QTest.keyClick(dialog.search, Qt.Key.Key_Return)
    assert not opened and dialog.isVisible()
    book = next(b for b in dialog.findChildren(QPushButton) if b.text() == "在浏览器中打开全部内容")
    book.setFocus()
    QTest.keyClick(book, Qt.Key.Key_Return)
    assert opened


def test_whole_dictionary_opens_in_the_browser_at_the_current_page(dictionary_dialog_of_farmland, monkeypatch):
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url) or True)
    dictionary_dialog_of_farmland.open_full_dictionary_page()
    (forwarding_page,) = opened
    text = Path(forwarding_page.toLocalFile()).read_text(encoding="utf-8")
    url = QUrl(re.search(r'content="0; url=([^"]+)"', text)[1])
    page = Path(url.toLocalFile()).read_text(encoding="utf-8")
    assert url.fragment() == "layer-YJJBNTTB" and f'id="{url.fragment()}"' in page and "<nav" in page


def test_dictionary_of_another_standard_lists_the_layers_of_that_standard(dictionary_dialog_of_farmland):
    dictionary_dialog_of_farmland.standard.setCurrentIndex(
        dictionary_dialog_of_farmland.standard.findData("township_db")
    )
    assert "layer-CZJSBJ" in list_shown_layers(dictionary_dialog_of_farmland)
    dictionary_dialog_of_farmland.show_page("layer-CZJSBJ")
    assert "村庄建设边界" in dictionary_dialog_of_farmland.browser.toPlainText()


@pytest.mark.parametrize("name", sorted(load_standard().code_lists))
def test_page_of_a_code_list_names_its_file_and_opens_its_folder(dictionary_dialog_of_farmland, monkeypatch, name):
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(Path(url.toLocalFile())) or True)
    dialog = dictionary_dialog_of_farmland
    dialog.show_page(f"codes-{name}")
    text = dialog.browser.toPlainText()
    assert f"{name}.csv" in text and "重新启动 QGIS" in text and "自编标准" in text
    dialog.browser.anchorClicked.emit(dictionary_dialog.QUrl(f"#folder-{name}"))
    dialog.lists_folder.click()
    assert len(opened) == 2 and all((folder / f"{name}.csv").is_file() for folder in opened)


def test_button_on_the_page_of_a_layer_opens_the_folder_of_the_code_lists(dictionary_dialog_of_farmland, monkeypatch):
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(Path(url.toLocalFile())) or True)
    dictionary_dialog_of_farmland.lists_folder.click()
    assert list(opened[0].glob("*.csv"))


@pytest.mark.parametrize(
    ("lang", "file", "window"), [("zh", "代码表文件", "数据字典"), ("en", "file of the list", "Data Dictionary")]
)
def test_texts_that_ask_to_change_a_code_list_name_the_data_dictionary(lang, file, window):
    texts = Texts(lang)
    found = []
    for rule in load_all_rules().values():
        found += [
            *texts.get_rule_help(rule).values(),
            *(texts.get_message_template(rule, case) for case in rule.messages),
        ]
    asking = [text for text in found if file in text]
    assert len(asking) >= 4 and all(window in text for text in asking)
    assert not [text for text in found if "代码表 CSV" in text or "CSV of the list" in text]
