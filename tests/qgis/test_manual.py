# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that help buttons and the help of algorithms open manual headings.

Without the manual they open a help page.
"""

import re
import sys
from dataclasses import replace
from pathlib import Path
from unicodedata import normalize

import pytest
from pypdf import PdfReader
from qgis.core import QgsApplication, QgsProject
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtWidgets import QPushButton

from plugin.bridge import help_pages
from plugin.bridge.running.tasks import JobRunner
from plugin.gui.counties.dialog import CountiesDialog
from plugin.gui.county_form.profile_dialog import ProfileDialog
from plugin.gui.help import help_dialog
from plugin.gui.help.dictionary_dialog import DictionaryDialog
from plugin.gui.help.doctor_dialog import DoctorDialog
from plugin.gui.help.help_dialog import HelpDialog
from plugin.gui.package.export_dialog import ExportDialog
from plugin.gui.package.inspect import InspectDialog
from plugin.gui.project.roles_dialog import RolesDialog
from plugin.gui.widgets import paths
from plugin.gui.wizard.dialog import NewProjectWizard
from tests.manual_names import QGIS_NAMES_ZH, ROOT

sys.path.insert(0, str(ROOT / "tools"))

import make_manual as maker
import manual_pdf

GUI_FOLDER = ROOT / "plugin" / "gui"
RUNNER = JobRunner()


@pytest.fixture(autouse=True)
def stopped_jobs():
    yield
    RUNNER.stop_all()


@pytest.fixture(scope="module")
def built_manual(tmp_path_factory):
    folder = tmp_path_factory.mktemp("manual 手册") / "manual"
    maker.write_pages(folder)
    return folder


@pytest.fixture
def installed_manual(built_manual, monkeypatch):
    monkeypatch.setattr(help_pages, "MANUAL_FOLDER", built_manual)
    return built_manual


@pytest.fixture
def missing_manual(tmp_path, monkeypatch):
    monkeypatch.setattr(help_pages, "MANUAL_FOLDER", tmp_path / "none")


def is_missing_target(address: str) -> bool:
    """Return True if the file of a URL, or the anchor in it, does not exist."""
    url = QUrl(address)
    path = Path(url.toLocalFile())
    return not (path.is_file() and f'id="{url.fragment()}"' in path.read_text(encoding="utf-8"))


def list_topics_of_dialogs() -> set[str]:
    """Return the manual topics that windows give to their help buttons."""
    call_pattern = re.compile(r"\b(?:add_help_button|make_help_button|open_manual)\((?:\w+\(\w+\), )?\"(\w+)\"")
    return {
        topic for path in GUI_FOLDER.rglob("*.py") for topic in call_pattern.findall(path.read_text(encoding="utf-8"))
    }


def test_help_url_of_every_algorithm_leads_to_its_manual_heading(provider, installed_manual):
    algorithms = provider.algorithms()
    addresses = {a.name(): a.helpUrl() for a in algorithms}
    assert [name for name, address in addresses.items() if is_missing_target(address)] == []
    assert all(QUrl(address).toLocalFile().startswith(str(installed_manual)) for address in addresses.values())
    assert len(set(addresses.values())) == len(algorithms)


def test_link_check_detects_a_missing_manual_anchor(installed_manual):
    assert is_missing_target(help_pages.get_manual_url("roles") + "x") and not is_missing_target(
        help_pages.get_manual_url("roles")
    )


def test_every_help_topic_has_a_manual_heading_in_its_language(installed_manual, monkeypatch):
    found = {}
    for lang in ("zh", "en"):
        monkeypatch.setattr(help_pages, "get_interface_language", lambda lang=lang: lang)
        found[lang] = {topic: help_pages.get_manual_url(topic) for topic in (*help_pages.MANUAL_TOPICS, "TOP001")}
        assert [topic for topic, address in found[lang].items() if address and is_missing_target(address)] == []
    assert all(found["zh"].values())
    expected = {
        "start",
        "roles",
        "profile",
        "TOP001",
        "counties",
        "check_seams",
        "merge_counties",
        "project_conformity",
    }
    assert {topic for topic, address in found["en"].items() if address} >= {*expected, "evaluate_indicators"}


def test_help_button_opens_the_chinese_page_of_a_topic_without_an_english_one(installed_manual, monkeypatch):
    opened = []
    monkeypatch.setattr(help_pages, "get_interface_language", lambda: "en")
    monkeypatch.setattr(help_dialog, "open_in_browser", lambda url, _parent: opened.append(url.toString()))
    help_dialog.open_manual("layouts", None)
    help_dialog.open_manual("counties", None)
    assert help_pages.get_manual_url("layouts") == ""
    assert [address.partition("/manual/")[2] for address in opened] == [
        "zh/08-hand-in.html#layouts",
        "en/11-counties.html#counties",
    ]
    assert not any(map(is_missing_target, opened))


def test_every_help_topic_is_used_by_a_dialog_or_an_algorithm(provider):
    used = list_topics_of_dialogs() | {a.manual_topic or a.name() for a in provider.algorithms()}
    assert sorted(set(help_pages.MANUAL_TOPICS) - used) == []
    assert sorted(list_topics_of_dialogs() - set(help_pages.MANUAL_TOPICS)) == []


def test_help_url_of_an_algorithm_is_a_generated_page_without_the_manual(provider, missing_manual):
    page = Path(QUrl(provider.algorithm("check_plan").helpUrl()).toLocalFile())
    assert "sanxian:check_plan" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("make", "topic"),
    [
        (RolesDialog, "roles"),
        (ProfileDialog, "profile"),
        (NewProjectWizard, "new_project"),
        (ExportDialog, "package"),
        (lambda _: InspectDialog(""), "inspect"),
        (lambda _: DictionaryDialog(), "dictionary"),
        (lambda _: CountiesDialog(), "counties"),
        (lambda _: DoctorDialog(RUNNER), "doctor"),
    ],
)
def test_help_button_of_a_dialog_opens_its_manual_heading(make, topic, installed_manual, monkeypatch):
    opened = []
    monkeypatch.setattr(paths.QDesktopServices, "openUrl", lambda url: opened.append(url.toString()) or True)
    dialog = make(QgsProject.instance())
    (button,) = dialog.findChildren(QPushButton, "SanxianManual")
    button.click()
    page = Path(QUrl(opened[0]).toLocalFile())
    (target,) = re.findall(r'content="0; url=([^"]+)"', page.read_text(encoding="utf-8"))
    # The browser is started with the path of a page: an anchor in the address would be lost.
    assert (
        "#" not in opened[0]
        and QUrl(target) == QUrl(help_pages.get_manual_url(topic))
        and not is_missing_target(target)
    )
    assert not button.isDefault() and not button.autoDefault()


def test_help_dialog_of_a_rule_opens_its_entry_in_the_rule_book(installed_manual, monkeypatch):
    opened = []
    monkeypatch.setattr(paths, "open_in_browser", lambda url, _parent: opened.append(url.fragment()) or True)
    monkeypatch.setattr(help_dialog, "open_in_browser", paths.open_in_browser)
    dialog = HelpDialog("REL002")
    (button,) = dialog.findChildren(QPushButton, "SanxianManual")
    for code in ("REL002", "RUN903", ""):
        dialog.show_page(code)
        button.click()
    assert opened == ["REL002", "start", "start"]


def test_help_button_opens_the_help_dialog_without_the_manual(missing_manual, monkeypatch):
    shown = []
    monkeypatch.setattr(HelpDialog, "exec", lambda self: shown.append(self.windowTitle()))
    help_dialog.open_manual("roles", None)
    assert len(shown) == 1
    dialog = HelpDialog("REL002")
    (button,) = dialog.findChildren(QPushButton, "SanxianManual")
    assert not button.isVisibleTo(dialog)


def test_missing_browser_is_reported_with_the_file_of_the_manual(installed_manual, monkeypatch):
    shown = []
    monkeypatch.setattr(paths.QDesktopServices, "openUrl", lambda url: False)
    monkeypatch.setattr(paths.QMessageBox, "exec", lambda self: shown.append(self.text()))
    help_dialog.open_manual("roles", None)
    (text,) = shown
    assert text.endswith("02-data.html")


def test_qgis_menu_names_in_the_manual_exist_in_the_chinese_translation_of_qgis():
    compiled = Path(QgsApplication.pkgDataPath()) / "i18n" / "qgis_zh-Hans.qm"
    if not compiled.is_file():
        pytest.skip("this QGIS has no Chinese translation")
    known = compiled.read_bytes()
    assert sorted(name for name in QGIS_NAMES_ZH if name.encode("utf-16-be") not in known) == []


def test_long_lines_of_code_are_not_cut_at_the_edge_of_a_printed_page(qgis_app, tmp_path):
    writer = manual_pdf._make_pdf_writer(tmp_path / "a.pdf")
    command = (
        "python -m plugin.core check resources/sample/county.gpkg --targets resources/sample/tasks.csv --phase 报批"
    )
    text = manual_pdf._make_document(f"<pre><code>{command}\n{command}</code></pre>", writer)
    assert text.idealWidth() <= text.pageSize().width()
    assert command in text.toPlainText()


def test_quick_start_is_one_page_with_all_steps_and_the_picture(qgis_app, tmp_path):
    target = tmp_path / "快速 上手.pdf"
    chapter = maker.read_chapters("zh")[0]
    manual_pdf.write_quick_start(chapter, target)
    (page,) = PdfReader(target).pages
    text = "".join(normalize("NFKC", page.extract_text()).split())
    for words in ("从ZIP文件安装", "打开示例县", "全面检查", "规则说明", "县配置"):
        assert words in text
    assert len(page.images) == 1
    with pytest.raises(RuntimeError, match="more than one page"):
        manual_pdf.write_quick_start(
            replace(chapter, body=chapter.body.replace("</ol>", "</ol>" + "<p>步</p>" * 60)), target
        )
