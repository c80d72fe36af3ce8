# SPDX-License-Identifier: GPL-2.0-or-later
"""Help buttons, 说明 and tool help open headings of the manual.

Without the manual they open a help page.
"""

import re
import sys
from pathlib import Path

import pytest
from qgis.core import QgsApplication, QgsProject
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtWidgets import QPushButton

from plugin.bridge import manual
from plugin.gui.county_form.profile_dialog import ProfileDialog
from plugin.gui.help import help_dialog
from plugin.gui.help.dictionary_dialog import DictionaryDialog
from plugin.gui.help.doctor_dialog import DoctorDialog
from plugin.gui.help.help_dialog import HelpDialog
from plugin.gui.package.export_dialog import ExportDialog
from plugin.gui.package.inspect import InspectDialog
from plugin.gui.project.roles_dialog import RolesDialog
from plugin.gui.wizard.dialog import NewProjectWizard
from tests.manual_names import OF_QGIS, ROOT

sys.path.insert(0, str(ROOT / "tools"))

import make_manual as maker

GUI = ROOT / "plugin" / "gui"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("manual 手册") / "manual"
    maker.write_pages(folder)
    return folder


@pytest.fixture
def there(made, monkeypatch):
    monkeypatch.setattr(manual, "MANUAL", made)
    return made


@pytest.fixture
def absent(tmp_path, monkeypatch):
    monkeypatch.setattr(manual, "MANUAL", tmp_path / "none")


def is_missing(address: str) -> bool:
    """Return True if the file of a URL, or the anchor in it, does not exist."""
    url = QUrl(address)
    path = Path(url.toLocalFile())
    return not (path.is_file() and f'id="{url.fragment()}"' in path.read_text(encoding="utf-8"))


def list_topics_of_windows() -> set[str]:
    """Topics that the code of the windows gives to its buttons."""
    calls = re.compile(r"\b(?:with_help|help_button|open_manual)\((?:\w+\(\w+\), )?\"(\w+)\"")
    return {topic for path in GUI.rglob("*.py") for topic in calls.findall(path.read_text(encoding="utf-8"))}


def test_every_tool_leads_to_its_heading(provider, there):
    algorithms = provider.algorithms()
    addresses = {a.name(): a.helpUrl() for a in algorithms}
    assert [name for name, address in addresses.items() if is_missing(address)] == []
    assert all(QUrl(address).toLocalFile().startswith(str(there)) for address in addresses.values())
    assert len(set(addresses.values())) == len(algorithms)


def test_an_anchor_that_is_gone_is_found(there):
    assert is_missing(manual.url("roles") + "x") and not is_missing(manual.url("roles"))


def test_every_topic_has_its_heading_in_both_languages(there, monkeypatch):
    found = {}
    for lang in ("zh", "en"):
        monkeypatch.setattr(manual, "interface_language", lambda lang=lang: lang)
        found[lang] = {topic: manual.url(topic) for topic in (*manual.TOPICS, "TOP001")}
        assert [topic for topic, address in found[lang].items() if address and is_missing(address)] == []
    assert all(found["zh"].values())
    assert {topic for topic, address in found["en"].items() if address} >= {"start", "roles", "profile", "TOP001"}


def test_every_topic_is_used(provider):
    used = list_topics_of_windows() | {a.topic() for a in provider.algorithms()}
    assert sorted(set(manual.TOPICS) - used) == []
    assert sorted(list_topics_of_windows() - set(manual.TOPICS)) == []


def test_a_tool_without_the_manual_has_its_help_page(provider, absent):
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
        (lambda _: DoctorDialog(), "doctor"),
    ],
)
def test_the_button_of_a_window_opens_its_heading(make, topic, there, monkeypatch):
    opened = []
    monkeypatch.setattr(help_dialog.QDesktopServices, "openUrl", lambda url: opened.append(url.toString()))
    dialog = make(QgsProject.instance())
    (button,) = dialog.findChildren(QPushButton, "SanxianManual")
    button.click()
    assert opened == [QUrl(manual.url(topic)).toString()] and not is_missing(opened[0])
    assert not button.isDefault() and not button.autoDefault()


def test_the_window_of_a_rule_leads_into_the_rule_book(there, monkeypatch):
    opened = []
    monkeypatch.setattr(help_dialog.QDesktopServices, "openUrl", lambda url: opened.append(url.fragment()))
    dialog = HelpDialog("REL002")
    (button,) = dialog.findChildren(QPushButton, "SanxianManual")
    for code in ("REL002", "RUN903", ""):
        dialog.show_page(code)
        button.click()
    assert opened == ["REL002", "start", "start"]


def test_without_the_manual_a_button_opens_the_help_window(absent, monkeypatch):
    shown = []
    monkeypatch.setattr(HelpDialog, "exec", lambda self: shown.append(self.windowTitle()))
    help_dialog.open_manual("roles", None)
    assert len(shown) == 1
    dialog = HelpDialog("REL002")
    (button,) = dialog.findChildren(QPushButton, "SanxianManual")
    assert not button.isVisibleTo(dialog)


def test_names_of_qgis_are_those_of_its_translation():
    compiled = Path(QgsApplication.pkgDataPath()) / "i18n" / "qgis_zh-Hans.qm"
    if not compiled.is_file():
        pytest.skip("this QGIS has no Chinese translation")
    known = compiled.read_bytes()
    assert sorted(name for name in OF_QGIS if name.encode("utf-16-be") not in known) == []
