# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on packages of forms other than the county's own: several data sets, sets that a county may not have, other writing."""

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


def found(code, facts, layers=None, lang="zh", record=None):
    plan = plan_of(layers or {})
    side = SideInputs(package=facts, record=record)
    return run_check(plan, [all_rules()[code]], side=side, lang=lang).findings


def with_set(facts, *slots, file="{code}{name}国土空间规划矢量数据.vct", layers=()):
    """Facts of a package whose form has a second set of layers, in a file that is there when ``layers`` (names) are."""
    form = facts.package_spec
    more = VectorSet("more", "data", file, "EPSG:4490", slots)
    files = (*facts.files, FileFact(EXCHANGE, 9)) if layers else facts.files
    seen = tuple(LayerFact(EXCHANGE, name, LAYERS[name], "EPSG:4490") for name in layers)
    return replace(
        facts, package_spec=replace(form, vectors=(*form.vectors, more)), files=files, layers=(*facts.layers, *seen)
    )


def test_each_data_set_must_have_the_layers_that_the_form_asks_of_it():
    """That the database has the red line is of no use to whoever loads the exchange file."""
    slots = LayerSlot("red_line", "M"), LayerSlot("boundary", "M"), LayerSlot("heritage", "C")
    whole = with_set(facts_of({}), *slots, layers=["STBHHX", "CZKFBJ"])
    assert found("DOC008", whole) == []
    lacking = with_set(facts_of({}), *slots, layers=["CZKFBJ"])
    (one,) = found("DOC008", lacking)
    assert (one.case, one.params["name"]) == ("missing_in", "STBHHX") and EXCHANGE in one.message
    empty = replace(
        whole,
        layers=tuple(replace(x, features=0) if x.file == EXCHANGE and x.name == "STBHHX" else x for x in whole.layers),
    )
    (one,) = found("DOC008", empty)
    assert (one.case, one.params["file"]) == ("empty", EXCHANGE)
    # What cannot be read may well have it.
    broken = replace(lacking, layers=(*lacking.layers, LayerFact(EXCHANGE, "x", -1)))
    assert [f.case for f in found("DOC008", broken)] == ["unreadable"]
    # Where no data set is the one that the form means, DOC002 tells; a layer is looked for anywhere.
    assert found("DOC008", with_set(facts_of({}), *slots)) == []


def test_each_empty_layer_of_a_data_set_is_told():
    empty = found("DOC008", facts_of({"layers": {"STBHHX": 0, "CZKFBJ": 0}}))
    assert {(f.case, f.params["name"]) for f in empty} == {("empty", "STBHHX"), ("empty", "CZKFBJ")}


def test_a_set_of_layers_that_the_county_need_not_have_is_not_missed():
    """Export makes no file of a set without a layer."""
    optional = with_set(facts_of({}), LayerSlot("heritage", "C"), LayerSlot("zones", "O"))
    assert found("DOC002", optional) == []
    assert found("DOC002", optional, {"zones": [SQUARE]}) == []
    assert [f.case for f in found("DOC002", optional, {"heritage": [SQUARE]})] == ["data"]
    assert [f.case for f in found("DOC002", with_set(facts_of({}), LayerSlot("red_line", "M")))] == ["data"]


@pytest.mark.parametrize("crs", ["epsg:4490", "EPSG:4490", "urn:ogc:def:crs:EPSG::4490"])
def test_a_coordinate_system_is_the_same_however_the_form_writes_it(crs):
    facts = facts_of({})
    form = replace(facts.package_spec, vectors=tuple(replace(v, crs=crs) for v in facts.package_spec.vectors))
    assert found("DOC009", replace(facts, package_spec=form)) == []
    assert len(found("DOC009", replace(facts_of({"crs": {"CZKFBJ": "EPSG:4526"}}), package_spec=form))) == 1


@pytest.mark.parametrize("vertical", ["epsg:5737", "EPSG:5737"])
def test_so_are_heights(vertical):
    facts = facts_of({"vertical": vertical})
    high = replace(facts, layers=tuple(replace(x, vertical="EPSG:5737") for x in facts.layers))
    assert found("DOC009", high) == [] and found("DOC009", facts)


def test_a_layer_of_a_data_set_that_was_renamed_is_held_against_the_first_of_its_name():
    facts = facts_of({"manifest": True})
    other = LayerFact(EXCHANGE, "CZKFBJ", 5, "EPSG:4490")
    for row in facts.manifest["layers"]:
        row["file"] = "1-空间数据/旧名.gdb"
    assert found("DOC010", replace(facts, layers=(*facts.layers, other))) == []


@pytest.mark.parametrize(("lang", "between"), [("zh", "、"), ("en", ", ")])
def test_lists_are_written_in_the_language_of_the_report(lang, between):
    maps = {"4-规划图件/140225浑源县04县域国土空间规划分区图.jpg": jpg()}
    (gap,) = [f for f in found("DOC030", facts_of({"add": maps}), lang=lang) if f.case == "gap"]
    assert gap.params["numbers"] == between.join(["02", "03"])
    (absent,) = [f for f in found("DOC002", facts_of({"add": maps}), lang=lang) if f.case == "maps"]
    assert absent.params["titles"].count(between) == absent.params["count"] - 1


@pytest.mark.parametrize(("lang", "words"), [("zh", "（WHLX 3）"), ("en", " (WHLX 3) ")])
def test_the_kind_of_changes_is_written_in_the_language_of_the_report(lang, words):
    layers = {"WHQZXCQCSLX": [SQUARE], "WHCZXCQCSLX": [{"wkt": SQUARE, "WHLX": "3"}]}
    record = Record("面积平衡表.json", {("WHCZXCQCSLX", "3"): (0, 0.0)})
    (one,) = found("DOC023", None, layers, lang, record)
    assert words in one.message


def test_shapefiles_in_capitals_are_shapefiles(tmp_path):
    """As old programs under Windows write them."""
    folder = tmp_path / "140225浑源县国土空间总体规划" / "1-空间数据" / "140225浑源县国土空间规划矢量数据"
    write_shapefiles(folder, "GBK")
    form = load_package_spec("county")
    before = {one.name for one in collect_package_facts(folder.parents[1], form).layers}
    for path in folder.iterdir():
        path.rename(path.with_suffix(path.suffix.upper()))
    assert {one.name for one in collect_package_facts(folder.parents[1], form).layers} == before != set()
    shutil.rmtree(folder)
