# SPDX-License-Identifier: GPL-2.0-or-later
"""Real data sets: no crash, and defect counts equal to those of plain shapely.

Small pieces are in tests/data. Complete data sets are checked if their folder is next to the checkout.
"""

from collections import Counter
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
from pyproj import CRS, Transformer

from plugin.core.geometry.tolerance import Tolerance
from plugin.core.model.report import Outcome
from tests.core.small_plan import (
    check_data,
    get_outcome_of_rule,
    hash_files,
    join_notices,
    list_findings_of_rules,
)

REPOSITORY_ROOT = Path(__file__).resolve().parents[4]
TEST_DATA_FOLDER = REPOSITORY_ROOT / "tests" / "data"
REAL_DATA_FOLDER = REPOSITORY_ROOT.parent / "shared" / "real"
GEOMETRY_RULES = ["SCH003", "GEO001", "GEO002", "GEO003", "TOP001"]


def count_by_shapely(path, layer, code):
    """Return counts of null, invalid, multipart and overlapping shapes of a layer.

    Only pyogrio and shapely are used. ``code`` is the EPSG code of a metric CRS for the areas.
    """
    frame = pyogrio.read_dataframe(path, layer=layer)
    shapes = frame.geometry.to_numpy()
    present = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    to_metres = Transformer.from_crs(CRS.from_user_input(frame.crs), CRS.from_epsg(code), always_xy=True)
    flat = [shapely.transform(s, lambda c: np.column_stack(to_metres.transform(*c.T))) for s in shapes[present]]
    valid = np.array([s if s.is_valid else shapely.make_valid(s) for s in flat], dtype=object)
    i, j = shapely.STRtree(valid).query(valid, predicate="intersects")
    i, j = i[i < j], j[i < j]
    shared = shapely.intersection(valid[i], valid[j])
    limits = Tolerance()
    overlaps = 0
    for shape in shared:
        parts = [p for p in shapely.get_parts(shape) if p.geom_type in ("Polygon", "MultiPolygon")]
        overlaps += any(p.area >= limits.min_area_m2 or 2 * p.area / p.length >= limits.min_width_m for p in parts)
    return {
        "GEO001": int((~present).sum()),
        "GEO002": int((~shapely.is_valid(shapes[present])).sum()),
        "GEO003": int((shapely.get_num_geometries(shapes[present]) > 1).sum()),
        "TOP001": overlaps,
    }


def count_findings_by_rule(report):
    found = Counter(f.code for f in report.findings)
    return {code: found[code] for code in ("GEO001", "GEO002", "GEO003", "TOP001")}


def assert_no_crash(report):
    assert not [f for f in report.findings if f.code in ("RUN900", "RUN901")]
    assert all(r.outcome is not Outcome.CRASHED for r in report.rules)
    for finding in report.findings:
        assert finding.message and "{" not in finding.message


# -- small pieces -----------------------------------------------------------------------------------------------------


def test_real_gbk_shapefile_without_a_cpg_file_is_read_with_chinese_text_and_a_notice_on_gbk():
    folder = TEST_DATA_FOLDER / "chinese_poly"
    before = hash_files(folder)
    checked = check_data(folder / "chinese_poly.shp", roles="XZQX=chinese_poly")
    assert_no_crash(checked.report)
    assert list(checked.plan.layers["XZQX"].frame["NAME"]) == ["黑龙江省"]
    assert "判断编码为 GBK" in join_notices(checked.report)
    (finding,) = list_findings_of_rules(checked.report, "SCH003")
    assert "EPSG:4326，不是 CGCS2000" in finding.message
    assert hash_files(folder) == before


def test_real_zoning_plan_in_degrees_is_measured_in_square_metres():
    path = TEST_DATA_FOLDER / "kauai_zoning" / "kauai_zoning.gpkg"
    before = hash_files(path.parent)
    checked = check_data(path, GEOMETRY_RULES, roles="GHFQ=kauai_zoning")
    assert_no_crash(checked.report)
    # Far from China, but still measured in metres.
    assert checked.plan.crs.to_epsg() == 32604
    assert count_findings_by_rule(checked.report) == count_by_shapely(path, "kauai_zoning", 32604)
    assert all(n > 0 for n in count_findings_by_rule(checked.report).values())
    assert hash_files(path.parent) == before


def test_real_french_plan_in_lambert_93_has_the_defects_counted_by_shapely_and_a_finding_on_its_crs():
    folder = TEST_DATA_FOLDER / "ign_zone"
    before = hash_files(folder)
    checked = check_data(folder, GEOMETRY_RULES, roles="GHFQ=ZONE_URBA")
    assert_no_crash(checked.report)
    assert checked.plan.crs.to_epsg() == 2154
    assert count_findings_by_rule(checked.report) == count_by_shapely(folder / "ZONE_URBA.shp", "ZONE_URBA", 2154)
    assert get_outcome_of_rule(checked.report, "TOP001").findings > 100
    (finding,) = list_findings_of_rules(checked.report, "SCH003")
    assert "EPSG:2154，不是 CGCS2000" in finding.message
    assert "é" in "".join(checked.plan.layers["GHFQ"].frame["LIBELONG"].dropna())
    assert hash_files(folder) == before


def test_real_data_with_swapped_latitude_and_longitude_are_reported():
    path = TEST_DATA_FOLDER / "shanxi_boundary" / "140200.json"
    before = hash_files(path.parent)
    report = check_data(path, GEOMETRY_RULES, roles="XZQ=大同市").report
    assert_no_crash(report)
    (finding,) = list_findings_of_rules(report, "SCH003")
    assert finding.message.startswith("图层“大同市”（XZQ）的坐标疑为北坐标在前（EPSG:4326）。请交换 X、Y 后重试")
    assert {r.outcome for r in report.rules if r.code != "SCH003"} == {Outcome.SKIPPED}
    assert hash_files(path.parent) == before


# -- complete data sets --------------------------------------------------------------------------------------------------------

REAL_LAYERS = [
    ("kauai_zoning/hi-kauai-3-11-24.gpkg", "a-hi-kauai-3-11-24", 32604),
    ("ign_plan_documents/41175_PLU_20140603/Donnees_geographiques/ZONE_URBA.shp", "ZONE_URBA", 2154),
    ("ign_plan_documents/41175_PLU_20140603/Donnees_geographiques/PRESCRIPTION_SURF.shp", "PRESCRIPTION_SURF", 2154),
    ("ign_plan_documents/50545_CC_20130902/Donnees_geographiques/SECTEUR_CC.shp", "SECTEUR_CC", 2154),
    ("shanxi_boundary/shanxi_prefectures.json", "shanxi_prefectures", 4526),
    ("chinese_gbk_shapefiles/chinese_poly.shp", "chinese_poly", 4531),
]
needs_real_data = pytest.mark.skipif(
    not REAL_DATA_FOLDER.is_dir(), reason="the complete data sets are not next to this checkout"
)


@needs_real_data
@pytest.mark.parametrize(("name", "layer", "code"), REAL_LAYERS, ids=[a[0].rsplit("/", 1)[-1] for a in REAL_LAYERS])
def test_every_defect_of_real_data_counted_by_shapely_is_reported(name, layer, code):
    path = REAL_DATA_FOLDER / name
    before = hash_files(path.parent)
    checked = check_data(path, GEOMETRY_RULES, roles=f"GHFQ={layer}")
    assert_no_crash(checked.report)
    assert checked.plan.crs.to_epsg() == code
    assert count_findings_by_rule(checked.report) == count_by_shapely(path, layer, code)
    assert hash_files(path.parent) == before
