# SPDX-License-Identifier: GPL-2.0-or-later
"""A check with 100 000 findings: a limited page, complete JSON and layer."""

import json

import fiona
import geopandas as gpd
import jsonschema
import pytest
import shapely
import shapely.affinity

from plugin.core.__main__ import main
from plugin.paths import RESOURCES_FOLDER

ROW_COUNT = 450
OVERLAPPING_PAIR_COUNT = ROW_COUNT * (ROW_COUNT - 1) // 2


@pytest.mark.slow
def test_json_and_layer_have_all_of_100_000_findings_and_the_page_has_200_rows_below_500_kb(tmp_path):
    shapes = [shapely.box(n * 0.05, 0, n * 0.05 + 300, 300 + n * 0.03) for n in range(ROW_COUNT)]
    shapes = [shapely.affinity.translate(shape, 38_470_000.0, 4_390_000.0) for shape in shapes]
    names = {"BSM": [f"1402250000099{n:05d}" for n in range(ROW_COUNT)]}
    gpd.GeoDataFrame(names, geometry=shapes, crs="EPSG:4526").to_file(tmp_path / "many.gpkg", layer="DLTB")
    paths = {name: tmp_path / f"report.{name}" for name in ("json", "html", "gpkg")}
    outputs = [f"--{name}={path}" for name, path in zip(("json", "html", "findings"), paths.values(), strict=True)]
    main(["check", str(tmp_path / "many.gpkg"), "--rules=TOP001", *outputs])
    report = json.loads(paths["json"].read_text(encoding="utf-8"))
    assert OVERLAPPING_PAIR_COUNT > 100_000
    assert len(report["findings"]) == report["rules"][0]["findings"] == OVERLAPPING_PAIR_COUNT
    assert len({finding["fingerprint"] for finding in report["findings"]}) == OVERLAPPING_PAIR_COUNT
    schema = json.loads((RESOURCES_FOLDER / "reports" / "report.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate({**report, "findings": report["findings"][::100]})
    with fiona.open(paths["gpkg"]) as layer:
        assert len(layer) == OVERLAPPING_PAIR_COUNT
    page = paths["html"].read_text(encoding="utf-8")
    assert len(page) < 500_000 and page.count("data-row=") == 200
