# SPDX-License-Identifier: GPL-2.0-or-later
"""Package rules with other package specs: several data sets, optional layers."""

import json
import shutil
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import shapely

from plugin.core.base.errors import NEVER_CANCELLED
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.checks.run_check import run_check
from plugin.core.cli.examples.package_facts import DATABASE, FEATURE_COUNTS_BY_LAYER, make_package_facts
from plugin.core.cli.examples.plans import make_example_plan
from plugin.core.geometry import crs as crs_care
from plugin.core.model.rule import load_all_rules
from plugin.core.model.side_inputs import SideInputs
from plugin.core.package.export import check_by_rules_of_receiving_body
from plugin.core.package.inspection.collect_facts import collect_package_facts
from plugin.core.package.inspection.facts import FileFact, LayerFact, PackageFacts
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.package.package_spec.spec import LayerSlot, VectorSet
from plugin.core.package.problems import ProblemLevel
from plugin.core.plan.loading.assembly import assemble_plan
from plugin.core.standard.messages.texts import Texts
from tests.core.package_fixtures import PARCEL_VALUES
from tests.core.small_plan import X, Y, convert_to_source_layers, make_table, write_shapefiles
from tests.county import SEED, make_clean_county, source

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
VCT_PATH = DATABASE.replace(".gdb", ".vct")


def run_package_rule(code, facts, layers=None, lang="zh", record=None):
    """Return the findings of a package rule on package facts and layers of a plan."""
    plan = make_example_plan(layers or {})
    side = SideInputs(package=facts, record=record)
    return run_check(plan, [load_all_rules()[code]], side_inputs=side, lang=lang).findings


def add_vector_set(facts, *slots, file="{code}{name}国土空间规划矢量数据.vct", layers=()):
    """Return package facts with a second data set in the package spec.

    Its file exists in the package if ``layers`` names layers.
    """
    spec = facts.package_spec
    more = VectorSet("more", "data", file, "EPSG:4490", slots)
    files = (*facts.files, FileFact(VCT_PATH, 9)) if layers else facts.files
    found_layers = tuple(LayerFact(VCT_PATH, name, FEATURE_COUNTS_BY_LAYER[name], "EPSG:4490") for name in layers)
    return replace(
        facts,
        package_spec=replace(spec, vectors=(*spec.vectors, more)),
        files=files,
        layers=(*facts.layers, *found_layers),
    )


def test_required_layer_missing_from_one_data_set_is_reported_even_if_another_data_set_has_it():
    """Require the layer in the exchange file even if the database has it."""
    slots = LayerSlot("red_line", "M"), LayerSlot("boundary", "M"), LayerSlot("heritage", "C")
    complete = add_vector_set(make_package_facts({}), *slots, layers=["STBHHX", "CZKFBJ"])
    assert run_package_rule("DOC008", complete) == []
    lacking = add_vector_set(make_package_facts({}), *slots, layers=["CZKFBJ"])
    (one,) = run_package_rule("DOC008", lacking)
    assert (one.case, one.params["name"]) == ("missing_in", "STBHHX") and VCT_PATH in one.message
    empty = replace(
        complete,
        layers=tuple(
            replace(x, feature_count=0) if x.file == VCT_PATH and x.name == "STBHHX" else x for x in complete.layers
        ),
    )
    (one,) = run_package_rule("DOC008", empty)
    assert (one.case, one.params["file"]) == ("empty", VCT_PATH)
    # An unreadable layer may be the missing one.
    broken = replace(lacking, layers=(*lacking.layers, LayerFact(VCT_PATH, "x", -1)))
    assert [f.case for f in run_package_rule("DOC008", broken)] == ["unreadable"]
    # DOC002 reports a missing data set; a layer is searched in all data sets.
    assert run_package_rule("DOC008", add_vector_set(make_package_facts({}), *slots)) == []


def test_data_set_file_may_be_absent_if_its_layers_are_optional_or_have_no_rows_in_the_plan():
    """Accept a missing file if none of its optional layers has rows in the plan."""
    optional = add_vector_set(make_package_facts({}), LayerSlot("heritage", "C"), LayerSlot("zones", "O"))
    assert run_package_rule("DOC002", optional) == []
    assert run_package_rule("DOC002", optional, {"zones": [SQUARE_WKT]}) == []
    assert [f.case for f in run_package_rule("DOC002", optional, {"heritage": [SQUARE_WKT]})] == ["data"]
    assert [
        f.case for f in run_package_rule("DOC002", add_vector_set(make_package_facts({}), LayerSlot("red_line", "M")))
    ] == ["data"]


@pytest.mark.parametrize(
    ("slots", "cases"),
    [
        ([{"id": "construction", "files": []}], []),
        ([{"id": "construction", "files": ["2-规划文档/140225浑源县数据库建设报告.pdf"]}], ["optional"]),
        ([{"id": "text", "files": []}], ["optional"]),
    ],
)
def test_optional_document_that_the_manifest_lists_as_not_provided_gives_no_finding(slots, cases):
    facts = make_package_facts({"drop": ["2-规划文档/140225浑源县数据库建设报告.pdf"]})
    facts = replace(facts, manifest={**(facts.manifest or {}), "slots": slots})
    assert [f.case for f in run_package_rule("DOC002", facts)] == cases


@pytest.mark.parametrize("crs", ["epsg:4490", "EPSG:4490", "urn:ogc:def:crs:EPSG::4490"])
def test_crs_of_a_package_spec_is_recognised_in_every_common_spelling(crs):
    facts = make_package_facts({})
    spec = replace(facts.package_spec, vectors=tuple(replace(v, crs=crs) for v in facts.package_spec.vectors))
    assert run_package_rule("DOC009", replace(facts, package_spec=spec)) == []
    assert (
        len(
            run_package_rule("DOC009", replace(make_package_facts({"crs": {"CZKFBJ": "EPSG:4526"}}), package_spec=spec))
        )
        == 1
    )


@pytest.mark.parametrize("vertical", ["epsg:5737", "EPSG:5737"])
def test_vertical_crs_of_a_package_spec_is_recognised_in_every_common_spelling(vertical):
    facts = make_package_facts({"vertical": vertical})
    high = replace(facts, layers=tuple(replace(x, vertical_crs="EPSG:5737") for x in facts.layers))
    assert run_package_rule("DOC009", high) == [] and run_package_rule("DOC009", facts)


def test_layers_of_a_renamed_data_set_file_are_matched_by_layer_name_and_give_no_finding():
    facts = make_package_facts({"manifest": True})
    other = LayerFact(VCT_PATH, "CZKFBJ", 5, "EPSG:4490")
    for row in facts.manifest["layers"]:
        row["file"] = "1-空间数据/旧名.gdb"
    assert run_package_rule("DOC010", replace(facts, layers=(*facts.layers, other))) == []


def test_shapefiles_with_upper_case_names_are_recognised_in_a_package(tmp_path):
    """Rename the shapefiles in upper case, as old Windows programs write them."""
    folder = tmp_path / "140225浑源县国土空间总体规划" / "1-空间数据" / "140225浑源县国土空间规划矢量数据"
    write_shapefiles(folder, "GBK")
    spec = load_package_spec("county")
    before = {one.name for one in collect_package_facts(folder.parents[1], spec).layers}
    for path in folder.iterdir():
        path.rename(path.with_suffix(path.suffix.upper()))
    assert {one.name for one in collect_package_facts(folder.parents[1], spec).layers} == before != set()
    shutil.rmtree(folder)


ZONE_38, CGCS2000_DEGREES = "EPSG:4526", "EPSG:4490"
#: Long edges, none of them along a meridian or a parallel.
WHOLE_POLYGON = shapely.Polygon([(X, Y), (X + 9000, Y + 700), (X + 9500, Y + 6000), (X + 300, Y + 6400)])
HALF_POLYGON = shapely.Polygon([(X - 100, Y - 900), (X + 9900, Y - 200), (X + 9700, Y + 3300), (X - 200, Y + 2800)])


def make_plan_of_two_layers(crs, drawn_in=None):
    """Return a plan of a parcel and a red line over half of it, stored in a CRS and perhaps drawn in another."""
    frames = {
        "DLTB": make_table([WHOLE_POLYGON], **{k: [v] for k, v in PARCEL_VALUES.items()}),
        "STBHHX": make_table([HALF_POLYGON]),
    }
    read = convert_to_source_layers({name: frame.to_crs(crs) for name, frame in frames.items()})
    return assemble_plan(read, RunOptions().resolve_norm(), source="x", original_crs=crs_care.parse_crs(drawn_in))


def measure_overlap(plan):
    """Return the planar area (m²) that the two polygons of a plan share."""
    return shapely.area(shapely.intersection(*(plan.layers[role].plane_shapes[0] for role in ("DLTB", "STBHHX"))))


def test_overlap_of_a_plan_delivered_in_degrees_equals_the_overlap_in_its_drawing_crs():
    drawn = shapely.area(shapely.intersection(WHOLE_POLYGON, HALF_POLYGON))
    assert measure_overlap(make_plan_of_two_layers(ZONE_38)) == pytest.approx(drawn, abs=1e-3)
    plan = make_plan_of_two_layers(CGCS2000_DEGREES, ZONE_38)
    assert plan.plane_crs == plan.crs == crs_care.parse_crs(ZONE_38)
    assert measure_overlap(plan) == pytest.approx(drawn, abs=1e-3)
    assert not any(len(layer.added_vertices) for layer in plan.layers.values())
    # Without the original CRS, edges are straight in degrees and the intersection differs.
    other = make_plan_of_two_layers(CGCS2000_DEGREES)
    one, two = (other.layers[role].plane_shapes[0] for role in ("DLTB", "STBHHX"))
    part = crs_care.reproject_geometries(
        np.array([shapely.segmentize(shapely.intersection(one, two), 20)]), other.plane_crs, plan.crs
    )
    assert abs(shapely.area(part[0]) - drawn) > 100


def test_overlaps_of_a_plan_drawn_in_degrees_are_equal_when_it_is_delivered_in_degrees_or_metres():
    """Store the plan in a metric CRS that names degrees as its drawing CRS."""
    one, two = make_plan_of_two_layers(CGCS2000_DEGREES), make_plan_of_two_layers(ZONE_38, CGCS2000_DEGREES)
    assert two.plane_crs == one.plane_crs != two.crs == one.crs
    assert measure_overlap(two) == pytest.approx(measure_overlap(one), abs=1e-2)


def test_drawing_crs_that_distorts_areas_is_not_used_as_the_plane_of_a_plan():
    assert make_plan_of_two_layers(CGCS2000_DEGREES, "EPSG:3857").plane_crs == crs_care.parse_crs(ZONE_38)


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        ([ZONE_38, ZONE_38], ZONE_38),
        ([ZONE_38, "EPSG:4547"], ""),
        ([], ""),
        (["+proj=pipeline +step +proj=utm"], ""),
        (["EPSG:999999"], ""),
        ([""], ""),
        ([None], ""),
    ],
)
def test_drawing_crs_of_a_package_is_read_from_its_manifest(labels, found):
    rows = [{"layer": str(n), "source_crs": label} for n, label in enumerate(labels)]
    facts = PackageFacts("x", load_package_spec("county"), manifest={"layers": rows})
    assert crs_care.make_crs_label(facts.original_crs) == found
    assert PackageFacts("x", load_package_spec("county")).original_crs is None


#: The items of a report that rules read.
REPORT_WITH_CRS = (
    b'{"summary": {"verdict": "pass", "errors": 0}, "indicators": [],'
    b' "provenance": {"crs": "EPSG:4526", "layers": [], "profile": {"id": ""}}}'
)


@pytest.mark.parametrize(
    "change",
    [
        {"findings": None}, {"indicators": [{"id": "N1", "unit": "m2", "value": ""}]}, {"tolerance": 7},
        {"rules": [{"code": "REL001", "parameters": ["x"]}]}, {"provenance": {"layers": [], "profile": {}}},
        {"provenance": {"layers": [], "profile": {"id": "x"}, "versions": None}},
    ],
)  # fmt: skip
def test_report_of_a_package_with_items_of_other_types_counts_as_damaged(change):
    spec = load_package_spec("county")
    path = PackageFacts("x", spec).report_path
    content = {**json.loads(REPORT_WITH_CRS), **change}
    assert PackageFacts("x", spec, document_contents={path: json.dumps(content).encode()}).report_data == {}


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (REPORT_WITH_CRS, ZONE_38),
        (b'{"provenance": {"crs": null}}', ""),
        (b'{"provenance": []}', ""),
        (b"[]", ""),
        (b"{", ""),
    ],
)
def test_drawing_crs_of_a_package_without_a_manifest_is_read_from_its_report(document, found):
    spec = load_package_spec("county")
    facts = PackageFacts("x", spec, document_contents={PackageFacts("x", spec).report_path: document})
    assert crs_care.make_crs_label(facts.original_crs) == found


@cache
def make_county_sample():
    """Return a generated county without defects, made once."""
    return make_clean_county(200, SEED)


def make_valid_county(**shifts):
    """Return the layers of a small valid county.

    ``shifts``: square metres added to the area field of the first two rows, by layer code.
    """
    layers = make_county_sample().layers
    fields = {role: source.make_declared_fields(role) for role in layers}
    for role, shift in shifts.items():
        frame = layers[role].copy()
        frame.loc[frame.index[:2], "MJ"] += shift
        layers = {**layers, role: frame}
    return source.make_read_layers(layers, fields)


@pytest.fixture(scope="module")
def checked_valid_county():
    return check_plan(make_valid_county(), RunOptions())


@pytest.fixture(scope="module")
def checked_county_with_wrong_areas():
    """Return a check of a county in which two zone areas differ from their shapes."""
    return check_plan(make_valid_county(YDYHGHFQ=5.0), RunOptions())


def collect_receiver_problems(checked):
    """Return the problems that the rules of the receiving authority find before an export."""
    return list(check_by_rules_of_receiving_body(checked, NEVER_CANCELLED))


@pytest.mark.slow
def test_rules_of_the_receiving_authority_find_no_problem_in_a_valid_county(checked_valid_county):
    assert collect_receiver_problems(checked_valid_county) == []


@pytest.mark.slow
def test_area_field_that_the_receiving_authority_would_report_gives_a_note_before_export(
    checked_county_with_wrong_areas,
):
    (problem,) = collect_receiver_problems(checked_county_with_wrong_areas)
    assert (problem.level, problem.layer, problem.field, problem.count) == (ProblemLevel.NOTE, "YDYHGHFQ", "MJ", 2)
    for lang in ("zh", "en"):
        sentence = problem.format_as_sentence(Texts(lang))
        assert "ATT013" in sentence and problem.features[0] in sentence and "{" not in sentence


@pytest.mark.slow
def test_contradiction_of_profile_and_data_is_not_listed_among_problems_for_the_receiving_authority(tmp_path):
    path = tmp_path / "other.toml"
    path.write_text('id = "other"\nname = "阳高县"\narea_code = "140221"\nbase = "shanxi"\n', encoding="utf-8")
    checked = check_plan(make_valid_county(YDYHGHFQ=5.0), RunOptions(profile=str(path)))
    assert "RUN904" in {finding.code for finding in checked.report.findings}
    assert {problem.params["rule"] for problem in collect_receiver_problems(checked)} == {"ATT013"}


@pytest.mark.slow
def test_rule_of_the_receiving_authority_that_the_check_ran_is_not_run_again():
    assert collect_receiver_problems(check_plan(make_valid_county(YDYHGHFQ=5.0), RunOptions(rules=("ATT013",)))) == []
