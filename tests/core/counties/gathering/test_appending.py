# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers of counties are appended one after the other, and read again."""

import copy
import hashlib
import json
import shutil
from dataclasses import replace
from datetime import datetime

import numpy as np
import openpyxl
import pyogrio
import pytest
import shapely

from plugin.core.__main__ import main
from plugin.core.base.errors import NEVER_CANCELLED, Cancellation, Cancelled, InputError, OutputError
from plugin.core.counties.gathering import data_set, run_gathering as run
from plugin.core.counties.gathering.appending import Appender, KeyRegister
from plugin.core.counties.gathering.gathered_counties import (
    GatheredCounty,
    GatherOptions,
    GatherResult,
    find_gathering_problems,
)
from plugin.core.counties.gathering.inspect_county import keep_county_fields
from plugin.core.counties.gathering.run_gathering import gather_counties
from plugin.core.package.inspection.inspect import inspect_package
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.package.problems import ProblemLevel
from plugin.core.standard import load_standard
from plugin.core.standard.messages.texts import Texts
from plugin.core.standard.options import RunOptions
from tests.core.counties.gathering.county_packages import COUNTIES, write_county_package, write_parent_documents
from tests.core.package_fixtures import make_data_set_spec, make_package_plan, make_parcel_table
from tests.core.small_plan import hash_files, make_county_box, make_table

pytest.importorskip("osgeo.gdal", reason="needs QGIS's osgeo")

CITY = load_package_spec("city")
#: Metres between the same easting in two adjoining 3° zones of CGCS2000 with zone numbers.
ZONE_STEP = 1_000_000.0


@pytest.fixture
def appender(tmp_path):
    """Return an appender to a GeoPackage in degrees, with the fields of counties."""
    spec = replace(CITY, vectors=(make_data_set_spec("a.gpkg", crs="EPSG:4490", layers=[], others=True),))
    norm = RunOptions(standard="city_db").resolve_norm()
    norm = keep_county_fields(norm, load_standard("county_db"), CITY.gathering.renamed)
    keys = KeyRegister(tmp_path / "keys.sqlite")
    (tmp_path / "1-空间数据").mkdir()
    yield Appender(spec, norm, tmp_path, {"code": "140200", "name": "大同市"}, keys, False, NEVER_CANCELLED)
    keys.close()


def make_farmland(prefix, count=2):
    shapes = [make_county_box(100 * n, 0) for n in range(count)]
    return make_table(shapes, BSM=[f"{prefix}{n:012d}" for n in range(count)], LHLX=["水源涵养"] * count)


def add(appender, name, **tables):
    county = GatheredCounty(name, area_code="140225")
    appender.add_county(county, make_package_plan(**tables))
    return county


def list_notes(appender, key, *counties):
    """Return the notes of a kind on counties."""
    result = GatherResult("140200", "大同市", list(counties), "zh", datetime.now().astimezone())
    return [one for one in find_gathering_problems(result, appender.norm, []) if one.key == key]


def read(appender, layer):
    return pyogrio.read_dataframe(appender.data_sets[0].path, layer=layer)


def test_counties_in_adjoining_zones_are_transformed_to_the_crs_of_the_specification(appender):
    first = make_farmland("140225")
    second = make_farmland("140224")
    # The same land in the next zone, three degrees further east.
    second = second.set_geometry(second.geometry.translate(ZONE_STEP)).set_crs(4527, allow_override=True)
    counties = [add(appender, "甲", STBHHX=first), add(appender, "乙", STBHHX=second)]
    assert all(one.is_gathered and one.layers["STBHHX"].rows == 2 for one in counties)
    written = read(appender, "STBHHX")
    expected = [*first.to_crs(4490).geometry, *second.to_crs(4490).geometry]
    assert [str(key) for key in written["BSM"]] == [*first["BSM"], *second["BSM"]]
    for shape, right in zip(written.geometry, expected, strict=True):
        assert shapely.hausdorff_distance(shape, right) < 1e-12
    # A turn of three degrees leaves the area on the ellipsoid unchanged.
    areas = [one.layers["STBHHX"].areas_m2["statutory"] for one in counties]
    assert areas[0] == pytest.approx(areas[1], abs=1e-4)
    assert appender.amounts["STBHHX"].areas_m2["statutory"] == pytest.approx(sum(areas))
    notes = {one.params["source"]: one for one in appender.problems.by_kind.values() if one.key == "gather_reprojected"}
    assert {source: one.features for source, one in notes.items()} == {"EPSG:4526": ("甲",), "EPSG:4527": ("乙",)}


def test_fields_that_the_parents_template_lacks_are_kept(appender):
    add(appender, "甲", STBHHX=make_farmland("140225"))
    assert list(read(appender, "STBHHX")["LHLX"]) == ["水源涵养"] * 2


def test_a_layer_that_only_a_later_county_has_is_added(appender):
    add(appender, "甲", STBHHX=make_farmland("140225"))
    add(appender, "乙", STBHHX=make_farmland("140224", 3), DLTB=make_parcel_table(2))
    assert len(read(appender, "STBHHX")) == 5 and len(read(appender, "DLTB")) == 2
    rows = appender.data_sets[0].make_rows(CITY, "1-空间数据/a.gpkg")
    assert {row["layer"]: row["features"] for row in rows} == {"STBHHX": 5, "DLTB": 2}


def test_renamed_layers_have_the_parents_code_and_others_are_listed(appender):
    zones = make_farmland("140225").assign(GHFQDM="200", GHFQMC="生态控制区")
    county = add(appender, "甲", YDYHGHFQ=zones, GHYDYH=make_farmland("140225"))
    assert list(read(appender, "GHFQ")["GHFQDM"]) == ["200", "200"]
    assert county.left_out == {"GHYDYH": 2} and county.renamed == {"YDYHGHFQ": "GHFQ"}


def test_rows_of_a_layer_without_a_role_are_counted(appender):
    base_map = make_table([make_county_box(100 * n, 0) for n in range(3)])
    county = add(appender, "甲", STBHHX=make_farmland("140225"), 底图=base_map)
    assert county.left_out == {"底图": 3}
    (note,) = list_notes(appender, "gather_layer_left_out", county)
    assert note.params == {"rows": 3} and "3 个要素" in note.format_as_sentence(Texts("zh"))
    plan = make_package_plan(STBHHX=make_farmland("140224"), 底图=base_map)
    plan.unrecognised_row_counts["底图"] = None
    unknown = GatheredCounty("乙", area_code="140224")
    appender.add_county(unknown, plan)
    (note,) = list_notes(appender, "gather_layer_left_out_uncounted", county, unknown)
    assert note.count == 2 and "未知" in note.format_as_sentence(Texts("zh"))


def test_a_layer_that_the_specification_lacks_is_listed(appender):
    growing = appender.data_sets[0]
    slots = [{"layer": "STBHHX", "need": "M"}]
    growing.vector_set = make_data_set_spec("a.gpkg", crs="EPSG:4490", layers=slots, others=False)
    county = add(appender, "甲", STBHHX=make_farmland("140225"), DLTB=make_parcel_table(3))
    assert county.left_out == {"DLTB": 3} and set(county.layers) == {"STBHHX"}
    (note,) = list_notes(appender, "gather_layer_unspecified", county)
    assert note.layer == "DLTB" and "others = true" in note.format_as_sentence(Texts("zh"))


def test_a_row_that_is_lost_while_writing_is_an_error(appender, monkeypatch):
    add(appender, "甲", STBHHX=make_farmland("140225"))
    write = data_set.write_layer_rows

    def write_without_last_row(database, content, *arguments):
        write(database, replace(content, layer=content.layer.select_rows([0])), *arguments)

    monkeypatch.setattr(data_set, "write_layer_rows", write_without_last_row)
    with pytest.raises(OutputError) as caught:
        add(appender, "乙", STBHHX=make_farmland("140224"))
    assert caught.value.key == "package_not_the_same"


def test_a_value_too_long_refuses_the_county_and_writes_nothing(appender):
    table = make_farmland("140225").assign(BSM=["1" * 19, "2" * 18])
    assert not add(appender, "甲", STBHHX=table).is_gathered and not appender.data_sets[0].path.exists()


def test_farmland_in_different_layers_stops_the_package(appender):
    appender.slot_roles = {}
    slots = [{"layer": "farmland", "need": "M"}]
    growing = appender.data_sets[0]
    growing.vector_set = make_data_set_spec("a.gpkg", crs="EPSG:4490", layers=slots, others=True)
    add(appender, "甲", YJJBNTBHTB=make_farmland("140225"))
    add(appender, "乙", YJJBNT=make_farmland("140224"))
    (problem,) = [one for one in appender.find_layer_problems() if one.key == "gather_other_layers"]
    assert problem.level is ProblemLevel.GATE
    assert "（YJJBNTBHTB：甲；YJJBNT：乙）" in problem.format_as_sentence(Texts("zh"))
    assert "(YJJBNTBHTB: 甲; YJJBNT: 乙)" in problem.format_as_sentence(Texts("en"))


def make_division(code, x):
    return make_table([make_county_box(x, 0, 500, 500)], XZQDM=[code], XZQMC=[""], BSM=[f"{code}000000000001"])


# 济源, 天门, 石河子; 东城 and 忠县 are of municipalities.
@pytest.mark.parametrize("code", ["419001", "429006", "659001", "110101", "500233"])
def test_counties_without_a_city_are_not_joined_but_named(appender, code):
    for number, one in enumerate((code, "140212")):
        county = GatheredCounty(one, area_code=one)
        appender.add_county(county, make_package_plan(XZQX=make_division(one, 500 * number)))
    appender.add_joined_divisions()
    assert list(read(appender, "XZQDS")["XZQDM"]) == ["140200"] and len(read(appender, "XZQXS")) == 2
    (note,) = [one for one in appender.problems.by_kind.values() if one.key == "gather_not_joined"]
    assert note.layer == "XZQDS" and note.features == (code,) and code in note.format_as_sentence(Texts("zh"))


def list_joined_notes(appender):
    notes = appender.problems.by_kind.values()
    return [one.format_as_sentence(Texts("zh")) for one in notes if one.key.startswith("gather_joined")]


@pytest.mark.parametrize(
    ("codes", "lacks"),
    [
        (("140212", "140213"), "不含未汇入的 8 个县级行政区（云冈区、云州区、阳高县、天镇县、广灵县 …），界线不完整"),
        # All districts and counties of 阳泉市; 140299 is in no list.
        (("140302", "140303", "140311", "140321", "140322"), ""),
        (("140212", "140299"), ""),
    ],
)  # fmt: skip
def test_outline_of_a_city_names_the_counties_that_it_lacks(appender, codes, lacks):
    for number, code in enumerate(codes):
        county = GatheredCounty(code, area_code=code)
        appender.add_county(county, make_package_plan(XZQX=make_division(code, 500 * number)))
    appender.add_joined_divisions()
    joined, *partly = list_joined_notes(appender)
    assert f"由汇入的 {len(codes)} 个县" in joined and "共 1 个" in joined
    assert [lacks in one for one in partly] == [True] * bool(lacks)


def test_divisions_are_joined_by_city(appender):
    for code, x in (("140212", 0), ("140213", 500), ("140321", 5000)):
        county = GatheredCounty(code, area_code=code)
        appender.add_county(county, make_package_plan(XZQX=make_division(code, x)))
    appender.add_joined_divisions()
    joined = read(appender, "XZQDS")
    assert list(joined["XZQDM"]) == ["140200", "140300"] and list(joined["XZQMC"]) == ["大同市", "阳泉市"]
    assert list_joined_notes(appender)[0] == (
        "图层“XZQDS”（市级行政区）由汇入的 3 个县的县级行政区合并，不相连的各部分各为一个要素，共 2 个。请核对界线，或以批准的界线替换。"
    )
    # Each part keeps its area; the fields state it in m².
    parts = read(appender, "XZQXS").dissolve(by=np.array(["A", "A", "B"])).to_crs(4526).area
    assert list(joined.to_crs(4526).area) == pytest.approx(list(parts), rel=1e-9)


@pytest.mark.parametrize("keys", [["a", "b", "c"], ["c", "b", "a"]])
def test_keys_of_two_counties_are_listed_by_pair(tmp_path, keys):
    register = KeyRegister(tmp_path / "k.sqlite")
    register.names.append("甲")
    register.add(["a", "a", "", "b"])
    register.names.append("乙")
    register.add(keys)
    register.names.append("丙")
    register.add(["", "x"])
    (pair,) = register.list_repeated()
    register.close()
    assert (pair.first_county, pair.second_county, pair.count, pair.examples) == ("甲", "乙", 2, ("a", "b"))


CODES = list(COUNTIES)[:2]
DATABASE = "1-空间数据/{}国土空间规划矢量数据.gdb"
CITY_NAME = "140200大同市"


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """Write the packages of two counties and the documents of the city; return their folder."""
    folder = tmp_path_factory.mktemp("汇总")
    for code in CODES:
        write_county_package(folder / "县级成果包", code, *COUNTIES[code])
    write_parent_documents(folder / "市级文档", "140200", "大同市")
    return folder


@pytest.fixture(scope="module")
def inspections():
    """Return source → inspected county and plan, so that each package is inspected once."""
    return {}


@pytest.fixture
def gather(work, tmp_path, inspections, monkeypatch):
    """Return a function that gathers a folder of packages into the test's folder."""
    inspect = run.inspect_county

    def inspect_once(county, *arguments):
        if county.source not in map(str, (work / "县级成果包").iterdir()):
            return inspect(county, *arguments)
        if county.source not in inspections:
            inspections[county.source] = inspect(county, *arguments)
        record, plan = inspections[county.source]
        return replace(copy.deepcopy(record), name=county.name), plan

    monkeypatch.setattr(run, "inspect_county", inspect_once)

    def gather_into(source=None, output=tmp_path / "结果", **options):
        options = {"documents_folder": work / "市级文档", **options}
        cancellation = options.pop("cancellation", NEVER_CANCELLED)
        return gather_counties(
            GatherOptions(source or work / "县级成果包", output, **options), cancellation=cancellation
        )

    return gather_into


def read_layer(package, name, layer):
    return pyogrio.read_dataframe(package / DATABASE.format(name), layer=layer)


def list_county_packages(work):
    return {code: next((work / "县级成果包").glob(f"{code}*")) for code in CODES}


@pytest.mark.slow
def test_inspection_of_the_gathered_package_finds_nothing(work, gather):
    before = hash_files(work)
    result, written = gather()
    assert hash_files(work) == before
    report = inspect_package(result.package, CITY, RunOptions(standard="city_db")).report
    # The office has no maps yet; nothing else is found, also not on the fields of counties that the package keeps.
    assert [one.code for one in report.findings] == ["DOC002"] and report.findings[0].severity == "INFO"
    assert report.summary["skipped"] == report.summary["crashed"] == 0
    assert not result.has_problems and len(result.gathered) == 2
    manifest = json.loads((result.package / "manifest.json").read_text(encoding="utf-8"))
    packages = list_county_packages(work)
    digests = {c: hashlib.sha256((p / "manifest.json").read_bytes()).hexdigest() for c, p in packages.items()}
    assert {one["code"]: one["digest"] for one in manifest["gathered"]["counties"]} == digests
    assert all(path in map(str, result.package.parent.iterdir()) for path in written[:3])
    # Rows, shapes and values are those of the counties, one after the other.
    order = sorted(CODES)
    for layer, target in (("DLTB", "DLTB"), ("YDYHGHFQ", "GHFQ"), ("STBHHX", "STBHHX")):
        frames = [
            read_layer(packages[code], packages[code].name.removesuffix("国土空间总体规划"), layer) for code in order
        ]
        gathered = read_layer(result.package, CITY_NAME, target)
        keys = [key for frame in frames for key in frame["BSM"]]
        assert list(gathered["BSM"]) == keys
        shapes = [shape for frame in frames for shape in frame.geometry]
        assert all(shapely.equals_exact(a, b, 1e-11) for a, b in zip(gathered.geometry, shapes, strict=True))
        for column in {"DLTB": ["TBMJ", "DLBM"], "YDYHGHFQ": ["GHFQDM"], "STBHHX": ["LHLX"]}[layer]:
            assert list(gathered[column]) == [value for frame in frames for value in frame[column]]
    # The sums are those of the fields.
    total = sum(read_layer(p, p.name.removesuffix("国土空间总体规划"), "DLTB")["TBMJ"].sum() for p in packages.values())
    row = next(one for one in manifest["layers"] if one["layer"] == "DLTB")
    assert row["areas_m2"]["survey"] == pytest.approx(total, abs=0.01)
    sheet = openpyxl.load_workbook(result.package.parent / "gathering.xlsx")["图层合计"]
    cells = next(r for r in sheet.iter_rows(values_only=True) if r[1] == "DLTB")
    assert cells[4] == pytest.approx(total / 1e4, abs=0.01)


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_county_that_fails_is_refused_or_left_out(work, gather, tmp_path):
    source = shutil.copytree(work / "县级成果包", tmp_path / "收到的成果包")
    damaged = next(source.glob("140224*"))
    with next(damaged.glob("2-规划文档/*.json")).open("a", encoding="utf-8") as handle:
        handle.write(" ")
    (source / "140226左云县.gpkg").write_bytes(b"SQLite format 3\0")
    with pytest.raises(OutputError) as caught:
        gather(source)
    sentence = Texts("zh").explain_error(caught.value)
    assert damaged.name in sentence and "DOC006" in sentence and "140226左云县" in sentence
    output = tmp_path / "结果"
    assert {path.name for path in output.iterdir()} == {"gathering.xlsx", "gathering.json", "returns"}
    result, _ = gather(source, leaves_out=True)
    assert [one.area_code for one in result.gathered] == ["140225"] and len(result.refused) == 2
    manifest = json.loads((result.package / "manifest.json").read_text(encoding="utf-8"))
    assert {one["name"] for one in manifest["gathered"]["left_out"]} == {damaged.name, "140226左云县"}
    assert not any(str(tmp_path) in one["reason"] for one in manifest["gathered"]["left_out"])
    assert len(read_layer(result.package, CITY_NAME, "XZQXS")) == 1


@pytest.mark.slow
def test_a_cancelled_gathering_leaves_the_former_package(gather, tmp_path, monkeypatch):
    output = tmp_path / "结果"
    gather(checks_seams=False)
    before = hash_files(output)
    appended = []
    cancellation = Cancellation(lambda: bool(appended))
    append = run.Appender.add_county

    def append_and_cancel(self, county, *arguments):
        append(self, county, *arguments)
        appended.append(county)

    monkeypatch.setattr(run.Appender, "add_county", append_and_cancel)
    with pytest.raises(Cancelled):
        gather(cancellation=cancellation)
    assert hash_files(output) == before
    assert [path.name for path in output.iterdir() if path.name.startswith(".") or ".sanxian" in path.name] == []


@pytest.mark.slow
def test_repeated_keys_stop_the_package_unless_it_is_forced(work, gather, tmp_path, inspections, monkeypatch):
    path = list_county_packages(work)["140225"]
    # One package under two names; without this check the second one would be refused for its code.
    monkeypatch.setattr(run, "check_area", lambda *arguments: None)
    counties = tmp_path / "清单.csv"
    counties.write_text(f"县,数据\n140225甲,{path}\n140225乙,{path}\n", encoding="utf-8")
    with pytest.raises(OutputError) as caught:
        gather(counties, checks_seams=False)
    assert "标识码" in Texts("zh").explain_error(caught.value)
    result, _ = gather(counties, checks_seams=False, is_forced=True)
    (pair,) = result.repeated_keys
    # Every row with a key is repeated.
    plan = inspections[str(path)][1]
    assert pair.count == len({key for layer in plan.layers.values() for key in layer.keys if key})
    assert json.loads((result.package / "manifest.json").read_text(encoding="utf-8"))["check"]["forced"] is True


@pytest.mark.slow
def test_options_that_cannot_be_are_refused(work, tmp_path, capsys):
    source, output = work / "县级成果包", tmp_path / "结果"
    for options, key in (
        ({"parent_spec": "county"}, "gather_spec"),
        ({"area_code": "140225"}, "gather_area_wrong"),
        ({"area_code": "999900"}, "gather_area_wrong"),
    ):
        with pytest.raises(InputError) as caught:
            gather_counties(GatherOptions(source, output, **options))
        assert caught.value.key == key
    assert not output.exists()
    before = hash_files(source)
    # The folder of the packages cannot be that of the results.
    assert main(["gather", str(source), "--output", str(source), "--area", "140200"]) != 0
    assert hash_files(source) == before and capsys.readouterr().err
