# SPDX-License-Identifier: GPL-2.0-or-later
"""The .qml files are what symbols.toml says, and QGIS reads them."""

import subprocess
import sys
import tomllib

import pytest
from qgis.core import QgsVectorLayer

from plugin.bridge import styles
from plugin.paths import ICONS, REPORTS, STANDARDS, STYLES
from tests.qgis.helpers import ROOT

TABLE = tomllib.loads((STYLES / "symbols.toml").read_text(encoding="utf-8"))
NAMES = [*TABLE["layers"], styles.FINDINGS]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("styles")
    subprocess.run([sys.executable, ROOT / "tools" / "make_styles.py", folder], check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_styles_are_fresh(made, name):
    # Qt 6 orders attributes in its own way: compare what is said, not how.
    def words(path):
        return sorted(path.read_text(encoding="utf-8").replace(">", " ").replace("/", " ").split())

    assert words(made / f"{name}.qml") == words(STYLES / f"{name}.qml"), "tools/run.sh python tools/make_styles.py"


@pytest.mark.parametrize("name", NAMES)
def test_styles_load(qgis_app, name):
    layer = QgsVectorLayer("MultiPolygon?crs=EPSG:4526", "x", "memory")
    before = layer.renderer()
    assert styles.apply(layer, name)
    assert layer.renderer() is not before


def test_no_style_no_change(qgis_app):
    layer = QgsVectorLayer("MultiPolygon?crs=EPSG:4526", "x", "memory")
    assert not styles.apply(layer, "NOSUCH")


def test_every_land_use_code_has_its_colour(qgis_app):
    import csv

    layer = QgsVectorLayer("MultiPolygon?crs=EPSG:4526&field=DLBM:string", "x", "memory")
    styles.apply(layer, "DLTB")
    coloured = {
        code
        for c in layer.renderer().categories()
        for code in (c.value() if isinstance(c.value(), list) else [c.value()])
    }
    with (STANDARDS / "survey-2020/codelists/sandiao.csv").open(encoding="utf-8-sig", newline="") as handle:
        codes = {row["code"] for row in csv.DictReader(handle) if row["code_2023"]}
    assert codes <= coloured


def test_only_findings_have_a_white_halo():
    for name in TABLE["layers"]:
        text = (STYLES / f"{name}.qml").read_text(encoding="utf-8")
        assert 'name="line_color" type="QString" value="255,255,255' not in text.replace("  ", " ")


def test_a_severity_has_one_colour_everywhere():
    from plugin.gui import look

    page = (REPORTS / "report.html.j2").read_text(encoding="utf-8")
    for one in TABLE["findings"]["classes"]:
        icon = (ICONS / f"{one['icon']}.svg").read_text(encoding="utf-8")
        assert one["color"] in icon and look._COLORS[one["icon"]][0] == one["color"], one["value"]
        if one["value"].isupper():
            line = next(row for row in page.splitlines() if f'name == "{one["value"]}"' in row)
            assert f'fill="{one["color"]}"' in line, one["value"]
