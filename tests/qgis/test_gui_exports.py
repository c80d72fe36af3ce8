# SPDX-License-Identifier: GPL-2.0-or-later
"""The target of an export: chosen format, no overwriting without a question."""

import pytest
from qgis.PyQt.QtWidgets import QFileDialog, QMessageBox, QWidget

from plugin.bridge import settings
from plugin.gui.checking.exports import Exports, with_suffix
from tests.qgis.gui_helpers import make_result, make_small_report

SHAPEFILE = "Shapefile (*.shp)"


class Iface:
    def __init__(self):
        self.window = QWidget()

    def mainWindow(self):
        return self.window


@pytest.fixture
def exports(qgis_app, project, tmp_path, monkeypatch):
    settings.put("export_folder", str(tmp_path))
    result = make_result(make_small_report())
    made = Exports(Iface(), None, lambda: result)
    made.saved = []
    monkeypatch.setattr(made, "save", lambda kind, path: made.saved.append((kind, path)))
    yield made
    settings.put("export_folder", "")


@pytest.fixture
def user(monkeypatch):
    """Answer the dialogs: ``name``, ``chosen`` in the first, ``agrees`` in the second."""

    class User:
        name = chosen = ""
        agrees, asked, seen = True, 0, ""

    def choose(dialog):
        User.seen = dialog.selectedFiles()[0]
        if User.chosen:
            dialog.selectNameFilter(User.chosen)
            dialog.filterSelected.emit(User.chosen)
        if User.name:
            dialog.selectFile(User.name)
        return 1

    def answer(box):
        User.asked += 1
        wanted = QMessageBox.ButtonRole.AcceptRole if User.agrees else QMessageBox.ButtonRole.RejectRole
        next(b for b in box.buttons() if box.buttonRole(b) == wanted).click()
        return 0

    monkeypatch.setattr(QFileDialog, "exec", choose)
    monkeypatch.setattr(QMessageBox, "exec", answer)
    return User


@pytest.mark.parametrize(
    ("kind", "chosen", "name", "wanted"),
    [
        ("layer", "", "发现", "发现.gpkg"),
        ("layer", SHAPEFILE, "发现", "发现.shp"),
        ("layer", SHAPEFILE, "发现.gpkg", "发现.gpkg"),
        ("layer", SHAPEFILE, "发现.2026版", "发现.2026版.shp"),
        ("layer", "", "发现.v2", "发现.v2.gpkg"),
        ("html", "", "报告.HTM", "报告.HTM"),
        ("json", "", "报告.html", "报告.html.json"),
    ],
)
def test_the_chosen_format_is_written(exports, user, tmp_path, kind, chosen, name, wanted):
    user.chosen, user.name = chosen, name
    exports.ask(kind)
    assert exports.saved == [(kind, str(tmp_path / wanted))] and not user.asked


def test_the_name_offered_takes_the_chosen_ending(exports, user):
    user.chosen = SHAPEFILE
    exports.ask("layer")
    assert exports.saved[0][1].endswith(".shp") and ".gpkg" not in exports.saved[0][1]


@pytest.mark.parametrize("agrees", [True, False])
def test_overwriting_without_a_question_of_the_dialog_asks(exports, user, tmp_path, agrees):
    there = tmp_path / "报告.2026.html"
    there.write_text("mine", encoding="utf-8")
    user.name, user.agrees = "报告.2026", agrees
    exports.ask("html")
    assert user.asked == 1
    assert exports.saved == ([("html", str(there))] if agrees else [])


def test_overwriting_confirmed_in_the_dialog_is_not_asked_again(exports, user, tmp_path):
    (tmp_path / "报告.html").write_text("mine", encoding="utf-8")
    user.name = "报告.html"
    exports.ask("html")
    assert not user.asked and len(exports.saved) == 1


def test_a_filter_without_suffix_is_accepted(qgis_app):
    assert with_suffix("layer", "a", "") == "a.gpkg"
