# SPDX-License-Identifier: GPL-2.0-or-later
"""Test map_fields on a county's survey in GBK, verified without the plugin.

The results are counted and measured by fiona, the csv module and the shoelace formula.
"""

import csv
import itertools
import math
from collections import defaultdict

import fiona
import pytest

from plugin.paths import STANDARDS_FOLDER
from tests.qgis.helpers import SAMPLE, digest_files, run_algorithm

LAND_USE_CODE_FILE = STANDARDS_FOLDER / "survey-2020/codelists/sandiao.csv"


def measure_ring_area(ring) -> float:
    # Coordinates relative to the first point: products of full coordinates lose precision.
    (x0, y0, *_) = ring[0]
    points = [(p[0] - x0, p[1] - y0) for p in ring]
    return abs(math.fsum(a[0] * b[1] - b[0] * a[1] for a, b in itertools.pairwise(points))) / 2


def measure_area(geometry) -> float:
    if geometry is None:
        # Planted in the sample: a row without a shape, which the output must contain.
        return 0.0
    parts = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    return math.fsum(measure_ring_area(part[0]) - math.fsum(map(measure_ring_area, part[1:])) for part in parts)


def read_rows_by_number(path, layer=None, **options):
    """Return feature number → (attributes, planar area), read by fiona."""
    with fiona.open(path, layer=layer, **options) as source:
        read = [(dict(f["properties"]), measure_area(f["geometry"])) for f in source]
    return {p["BSM"]: (p, size) for p, size in read}, len(read)


def read_code_map() -> dict[str, list[str]]:
    with LAND_USE_CODE_FILE.open(encoding="utf-8-sig", newline="") as handle:
        return {row["code"]: [c for c in row["code_2023"].split("|") if c] for row in csv.DictReader(handle)}


@pytest.fixture(scope="module")
def survey_file(tmp_path_factory):
    """Write the sample's parcels as a GBK shapefile without encoding file (.cpg)."""
    path = tmp_path_factory.mktemp("三调 成果") / "地类图斑.shp"
    with fiona.open(SAMPLE, layer="DLTB") as source:
        features = list(source)
        # Planted in the sample: duplicate numbers. This test needs unique ones.
        schema = {"geometry": "Polygon", "properties": dict(source.schema["properties"])}
        with fiona.open(path, "w", driver="ESRI Shapefile", schema=schema, crs=source.crs, encoding="GBK") as target:
            for number, feature in enumerate(features, start=1):
                properties = {**feature["properties"], "BSM": f"140225{number:012d}"}
                target.write(fiona.Feature(geometry=feature["geometry"], properties=fiona.Properties(**properties)))
    path.with_suffix(".cpg").unlink(missing_ok=True)
    return path


def test_survey_shapefile_of_this_module_is_encoded_in_gbk(survey_file):
    raw = survey_file.with_suffix(".dbf").read_bytes()
    assert "乔木林地".encode("gbk") in raw and "乔木林地".encode() not in raw


def test_map_fields_of_a_gbk_county_survey_keeps_rows_areas_and_codes(provider, survey_file, tmp_path):
    before = digest_files(survey_file.parent)
    dltb, lost = tmp_path / "库" / "DLTB.gpkg", tmp_path / "库" / "未对应.csv"
    first = run_algorithm(
        "map_fields", {"INPUT": str(survey_file), "TEMPLATE": "DLTB", "OUTPUT": str(dltb), "UNMAPPED": str(lost)}
    )
    source, count = read_rows_by_number(survey_file, encoding="GBK")
    made, made_count = read_rows_by_number(dltb, "DLTB")
    assert count == made_count == len(source) == first["ROWS"] > 1000
    assert set(made) == set(source)
    for key, (properties, size) in source.items():
        carried, carried_size = made[key]
        assert carried["DLBM"] == properties["DLBM"] and carried["DLMC"] == properties["DLMC"], key
        assert carried_size == pytest.approx(size, abs=1e-6), key
        assert carried["TBMJ"] == pytest.approx(properties["TBMJ"], abs=1e-9), key
    for column in ("TBMJ", "TBDLMJ"):
        total = math.fsum(p[column] or 0 for p, _ in source.values())
        assert math.fsum(p[column] or 0 for p, _ in made.values()) == pytest.approx(total, abs=1e-6)

    land_use, table = tmp_path / "XZYDYH.gpkg", tmp_path / "未对应 2023.csv"
    given = {"INPUT": str(dltb), "TEMPLATE": "XZYDYH", "OUTPUT": str(land_use), "UNMAPPED": str(table)}
    second = run_algorithm("map_fields", given)
    done, done_count = read_rows_by_number(land_use, "XZYDYH")
    assert done_count == count == second["ROWS"] and set(done) == set(source)

    ways = read_code_map()
    wanted, found, without = defaultdict(list), defaultdict(list), set()
    for key, (properties, size) in source.items():
        answers = ways.get(properties["DLBM"], [])
        code = answers[0].ljust(6, "0") if len(answers) == 1 else None
        without |= {key} if code is None else set()
        wanted[code].append(size)
        found[done[key][0]["YDYHFLDM"]].append(done[key][1])
    assert set(found) == set(wanted)
    for code, sizes in wanted.items():
        assert len(found[code]) == len(sizes), code
        assert math.fsum(found[code]) == pytest.approx(math.fsum(sizes), abs=1e-5), code
    whole = math.fsum(size for _, size in source.values())
    assert math.fsum(size for _, size in done.values()) == pytest.approx(whole, abs=1e-4)

    with table.open(encoding="utf-8-sig", newline="") as handle:
        listed = [row for row in csv.DictReader(handle) if row["source_fid"]]
    codes = [row for row in listed if row["field"] == "YDYHFLDM"]
    assert {row["key"] for row in codes} == without and len(codes) == len(without) > 0
    assert all(row["message"] and row["value"] == source[row["key"]][0]["DLBM"] for row in codes)
    # A planted code outside its list: reported, and carried over.
    assert {row["carried"] for row in listed if row["field"] != "YDYHFLDM"} <= {"yes"}
    assert second["EMPTY"] == len(without)
    assert digest_files(survey_file.parent) == before
