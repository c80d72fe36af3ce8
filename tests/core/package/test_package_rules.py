# SPDX-License-Identifier: GPL-2.0-or-later
"""Package rules with other package specs: several data sets, optional layers."""

import shutil
from dataclasses import replace

import pytest

from plugin.core.examples.package_facts import make_package_facts
from plugin.core.examples.package_files import DATABASE, FEATURE_COUNTS_BY_LAYER
from plugin.core.examples.plans import make_example_plan
from plugin.core.model.rule import load_all_rules
from plugin.core.model.side_inputs import SideInputs
from plugin.core.package.inspection.collect_facts import collect_package_facts
from plugin.core.package.inspection.facts import FileFact, LayerFact
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.package.package_spec.model import LayerSlot, VectorSet
from plugin.core.results.run import run_check
from tests.core.small_plan import write_shapefiles

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
