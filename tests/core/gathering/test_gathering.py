# SPDX-License-Identifier: GPL-2.0-or-later
"""Packages of counties are gathered into the package of their city; its inspection finds nothing."""

import copy
import hashlib
import json
import shutil
from dataclasses import replace

import openpyxl
import pyogrio
import pytest
import shapely

from plugin.core.__main__ import main
from plugin.core.cancellation import NEVER_CANCELLED, Cancellation
from plugin.core.check import RunOptions
from plugin.core.errors import Cancelled, InputError, OutputError
from plugin.core.gathering import run
from plugin.core.gathering.model import GatherOptions
from plugin.core.gathering.run import gather_counties
from plugin.core.messages.texts import Texts
from plugin.core.package.inspection.inspect import inspect_package
from plugin.core.package.package_spec.load import load_package_spec
from tests.core.gathering.county_packages import COUNTIES, write_county_package, write_parent_documents
from tests.core.small_plan import hash_files

pytestmark = pytest.mark.slow  # it writes and inspects whole packages

pytest.importorskip("osgeo.gdal", reason="needs QGIS's osgeo")

CITY = load_package_spec("city")
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
    assert {path.name for path in output.iterdir()} == {"gathering.xlsx", "gathering.json"}
    result, _ = gather(source, leaves_out=True)
    assert [one.area_code for one in result.gathered] == ["140225"] and len(result.refused) == 2
    manifest = json.loads((result.package / "manifest.json").read_text(encoding="utf-8"))
    assert {one["name"] for one in manifest["gathered"]["left_out"]} == {damaged.name, "140226左云县"}
    assert not any(str(tmp_path) in one["reason"] for one in manifest["gathered"]["left_out"])
    assert len(read_layer(result.package, CITY_NAME, "XZQXS")) == 1


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
    manifest = json.loads((result.package / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["check"]["forced"] is True


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
