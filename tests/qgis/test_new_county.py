# SPDX-License-Identifier: GPL-2.0-or-later
"""Another county from the wizard to its package: targets and confirmation come from the form, no file is edited by hand."""

import json
from dataclasses import replace

import numpy as np
import pytest
from qgis.core import QgsFeature, QgsVectorLayer, QgsVectorLayerUtils

from plugin.bridge import county, settings
from plugin.bridge.layers import template_id
from plugin.bridge.project import assemble
from plugin.bridge.project.request import make_database
from plugin.core.check import Options, check
from plugin.core.files.digests import is_whole
from plugin.gui.wizard.dialog import NewProjectWizard
from tests.core.made_package import pdf
from tests.county import make_county
from tests.county.write import write_geopackage
from tests.qgis.helpers import run

pytestmark = [pytest.mark.usefixtures("chinese", "provider", "project"), pytest.mark.slow]

CODE, NAME = "140212", "新荣区"
PLAN = "新荣区国土空间总体规划（2021—2035年）"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The clean county under the code and name of another one."""
    path = tmp_path_factory.mktemp("数据") / "county.gpkg"
    layers, _ = make_county(300, defects=False)
    for frame in layers.values():
        for column in frame.columns.drop("geometry"):
            if frame[column].map(lambda v: isinstance(v, str)).any():
                frame[column] = frame[column].map(
                    lambda v: v.replace("140225", CODE).replace("浑源县", NAME) if isinstance(v, str) else v
                )
    write_geopackage(path, layers)
    return path


@pytest.fixture(scope="module")
def figures(data):
    """What the layers come to, in the units of a plan, rounded so that the task is met."""
    measured = {i.id: i.value for i in check(data, Options(profile="shanxi")).report.indicators}
    floors = {"cultivated_area": 1e8 / 15, "farmland_area": 1e8 / 15, "red_line_area": 1e6}
    found = {name: np.floor(measured[name] / unit * 100) / 100 for name, unit in floors.items()}
    found["boundary_area"] = np.ceil(measured["boundary_area"] / 1e6 * 100) / 100
    return {name: f"{value:.2f}" for name, value in found.items()}


def enter(form, figures):
    rows = {row.indicator: row for row in form.targets.rows}
    for name, value in figures.items():
        rows[name].value.setText(value)
        rows[name].source.setText(PLAN)


def fill(project, data):
    """Rows of the data into the layers of the new project, as a planner pastes them."""
    for layer in project.mapLayers().values():
        source = QgsVectorLayer(f"{data}|layername={template_id(layer)}", "source", "ogr")
        if not source.isValid():
            continue
        layer.startEditing()
        names = [f.name() for f in layer.fields() if source.fields().lookupField(f.name()) >= 0 and f.name() != "fid"]
        made = []
        for feature in source.getFeatures():
            new = QgsFeature(layer.fields())
            new.setGeometry(feature.geometry())
            for name in names:
                new[name] = feature[name]
            made += QgsVectorLayerUtils.makeFeatureCompatible(new, layer)
        assert layer.addFeatures(made) and layer.commitChanges(), layer.commitErrors()


def test_from_the_wizard_to_the_package(project, tmp_path, data, figures):
    settings.put("project_folder", str(tmp_path))
    wizard, wanted = NewProjectWizard(project), []
    wizard.wanted.connect(wanted.append)
    wizard.show()
    wizard.go(1)
    wizard.place.county.choose(CODE)
    wizard.place.county.source.setCurrentIndex(wizard.place.county.source.findData("typed"))
    wizard.place.county.west.setValue(113.1)
    wizard.place.county.east.setValue(113.7)
    wizard.go(2)
    enter(wizard.profile.form, figures)
    form = wizard.profile.form.confirmation
    form.by.setText("新荣区自然资源局")
    form.document.setText("新自然资函〔2026〕1号")
    form._tick_all(True)
    for _ in range(3):
        wizard.next.click()
    (request,) = wanted
    assemble.build(request, make_database(request, lambda *_: None, lambda: False))
    wizard.close()
    wizard.deleteLater()

    profile = tmp_path / "新荣区规划.profile.toml"
    assert profile.exists() and project.read(str(request.project)) and county.area(project) == (CODE, NAME)
    fill(project, data)
    # The project's layers under their names in the file.
    report = check(str(request.database), replace(county.options(project), roles="")).report
    compared = {one.id: one for one in report.indicators if one.id in figures and not one.place}
    assert {name: one.target for name, one in compared.items()} == {name: float(v) for name, v in figures.items()}
    assert all(one.confirmed and one.state in ("met", "warning") for one in compared.values()), compared
    documents = tmp_path / "文档"
    documents.mkdir()
    root = f"{CODE}{NAME}国土空间总体规划"
    (documents / f"{root}文本.pdf").write_bytes(pdf())
    done = run("export_package", {"DOCUMENTS": str(documents), "MAPS": False, "OUTPUT": str(tmp_path / "成果")})
    assert done["VERDICT"] == "conditional" and is_whole(tmp_path / "成果" / root)
    manifest = json.loads((tmp_path / "成果" / root / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["area"] == {"code": CODE, "name": NAME} and not manifest["check"]["forced"]
    # The small county's own warnings remain; nothing that the county could confirm does.
    assert manifest["check"]["errors"] == 0 and manifest["check"]["warnings"] > 0
    assert manifest["check"]["unconfirmed"] == []
