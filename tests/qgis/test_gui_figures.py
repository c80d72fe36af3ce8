# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the message after computing indicators from the menu (指标计算…)."""

from datetime import date
from pathlib import Path

import pytest
from qgis.PyQt.QtWidgets import QPushButton

from plugin.bridge.project import county
from plugin.gui.toolbox.exchange import ExchangeActions
from plugin.gui.widgets import paths
from tests.qgis.gui_helpers import FakeInterface

INDICATOR_RESULTS = {"COMPUTED": 20, "NOT_COMPUTED": 29, "MET": 3, "LITTLE_LEFT": 1, "BROKEN": 2, "ROUNDING": 1}


@pytest.fixture
def dialog_results(qgis_app, monkeypatch):
    """Return the dictionary of results that the Processing dialog returns."""
    import processing

    given = {}
    monkeypatch.setattr(processing, "execAlgorithmDialog", lambda name, parameters: given.get(name), raising=False)
    return given


def test_message_after_computing_indicators_stays_open_and_opens_the_workbook(dialog_results, monkeypatch, tmp_path):
    opened = []
    monkeypatch.setattr(paths.QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()) or True)
    (tmp_path / "指标.xlsx").touch()
    dialog_results["sanxian:compute_indicators"] = {**INDICATOR_RESULTS, "OUTPUT_XLSX": str(tmp_path / "指标.xlsx")}
    iface = FakeInterface()
    ExchangeActions(iface).open_indicator_dialog()
    item = iface.bar.currentItem()
    assert item.duration() == 0
    for part in ("20", "29", "3"):
        assert part in item.text()
    (button,) = item.findChildren(QPushButton)
    button.click()
    assert opened == [str(tmp_path / "指标.xlsx")]


def test_indicators_dialog_begins_with_the_settings_of_the_project_and_a_workbook(chinese, project, tmp_path):
    asked = []
    county.store_county_settings(project, county.ProjectCountySettings(profile="hunyuan", standard="county_db"))
    project.setFileName(str(tmp_path / "规划.qgz"))
    provenance = {"scope": "county", "area_code": "140225", "area_name": "浑源县"}
    ExchangeActions(
        FakeInterface(), lambda name, values: asked.append((name, values)), get_provenance=lambda: provenance
    ).open_indicator_dialog()
    ((name, values),) = asked
    workbook = Path(values.pop("OUTPUT_XLSX"))
    assert (name, values) == (
        "sanxian:compute_indicators",
        {"PROFILE": "hunyuan", "STANDARD": "county_db", "SCOPE": "county"},
    )
    assert workbook.parent == tmp_path and workbook.name == f"140225浑源县_指标表_{date.today():%Y%m%d}.xlsx"


@pytest.mark.parametrize("results", [None, {}, {"OUTPUT": "x"}])
def test_cancelled_indicators_dialog_shows_no_message(dialog_results, results):
    dialog_results["sanxian:compute_indicators"] = results
    iface = FakeInterface()
    ExchangeActions(iface).open_indicator_dialog()
    assert iface.bar.currentItem() is None


def test_message_after_computing_indicators_without_workbook_has_no_button(dialog_results):
    dialog_results["sanxian:compute_indicators"] = INDICATOR_RESULTS
    iface = FakeInterface()
    ExchangeActions(iface).open_indicator_dialog()
    assert not iface.bar.currentItem().findChildren(QPushButton)
