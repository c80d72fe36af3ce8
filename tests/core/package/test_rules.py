# SPDX-License-Identifier: GPL-2.0-or-later
"""Package rules with other specifications: several data sets, optional sets, other spellings."""

import shutil
from dataclasses import replace

import pytest

from plugin.core.model.rule import all_rules
from plugin.core.model.side_inputs import SideInputs
from plugin.core.package.inspection.collect_facts import collect_package_facts
from plugin.core.package.inspection.facts import FileFact, LayerFact
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.package.package_spec.model import LayerSlot, VectorSet
from plugin.core.results.run import run_check
from plugin.core.side_tables import Record
from tests.core.examples import plan_of
from tests.core.package_fixtures import DATABASE, LAYERS, facts_of, jpg
from tests.core.small_plan import write_shapefiles

SQUARE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
EXCHANGE = DATABASE.replace(".gdb", ".vct")


def find(code, facts, layers=None, lang="zh", record=None):
    plan = plan_of(layers or {})
    side = SideInputs(package=facts, record=record)
    return run_check(plan, [all_rules()[code]], side=side, lang=lang).findings


def add_vector_set(facts, *slots, file="{code}{name}国土空间规划矢量数据.vct", layers=()):
    """Add a second layer set to the specification of a package.

    Its file exists if ``layers`` names layers.
    """
    spec = facts.package_spec
    more = VectorSet("more", "data", file, "EPSG:4490", slots)
    files = (*facts.files, FileFact(EXCHANGE, 9)) if layers else facts.files
    found_layers = tuple(LayerFact(EXCHANGE, name, LAYERS[name], "EPSG:4490") for name in layers)
    return replace(
        facts,
        package_spec=replace(spec, vectors=(*spec.vectors, more)),
        files=files,
        layers=(*facts.layers, *found_layers),
    )


def test_each_data_set_needs_its_required_layers():
    """A layer in the database does not help a reader of the exchange file."""
    slots = LayerSlot("red_line", "M"), LayerSlot("boundary", "M"), LayerSlot("heritage", "C")
    complete = add_vector_set(facts_of({}), *slots, layers=["STBHHX", "CZKFBJ"])
    assert find("DOC008", complete) == []
    lacking = add_vector_set(facts_of({}), *slots, layers=["CZKFBJ"])
    (one,) = find("DOC008", lacking)
    assert (one.case, one.params["name"]) == ("missing_in", "STBHHX") and EXCHANGE in one.message
    empty = replace(
        complete,
        layers=tuple(
            replace(x, features=0) if x.file == EXCHANGE and x.name == "STBHHX" else x for x in complete.layers
        ),
    )
    (one,) = find("DOC008", empty)
    assert (one.case, one.params["file"]) == ("empty", EXCHANGE)
    # An unreadable layer may be the missing one.
    broken = replace(lacking, layers=(*lacking.layers, LayerFact(EXCHANGE, "x", -1)))
    assert [f.case for f in find("DOC008", broken)] == ["unreadable"]
    # DOC002 reports a missing data set; a layer is searched in all data sets.
    assert find("DOC008", add_vector_set(facts_of({}), *slots)) == []


def test_each_empty_layer_of_a_data_set_is_reported():
    empty = find("DOC008", facts_of({"layers": {"STBHHX": 0, "CZKFBJ": 0}}))
    assert {(f.case, f.params["name"]) for f in empty} == {("empty", "STBHHX"), ("empty", "CZKFBJ")}


def test_optional_layer_set_without_layers_is_not_missed():
    """Export writes no file for a set without layers."""
    optional = add_vector_set(facts_of({}), LayerSlot("heritage", "C"), LayerSlot("zones", "O"))
    assert find("DOC002", optional) == []
    assert find("DOC002", optional, {"zones": [SQUARE]}) == []
    assert [f.case for f in find("DOC002", optional, {"heritage": [SQUARE]})] == ["data"]
    assert [f.case for f in find("DOC002", add_vector_set(facts_of({}), LayerSlot("red_line", "M")))] == ["data"]


@pytest.mark.parametrize("crs", ["epsg:4490", "EPSG:4490", "urn:ogc:def:crs:EPSG::4490"])
def test_crs_spelling_of_the_specification_is_normalized(crs):
    facts = facts_of({})
    spec = replace(facts.package_spec, vectors=tuple(replace(v, crs=crs) for v in facts.package_spec.vectors))
    assert find("DOC009", replace(facts, package_spec=spec)) == []
    assert len(find("DOC009", replace(facts_of({"crs": {"CZKFBJ": "EPSG:4526"}}), package_spec=spec))) == 1


@pytest.mark.parametrize("vertical", ["epsg:5737", "EPSG:5737"])
def test_vertical_crs_spelling_is_normalized(vertical):
    facts = facts_of({"vertical": vertical})
    high = replace(facts, layers=tuple(replace(x, vertical="EPSG:5737") for x in facts.layers))
    assert find("DOC009", high) == [] and find("DOC009", facts)


def test_layer_of_a_renamed_data_set_is_compared_by_name():
    facts = facts_of({"manifest": True})
    other = LayerFact(EXCHANGE, "CZKFBJ", 5, "EPSG:4490")
    for row in facts.manifest["layers"]:
        row["file"] = "1-空间数据/旧名.gdb"
    assert find("DOC010", replace(facts, layers=(*facts.layers, other))) == []


@pytest.mark.parametrize(("lang", "between"), [("zh", "、"), ("en", ", ")])
def test_lists_use_the_language_of_the_report(lang, between):
    maps = {"4-规划图件/140225浑源县04县域国土空间规划分区图.jpg": jpg()}
    (gap,) = [f for f in find("DOC030", facts_of({"add": maps}), lang=lang) if f.case == "gap"]
    assert gap.params["numbers"] == between.join(["02", "03"])
    (absent,) = [f for f in find("DOC002", facts_of({"add": maps}), lang=lang) if f.case == "maps"]
    assert absent.params["titles"].count(between) == absent.params["count"] - 1


@pytest.mark.parametrize(("lang", "words"), [("zh", "（WHLX 3）"), ("en", " (WHLX 3) ")])
def test_change_kind_uses_the_language_of_the_report(lang, words):
    layers = {"WHQZXCQCSLX": [SQUARE], "WHCZXCQCSLX": [{"wkt": SQUARE, "WHLX": "3"}]}
    record = Record("面积平衡表.json", {("WHCZXCQCSLX", "3"): (0, 0.0)})
    (one,) = find("DOC023", None, layers, lang, record)
    assert words in one.message


def test_upper_case_shapefiles_are_recognized(tmp_path):
    """Rename the files as old Windows programs write them."""
    folder = tmp_path / "140225浑源县国土空间总体规划" / "1-空间数据" / "140225浑源县国土空间规划矢量数据"
    write_shapefiles(folder, "GBK")
    spec = load_package_spec("county")
    before = {one.name for one in collect_package_facts(folder.parents[1], spec).layers}
    for path in folder.iterdir():
        path.rename(path.with_suffix(path.suffix.upper()))
    assert {one.name for one in collect_package_facts(folder.parents[1], spec).layers} == before != set()
    shutil.rmtree(folder)
