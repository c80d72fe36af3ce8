# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that a new county can be planned from the wizard to its package.

No file is edited by hand.
"""

import json

import pytest
from qgis.PyQt.QtWidgets import QPushButton

from plugin.bridge import settings
from plugin.bridge.new_project import assemble
from plugin.bridge.new_project.request import create_project_database
from plugin.bridge.project import county
from plugin.core.cancellation import NEVER_CANCELLED
from plugin.core.examples.package_files import make_pdf
from plugin.core.files.digests import is_complete_package
from plugin.gui.desktop_controller import DesktopController
from plugin.gui.wizard.dialog import NewProjectWizard
from tests.county.other import CODE, NAME, compute_met_targets, write_other_county
from tests.desktop.pasting import paste_data_into_layers
from tests.qgis.click_counter import Hand
from tests.qgis.test_gui_controller import FakeInterface
from tests.qgis.waiting import process_events, wait_until

pytestmark = [pytest.mark.usefixtures("chinese", "provider", "project"), pytest.mark.slow]

PLAN_TITLE = "新荣区国土空间总体规划（2021—2035年）"


@pytest.fixture(scope="module")
def county_data(tmp_path_factory):
    return write_other_county(tmp_path_factory.mktemp("数据") / "county.gpkg")


@pytest.fixture(scope="module")
def county_totals(county_data):
    return compute_met_targets(county_data)


def enter_target(hand, form, figures):
    """Enter a target and its source document in the profile form.

    Later rows propose the source of the first.
    """
    rows = {row.indicator: row for row in form.targets.rows}
    for number, (name, value) in enumerate(figures.items()):
        hand.type(rows[name].value, value)
        if number == 0:
            hand.type(rows[name].source, PLAN_TITLE)
        else:
            hand.take_offered(rows[name].source, PLAN_TITLE[:2], PLAN_TITLE)


@pytest.fixture
def controller(qgis_app, project):
    iface = FakeInterface()
    iface.window.resize(1600, 900)
    iface.window.show()
    made = DesktopController(iface)
    yield made
    made.unload()
    iface.window.deleteLater()
    process_events(0.02)


def complete_wizard(hand, project, figures):
    """Fill in all steps of the wizard with targets; return its request."""
    wizard, wanted = NewProjectWizard(project), []
    wizard.wanted.connect(wanted.append)
    wizard.show()
    hand.begin("wizard")
    hand.in_qgis(1)  # the toolbar's button
    hand.press(wizard.next)
    hand.search(wizard.place.county.search, CODE, CODE)
    hand.choose(wizard.place.county.source, "typed")
    hand.type_number(wizard.place.county.west, 113.1)
    hand.type_number(wizard.place.county.east, 113.7)
    hand.press(wizard.next)
    hand.begin("targets and confirmation")
    enter_target(hand, wizard.profile.form, figures)
    confirmation = wizard.profile.form.confirmation
    hand.type(confirmation.by, "新荣区自然资源局")
    hand.type(confirmation.document, "新自然资函〔2026〕1号")
    every = next(b for b in confirmation.findChildren(QPushButton) if b.text() == "全选")
    hand.press(every)
    hand.begin("wizard")
    for _ in range(3):
        hand.press(wizard.next)
    wizard.close()
    wizard.deleteLater()
    (request,) = wanted
    return request


def run_desktop_check(hand, controller):
    hand.begin("check")
    hand.trigger(controller.actions["check"])
    assert wait_until(lambda: not controller.is_check_running and controller.dock.result is not None, 120)
    return controller.dock.result.report


def export_package_by_dialog(hand, controller, documents, folder):
    hand.begin("package")
    hand.trigger(controller.actions["package"])
    shown = controller.export.dialog
    assert wait_until(shown.isVisible)
    hand.tick(shown.form.maps, False)
    hand.type(shown.form.documents.line, str(documents))
    hand.type(shown.form.folder.line, str(folder))
    assert wait_until(shown.go.isEnabled)
    hand.press(shown.go)
    assert wait_until(lambda: not controller.export.is_running and shown.end.isVisible(), 180)
    return shown.end.text.text()


def test_new_county_can_be_planned_from_the_wizard_to_an_accepted_package(
    project, controller, tmp_path, county_data, county_totals
):
    settings.store_setting("project_folder", str(tmp_path))
    hand = Hand()
    request = complete_wizard(hand, project, county_totals)
    assemble.build_project(request, create_project_database(request, lambda *_: None, NEVER_CANCELLED))
    profile = tmp_path / "新荣区规划.profile.toml"
    assert (
        profile.exists()
        and project.read(str(request.project_path))
        and county.read_county_code_and_name(project) == (CODE, NAME)
    )
    hand.begin("layers")
    paste_data_into_layers(hand, project, county_data)

    report = run_desktop_check(hand, controller)
    assert report.summary["verdict"] == "conditional", report.summary
    compared = {one.id: one for one in report.indicators if one.id in county_totals and not one.place}
    assert {name: one.target for name, one in compared.items()} == {name: float(v) for name, v in county_totals.items()}
    assert all(one.confirmed and one.state in ("met", "warning") for one in compared.values()), compared

    documents, folder = tmp_path / "文档", tmp_path / "成果"
    documents.mkdir()
    folder.mkdir()
    root = f"{CODE}{NAME}国土空间总体规划"
    (documents / f"{root}文本.pdf").write_bytes(make_pdf())
    ended = export_package_by_dialog(hand, controller, documents, folder)
    assert is_complete_package(folder / root), ended
    manifest = json.loads((folder / root / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["check"]["verdict"] == "conditional"
    assert manifest["area"] == {"code": CODE, "name": NAME} and not manifest["check"]["forced"]
    # Only warnings of the small data remain; every confirmation is complete.
    assert manifest["check"]["errors"] == 0 and manifest["check"]["warnings"] > 0
    assert manifest["check"]["unconfirmed"] == []

    for step, effort in hand.steps.items():
        print(f"{step}: {effort}")
    print(f"total: {hand.total}")
    pasted = hand.steps["layers"].clicks
    assert hand.total.clicks - pasted <= 18 and hand.total.fields <= 15, hand.steps
