# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the save dialog of findings: chosen format, and overwriting only if asked."""

from pathlib import Path

import pytest
from qgis.PyQt.QtWidgets import QFileDialog, QMessageBox

from plugin.bridge import settings
from plugin.bridge.texts import tr
from plugin.core.base.files.writing import LAYER_FORMATS
from plugin.gui.checking.exports import ResultExporter
from plugin.gui.widgets.paths import add_missing_suffix
from tests.qgis.gui_helpers import FakeInterface, make_result, make_small_report

SHAPEFILE = "Shapefile (*.shp)"


@pytest.fixture
def result_exporter(qgis_app, project, tmp_path, monkeypatch):
    settings.store_setting("export_folder", str(tmp_path))
    result = make_result(make_small_report())
    made = ResultExporter(FakeInterface(), None, lambda: result)
    made.saved = []
    monkeypatch.setattr(made, "save_result", lambda kind, path: made.saved.append((kind, path)))
    yield made
    settings.store_setting("export_folder", "")


@pytest.fixture
def dialog_user(monkeypatch):
    """Return the simulated user who answers the dialogs.

    ``name`` and ``chosen`` (format) answer the save dialog, ``agrees`` answers whether to overwrite.
    """

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
def test_findings_export_writes_the_format_chosen_in_the_save_dialog(
    result_exporter, dialog_user, tmp_path, kind, chosen, name, wanted
):
    dialog_user.chosen, dialog_user.name = chosen, name
    result_exporter.ask_and_save(kind)
    assert result_exporter.saved == [(kind, str(tmp_path / wanted))] and not dialog_user.asked


def test_proposed_export_file_name_gets_the_suffix_of_the_chosen_format(result_exporter, dialog_user):
    dialog_user.chosen = SHAPEFILE
    result_exporter.ask_and_save("layer")
    assert result_exporter.saved[0][1].endswith(".shp") and ".gpkg" not in result_exporter.saved[0][1]


@pytest.mark.parametrize("agrees", [True, False])
def test_export_asks_before_overwriting_a_file_that_gets_its_suffix_afterwards(
    result_exporter, dialog_user, tmp_path, agrees
):
    there = tmp_path / "报告.2026.html"
    there.write_text("mine", encoding="utf-8")
    dialog_user.name, dialog_user.agrees = "报告.2026", agrees
    result_exporter.ask_and_save("html")
    assert dialog_user.asked == 1
    assert result_exporter.saved == ([("html", str(there))] if agrees else [])


def test_export_does_not_ask_twice_before_overwriting_a_file(result_exporter, dialog_user, tmp_path):
    (tmp_path / "报告.html").write_text("mine", encoding="utf-8")
    dialog_user.name = "报告.html"
    result_exporter.ask_and_save("html")
    assert not dialog_user.asked and len(result_exporter.saved) == 1


def test_export_without_a_format_filter_gets_the_geopackage_suffix(qgis_app):
    assert add_missing_suffix(LAYER_FORMATS, "a", "") == "a.gpkg"


@pytest.mark.parametrize(("kind", "what"), [("html", "report"), ("docx", "report"), ("xlsx", "ledger")])
def test_proposed_export_file_name_has_county_code_name_kind_and_date(result_exporter, dialog_user, kind, what):
    result = result_exporter._result()
    result.report.provenance |= {
        "area_code": "140225", "area_name": "浑源县", "started": "2026-11-20T14:32:07+08:00",
    }  # fmt: skip
    result_exporter.ask_and_save(kind)
    # Another test of the process may have loaded the Chinese texts.
    shown = Path(tr(f"{what}.{kind}")).stem
    assert Path(result_exporter.saved[0][1]).name == f"140225浑源县_{shown}_20261120.{kind}"
