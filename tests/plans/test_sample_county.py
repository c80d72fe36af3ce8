# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that exactly the defects of the shipped sample county are found."""

import json
from collections import defaultdict
from pathlib import Path

import fiona
import numpy as np
import pytest
import shapely
from shapely.geometry import shape

from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.model.verdict import Verdict
from plugin.core.standard import load_standard
from plugin.paths import SAMPLE_FOLDER
from tests.core.hunyuan_county import CONFIRMED_PROFILE_TEXT
from tests.county import make_county
from tests.county.measure import measure_drawn_area, statutory_area
from tests.county.write import write_geopackage
from tests.sample import check_sample_county


@pytest.fixture(scope="module")
def sample():
    return check_sample_county()


@pytest.fixture(scope="module")
def truth():
    return json.loads((SAMPLE_FOLDER / "truth.json").read_text(encoding="utf-8"))


def identify_finding(row):
    code = row.get("rule") or row["code"]
    related = tuple(row["related_keys"] or ())
    return (
        code,
        str(row["severity"]),
        row["role"],
        row["key"] or "",
        row["related_role"] or "",
        related,
        row["field"] or "",
    )


def is_close_area(a, b):
    """Compare two areas with a tolerance of 0.01 m² or 1e-9 of the value."""
    return abs(a - b) <= max(0.01, 1e-9 * abs(a))


@pytest.mark.parametrize("name", ["county.gpkg", "centre.gpkg"])
def test_shipped_sample_geopackage_is_not_in_write_ahead_mode(name):
    """Read the SQLite header.

    A file that QGIS had open stays in write-ahead mode and changes whenever it is read.
    """
    head = (SAMPLE_FOLDER / name).read_bytes()[:100]
    assert head[18:20] == b"\x01\x01", f"git checkout resources/sample/{name}, or make sample"


def test_check_of_the_sample_finds_exactly_the_defects_of_its_truth_file_with_their_areas(sample, truth):
    planted, found = defaultdict(list), defaultdict(list)
    for row in truth["defects"]:
        planted[identify_finding(row)].append((row["area_m2"] or 0.0, row["net_area_m2"] or 0.0))
    for finding in sample.report.findings:
        row = finding.to_dict()
        found[identify_finding(row)].append((row["area_m2"] or 0.0, row["net_area_m2"] or 0.0))
    assert set(found) == set(planted)
    for key, rows in planted.items():
        pairs = list(zip(sorted(rows), sorted(found[key]), strict=True))
        assert all(is_close_area(a, b) and is_close_area(na, nb) for (a, na), (b, nb) in pairs), (key, pairs)
    assert len(sample.report.findings) == len(truth["defects"]) >= 25


def test_count_and_area_of_slivers_ignored_in_the_sample_equal_those_of_its_truth_file(sample, truth):
    assert sample.report.tolerance["ignored_slivers"] == truth["ignored_slivers"]["count"] > 0
    assert sample.report.tolerance["ignored_area_m2"] == pytest.approx(truth["ignored_slivers"]["area_m2"], abs=1e-4)


#: Rules that need a side input or a setting of the county.
RULES_THAT_DO_NOT_APPLY = {"LAW004", "LAW007", "LAW008", "LAW015", "LAW016", "LAW017"}


def test_check_of_the_sample_runs_every_default_rule_without_a_crash(sample):
    by_code = {r.code: r for r in sample.report.rules}
    assert set(by_code) == set(load_standard().rules) and len(by_code) >= 23
    assert not [r for r in sample.report.rules if r.outcome == "crashed"]
    assert {r.code for r in sample.report.rules if r.outcome == "not_applicable"} == RULES_THAT_DO_NOT_APPLY
    assert sample.report.verdict is Verdict.FAILED
    # One layer has no KCMJ: the other layers are checked, and the missing field is reported.
    assert by_code["ATT003"].incomplete and "KCMJ" in by_code["ATT003"].reason


def read_with_fiona(role):
    """Return the rows of a sample layer, read by fiona instead of the plugin."""
    with fiona.open(SAMPLE_FOLDER / "county.gpkg", layer=role) as source:
        return [(dict(f["properties"]), shape(f["geometry"]) if f["geometry"] else None) for f in source]


def sum_statutory_area(shapes):
    present = [s if s.is_valid else shapely.make_valid(s) for s in shapes if s is not None]
    return float(np.sum(statutory_area(np.array(present, dtype=object))))


def test_expansion_ratio_and_areas_equal_those_computed_independently_with_fiona(sample):
    """Compute the ratio by its formula, reading with fiona."""
    boundary = read_with_fiona("CZKFBJ")
    parcels = read_with_fiona("DLTB")
    base = [(p, s) for p, s in parcels if p["CZCSXM"] in ("201", "201A", "202", "202A")]
    denominator = sum(p["TBMJ"] for p, _ in base)
    whole = sum_statutory_area(s for _, s in boundary)
    growing = [s for p, s in boundary if p["GHFQDM"][:2] in ("41", "42")]
    core = sum_statutory_area(growing)
    union = shapely.union_all([s for _, s in base if s is not None])
    rest = [shapely.difference(s, union) for s in growing]
    # Cut parts have the area inside their edges; whole rows keep the area of the row.
    new_land = sum(
        sum_statutory_area([r]) if s.area - r.area < 1e-3 else measure_drawn_area([r])[0]
        for s, r in zip(growing, rest, strict=True)
    )
    values = {i.id: i.value for i in sample.report.indicators}
    assert values["expansion_ratio_n1"] == pytest.approx(whole / denominator, rel=1e-9)
    assert values["expansion_ratio_n2"] == pytest.approx(core / denominator, rel=1e-9)
    assert values["expansion_ratio_n3"] == pytest.approx((denominator + new_land) / denominator, rel=1e-9)
    assert values["boundary_area"] == pytest.approx(whole / 1e6, rel=1e-9)
    assert values["red_line_area"] == pytest.approx(
        sum_statutory_area(s for _, s in read_with_fiona("STBHHX")) / 1e6, rel=1e-9
    )
    wan_mu = 10_000 * 10_000 / 15
    farmland = sum(p["YJJBNTMJ"] or 0 for p, _ in read_with_fiona("YJJBNTBHTB"))
    cultivated = sum(p["TBDLMJ"] or 0 for p, _ in read_with_fiona("GDBHMB"))
    assert values["farmland_area"] == pytest.approx(farmland / wan_mu, rel=1e-12)
    assert values["cultivated_area"] == pytest.approx(cultivated / wan_mu, rel=1e-12)


def test_areas_of_the_three_zones_equal_those_computed_independently_with_shapely(sample):
    """Dissolve zones by the first digit of their code with shapely."""
    zones = [(p["GHFQDM"], s if s.is_valid else shapely.make_valid(s)) for p, s in read_with_fiona("YDYHGHFQ") if s]
    figures = {i.id: i for i in sample.report.indicators}
    total = 0.0
    for name, digits in (("agricultural", "35"), ("ecological", "12"), ("urban", "4"), ("outside", "67")):
        union = shapely.union_all([s for code, s in zones if code[0] in digits and code != "550"])
        area = sum_statutory_area([union])
        total += area
        found = figures[f"{name}_space_area" if name != "outside" else "outside_spaces_area"]
        assert found.value == pytest.approx(area / 1e6, rel=1e-9)
        assert found.inputs["county_share"] == pytest.approx(100 * area / found.inputs["county_m2"], rel=1e-9)
    # The unknown code, and the overlap that must not count twice.
    nobodys = sum_statutory_area([s for code, s in zones if code == "550"])
    assert figures["unmapped_zones_area"].value == pytest.approx(nobodys / 1e6, rel=1e-9) and nobodys > 0
    assert sum_statutory_area([s for _, s in zones]) - total - nobodys > 1


def write_county_file(folder: Path, **options):
    layers, truth = make_county(parcels=1200, seed=7, **options)
    path = folder / "county.gpkg"
    write_geopackage(path, layers)
    return path, truth


@pytest.fixture(scope="module")
def clean_county_file(tmp_path_factory):
    return write_county_file(tmp_path_factory.mktemp("clean"), defects=False)


def test_county_without_defects_passes_only_if_its_profile_confirms_the_settings(clean_county_file, tmp_path):
    path, truth = clean_county_file
    assert truth["defects"] == []
    confirmed = tmp_path / "confirmed.toml"
    confirmed.write_text(CONFIRMED_PROFILE_TEXT, encoding="utf-8")
    plain = check_plan(path, RunOptions(profile="hunyuan")).report
    assert plain.findings == [] and plain.verdict is Verdict.CONDITIONAL
    assert {"ratio.form", "tolerance", "codes.planning_zones"} <= set(plain.summary["unconfirmed"])
    sure = check_plan(path, RunOptions(profile=str(confirmed))).report
    # Stated figures of missing layers have no value and prevent the verdict 通过.
    assert sure.findings == [] and sure.verdict is Verdict.CONDITIONAL
    assert {name.partition(".")[0] for name in sure.summary["unconfirmed"]} == {"targets"}
    assert {i.state for i in sure.indicators if i.target is not None} == {"met", "reference"}
    assert all((i.state == "met") == (i.value is not None) for i in sure.indicators if i.target is not None)


def test_check_with_a_base_year_missing_from_the_data_passes_only_conditionally(clean_county_file, tmp_path):
    path, _ = clean_county_file
    confirmed = tmp_path / "confirmed.toml"
    confirmed.write_text(CONFIRMED_PROFILE_TEXT, encoding="utf-8")
    report = check_plan(path, RunOptions(profile=str(confirmed), base_year=2019)).report
    assert report.verdict is Verdict.CONDITIONAL
    ratio = next(i for i in report.indicators if i.id == "expansion_ratio_n1")
    # The table has 2020: the check cannot decide which of the two is correct.
    assert ratio.value and not ratio.confirmed and ratio.inputs["base_year"] is None


def test_terraced_farmland_meets_its_target_by_gross_area_but_fails_by_net_area(tmp_path):
    path, truth = write_county_file(tmp_path, defects=False, terraced=True)
    report = check_plan(path, RunOptions(profile="hunyuan")).report
    farmland = next(i for i in report.indicators if i.id == "farmland_area")
    assert farmland.inputs["gross_m2"] * 15 / 1e8 >= farmland.target > farmland.value
    assert report.verdict is Verdict.FAILED
    assert "farmland_area" in [f.params["indicator"] for f in report.findings if f.code == "LAW002"]
    assert farmland.value * 1e8 / 15 == pytest.approx(truth["indicators"]["farmland_area_m2_net"], rel=1e-9)


def test_area_targets_of_a_province_profile_do_not_apply_to_a_county(sample):
    report = check_plan(SAMPLE_FOLDER / "county.gpkg", RunOptions(profile="shanxi", rules=("LAW001", "LAW002"))).report
    assert [r.outcome for r in report.rules if r.code == "LAW002"] == ["not_applicable"]
    ratio = next(i for i in report.indicators if i.id == "expansion_ratio_n1")
    assert ratio.target == 1.3


def test_township_farmland_targets_of_the_sample_are_met_and_add_up_to_the_county():
    """Compare each township's target with the net area of its rows.

    The sums of the table are the two targets of the county. One field on wooded land has the code of another
    township.
    """
    table = SAMPLE_FOLDER / "township_tasks.csv"
    report = check_plan(SAMPLE_FOLDER / "county.gpkg", RunOptions(profile="hunyuan", targets=str(table))).report
    by_rule = {r.code: r for r in report.rules}
    (drawn,) = [f for f in report.findings if f.code in ("LAW004", "LAW005")]
    # The finding is in the township where the row lies.
    assert (drawn.case, drawn.township, drawn.params["place"]) == ("misplaced", "千佛岭乡", ["千佛岭乡"])
    assert "1564 个图斑按 ZLDWDM" in by_rule["LAW004"].reason and not by_rule["LAW004"].incomplete
    sums = {i.id: (round(i.value, 9), i.target) for i in report.indicators if i.id.startswith("handed_down")}
    assert sums == {"handed_down_cultivated_area": (73.39, 73.39), "handed_down_farmland_area": (63.25, 63.25)}
    with fiona.open(SAMPLE_FOLDER / "county.gpkg", layer="YJJBNTBHTB") as source:
        net = sum(row["properties"]["YJJBNTMJ"] for row in source if row["properties"]["ZLDWDM"][:9] == "140225100")
    (indicator,) = [i for i in report.indicators if i.id == "township_farmland_area" and i.place == "永安镇"]
    assert indicator.value == pytest.approx(net / (1e8 / 15), rel=1e-12) and indicator.state == "met"
