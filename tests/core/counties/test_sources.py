# SPDX-License-Identifier: GPL-2.0-or-later
"""Finding the counties of a folder or list, and deciding which are checked."""

import errno
import json
import os
import re
import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
import shapely

from plugin.core.base.errors import InputError, OutputError, SanxianError
from plugin.core.base.files.names import make_unique_file_names
from plugin.core.counties.batch_sentences import make_forecast
from plugin.core.counties.check_county import check_county, is_current, make_failed_record, read_record, write_record
from plugin.core.counties.county_record import SUMMARY_FILES, BatchOptions, County, CountyState, CountyTask
from plugin.core.counties.run_batch import check_counties, check_in_sequence, plan_batch
from plugin.core.counties.sources import compute_data_digest, list_counties, measure_bytes
from plugin.core.counties.write_summary import write_summary
from plugin.core.standard.options import RunOptions
from tests.core.counties.county_files import RULES, list_files, write_county


def touch(*paths):
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def test_each_data_set_of_a_folder_is_a_county(tmp_path):
    touch(
        tmp_path / "140225浑源县.gpkg", tmp_path / "140225浑源县.waivers.csv", tmp_path / "140226.gdb" / "a.gdbtable",
        tmp_path / "shapefiles" / "CZKFBJ.shp", tmp_path / "package" / "数据" / "140224.gdb" / "a.gdbtable",
        tmp_path / "delivered.zip", tmp_path / "empty" / "read.txt", tmp_path / ".hidden" / "a.gpkg", tmp_path / "x.shp",
        tmp_path / "out" / "counties" / "a" / "county.json", tmp_path / "接边" / "seams.json", tmp_path / "接边" / "seams.gpkg",
    )  # fmt: skip
    found = list_counties(tmp_path, tmp_path / "elsewhere")
    assert {county.name: county.is_package for county in found.counties} == {
        "140225浑源县": False, "140226": False, "shapefiles": False, "package": True, "delivered": True, "empty": False
    }  # fmt: skip
    assert found.ignored_names == ("x.shp",)


def test_data_sets_with_one_name_are_named_with_their_suffix(tmp_path):
    touch(tmp_path / "a.gpkg", tmp_path / "a.zip")
    assert [county.name for county in list_counties(tmp_path, tmp_path / "o").counties] == ["a.gpkg", "a.zip"]


@pytest.mark.parametrize("heading", ["县,数据,县配置,封库版本", "county,source,profile,baseline"])
def test_a_list_has_chinese_or_english_headings_and_paths_from_its_folder(tmp_path, heading):
    path = tmp_path / "list.csv"
    path.write_text(f"{heading}\n浑源县,a/b.gpkg,c.toml,old.gpkg\n左云县,{tmp_path}/d.zip,hunyuan,", encoding="gbk")
    first, second = list_counties(path, tmp_path / "o").counties
    assert first == County("浑源县", str(tmp_path / "a/b.gpkg"), str(tmp_path / "c.toml"), str(tmp_path / "old.gpkg"))
    assert second == County("左云县", str(tmp_path / "d.zip"), "hunyuan", "", True)


@pytest.mark.parametrize(
    ("rows", "key"), [("a,x.gpkg\nA,y.gpkg", "counties_twice"), (",x.gpkg", "table_blank"), ("", "counties_none")]
)
def test_an_unusable_list_is_an_error_that_names_the_line(tmp_path, rows, key):
    path = tmp_path / "list.csv"
    path.write_text(f"县,数据\n{rows}", encoding="utf-8")
    with pytest.raises(InputError) as raised:
        list_counties(path, tmp_path / "o")
    assert raised.value.key == key


def test_sources_that_are_no_folder_of_counties_are_errors(tmp_path):
    touch(tmp_path / "a.gpkg", tmp_path / "b.gdb" / "a.gdbtable", tmp_path / "shapes" / "a.shp")
    for source, key in (
        (tmp_path / "missing", "source_missing"),
        (tmp_path / "a.gpkg", "counties_source"),
        (tmp_path / "b.gdb", "counties_none"),
        (tmp_path / "shapes", "counties_none"),
    ):
        with pytest.raises(InputError) as raised:
            list_counties(source, tmp_path / "o")
        assert raised.value.key == key


def test_results_are_not_written_into_the_data(tmp_path):
    touch(tmp_path / "a" / "x.shp")
    for output in (tmp_path, tmp_path / "a", tmp_path / "a" / "out"):
        with pytest.raises(OutputError) as raised:
            plan_batch(BatchOptions(tmp_path, output))
        assert raised.value.key == "counties_output"


@pytest.mark.parametrize(
    "wrong",
    [{"rules": ("XXX001",)}, {"scope": "moon"}, {"base_year": 1800}, {"profile": "nowhere"}, {"phase": "never"}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_wrong_options_are_errors_before_any_county_is_read(tmp_path, wrong):
    touch(tmp_path / "a.gpkg")
    with pytest.raises(SanxianError):
        plan_batch(BatchOptions(tmp_path, tmp_path / "out", RunOptions(**wrong)))
    with pytest.raises(SanxianError):
        plan_batch(BatchOptions(tmp_path, tmp_path / "out", jobs=0))
    assert not (tmp_path / "out").exists()


def test_folders_of_counties_differ_by_more_than_case():
    assert make_unique_file_names(["镇" * 200, "镇" * 200], "county") == ["镇" * 60, "镇" * 60 + "-2"]
    assert make_unique_file_names(["a/b", "ab", "AB", ".."], "county") == ["ab", "ab-2", "AB-3", "county"]


def test_the_digest_follows_content_and_neighbours_with_the_name(tmp_path):
    county = County("a", str(tmp_path / "a.gpkg"))
    touch(tmp_path / "a.gpkg", tmp_path / "b.gpkg")
    first = compute_data_digest(county, "")
    touch(tmp_path / "a.gpkg", tmp_path / "b.waivers.csv", tmp_path / "a.worklist.csv", tmp_path / "a.gpkg-shm")
    (tmp_path / "a.gpkg-wal").touch()
    assert compute_data_digest(county, "") == first
    touch(tmp_path / "a.gpkg-wal")
    assert compute_data_digest(county, "") != first
    touch(tmp_path / "a.waivers.csv")
    second = compute_data_digest(county, "")
    assert second != first
    assert compute_data_digest(county, str(tmp_path / "b.gpkg")) != second
    assert compute_data_digest(County("a", str(tmp_path / "missing")), "") != second


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_the_digest_follows_links_as_the_reader_does(tmp_path):
    table = tmp_path / "elsewhere" / "a.gdb" / "a.gdbtable"
    database = tmp_path / "elsewhere" / "b.gpkg"
    touch(table, database, tmp_path / "county" / "x.txt")
    (tmp_path / "county" / "a.gdb").symlink_to(table.parent)
    (tmp_path / "county" / "b.gpkg").symlink_to(database)
    (tmp_path / "county" / "loop").symlink_to(tmp_path / "county")
    (tmp_path / "a.gdb").symlink_to(table.parent)
    digests = []
    for changed in (None, table, database, Path(f"{database}-wal")):
        if changed is not None:
            changed.write_bytes(b"y")
        sources = (tmp_path / "county", tmp_path / "a.gdb", tmp_path / "county" / "b.gpkg")
        digests.append([compute_data_digest(County("a", str(source)), "") for source in sources])
    folder, linked_folder, linked_file = zip(*digests, strict=True)
    assert len(set(folder)) == 4
    assert len(set(linked_folder)) == 2 and linked_folder[1:].count(linked_folder[1]) == 3
    assert len(set(linked_file)) == 3
    assert measure_bytes(tmp_path / "county") == 4


@pytest.mark.parametrize(
    ("source", "changed"),
    [
        ("data/140225.gdb/a.gdbtable", "data/140225.gdb/b.gdbtable"),
        ("data/DLTB.dbf", "data/DLTB.shp"),
        ("data/140225.gpkg", "data/data.windows.csv"),
        ("data/140225.gdb", "data/140225面积平衡表.json"),
        (' "data/140225.gpkg" ', "data/140225.gpkg"),
    ],
    ids=["file-in-geodatabase", "part-of-shapefile", "register-of-the-folder", "change-record", "quoted"],
)
def test_the_digest_follows_each_file_that_the_reader_takes_besides_the_named_one(
    tmp_path, monkeypatch, source, changed
):
    monkeypatch.chdir(tmp_path)
    touch(Path("data/140225.gdb/a.gdbtable"), Path("data/DLTB.dbf"), Path("data/DLTB.shp"), Path("data/140225.gpkg"))
    first = compute_data_digest(County("a", source), "")
    Path(changed).write_bytes(b"changed")
    assert compute_data_digest(County("a", source), "") != first


def test_the_digest_of_a_package_follows_files_that_no_plan_has(tmp_path):
    touch(tmp_path / "a" / "manifest.json")
    digests = {compute_data_digest(County("a", str(tmp_path / "a"), is_package=True), "")}
    for name in ("a.worklist.csv", "a.gdb.lock", "a.gpkg-shm"):
        touch(tmp_path / "a" / name)
        digests.add(compute_data_digest(County("a", str(tmp_path / "a"), is_package=True), ""))
    assert len(digests) == 4


def make_task(folder, name="a", fingerprint="digest"):
    return CountyTask(County(name, "a.gpkg"), RunOptions(), "county", folder, ("html",), fingerprint, 1000)


def test_a_record_is_current_until_a_waiver_ends(tmp_path):
    task = make_task(tmp_path)
    record = make_failed_record(task, CountyState.UNREAD, "reason")
    write_record(record, tmp_path)
    assert read_record(tmp_path) == record
    assert is_current(record, task) and not is_current(record, make_task(tmp_path, fingerprint="other"))
    today = date.today()
    assert not is_current(replace(record, changes_on=today.isoformat()), task)
    later = (today + timedelta(days=1)).isoformat()
    assert is_current(replace(record, changes_on=later), task)
    # A checked county whose report was deleted is checked again.
    assert not is_current(replace(record, state=CountyState.CHECKED), task)
    (tmp_path / "county.json").write_text("{", encoding="utf-8")
    assert read_record(tmp_path) is None


def damage_report(folder):
    path = folder / "report.json"
    path.write_bytes(path.read_bytes()[:-10])


def edit_report(folder):
    path = folder / "report.json"
    path.write_bytes(path.read_bytes().replace(b"fail", b"pass"))


def edit_record(folder):
    path = folder / "county.json"
    path.write_text(re.sub('"verdict": "[a-z]+"', '"verdict": "pass"', path.read_text("utf-8")), encoding="utf-8")


def drop_key_of_record(folder):
    path = folder / "county.json"
    data = json.loads(path.read_text("utf-8"))
    del data["digest"]
    path.write_text(json.dumps(data), encoding="utf-8")


def cut(name):
    def cut_file(folder):
        path = folder / name
        path.write_bytes(path.read_bytes()[:-40])

    return cut_file


@pytest.mark.parametrize(
    "damage",
    [damage_report, edit_report, edit_record, drop_key_of_record, *map(cut, ("report.html", "report.xlsx", "findings.gpkg"))],
)  # fmt: skip
def test_a_result_of_which_a_file_is_damaged_or_edited_counts_as_missing(checked_county, tmp_path, damage):
    task, folder = checked_county
    task = replace(task, folder=tmp_path / "a")
    shutil.copytree(folder, task.folder)
    before = read_record(task.folder)
    assert before is not None and is_current(before, task)
    content = list_files(task.folder)
    damage(task.folder)
    assert list_files(task.folder) != content
    record = read_record(task.folder)
    assert record is None or not is_current(record, task)


@pytest.fixture(scope="module")
def checked_county(tmp_path_factory):
    """Check a small county; return its task and the folder of its result."""
    folder = tmp_path_factory.mktemp("县")
    write_county(folder / "140213平城区.gpkg", "140213", 0)
    options = BatchOptions(folder, folder / "out", RunOptions(rules=RULES), forms=("findings", "html", "xlsx"))
    task = plan_batch(options).counties[0].task
    assert check_county(task).is_checked
    return task, task.folder


@pytest.mark.parametrize("new_name", ["a.", "a?"])
def test_a_county_renamed_in_the_list_is_checked_again_in_the_same_folder(tmp_path, new_name):
    listed, output = tmp_path / "list.csv", tmp_path / "out"
    (tmp_path / "a.gpkg").write_bytes(b"damaged")
    options = BatchOptions(listed, output, only_changed=True)
    for name in ("a", new_name):
        listed.write_text(f"县,数据\n{name},a.gpkg", encoding="utf-8")
        (planned,) = plan_batch(options).counties
        assert planned.needs_check
        summary = check_counties(options, check_in_sequence).summary
        assert [one.name for one in summary.records] == [name]
        assert not plan_batch(options).counties[0].needs_check


@pytest.mark.parametrize("name", SUMMARY_FILES)
@pytest.mark.parametrize("function", ["rename", "replace"])
def test_a_file_of_the_summary_that_is_open_elsewhere_leaves_the_former_one_complete(
    tmp_path, monkeypatch, function, name
):
    (tmp_path / "a.gpkg").write_bytes(b"damaged")
    output = tmp_path / "out"
    summary = check_counties(BatchOptions(tmp_path, output), check_in_sequence).summary
    (output / "summary.gpkg-wal").write_bytes(b"log")
    (output / "summary.html").write_text("former", encoding="utf-8")
    before = list_files(output)
    temporary_folder, staging_folder = tmp_path / "new", output / ".sanxian-batch"
    temporary_folder.mkdir()
    staging_folder.mkdir()
    original = getattr(os, function)

    def refuse(source, destination):
        if output / name in (Path(source), Path(destination)):
            raise PermissionError(errno.EACCES, "in use", str(source), None, str(destination))
        original(source, destination)

    monkeypatch.setattr(os, function, refuse)
    with pytest.raises(OutputError) as raised:
        write_summary(summary, output, temporary_folder, staging_folder)
    assert raised.value.key == "output_open_elsewhere" and raised.value.params["target"] == str(output / name)
    shutil.rmtree(staging_folder)
    assert list_files(output) == before
    monkeypatch.setattr(os, function, original)
    staging_folder.mkdir()
    write_summary(summary, output, temporary_folder, staging_folder)
    shutil.rmtree(staging_folder)
    assert {path.name for path in output.iterdir()} == {*SUMMARY_FILES, "counties"}


def test_a_forecast_uses_the_median_rate_of_earlier_counties(tmp_path):
    for name, size in (("a", 1_000), ("b", 2_000), ("c", 3_000)):
        (tmp_path / f"{name}.gpkg").write_bytes(b"x" * size)
    output = tmp_path / "out"
    options = BatchOptions(tmp_path, output, jobs=2)
    assert make_forecast(plan_batch(options), options).seconds is None and not output.exists()
    for number, seconds in enumerate((1.0, 2.0, 60.0)):
        folder = output / "counties" / f"old{number}"
        folder.mkdir(parents=True)
        record = replace(make_failed_record(make_task(folder), CountyState.CHECKED, ""), times={"seconds": seconds})
        write_record(record, folder)
    before = list_files(tmp_path)
    forecast = make_forecast(plan_batch(options), options)
    # 2 s for 1 000 bytes: one process takes the first and the third county, the other the second.
    assert [row.seconds for row in forecast.rows] == [2.0, 4.0, 6.0] and forecast.seconds == 8.0
    assert {row.action for row in forecast.rows} == {"new"} and forecast.measured_count == 3
    assert list_files(tmp_path) == before


def test_a_record_is_current_until_a_protection_ends(tmp_path):
    today = date.today()
    for end, expected in ((today, today + timedelta(days=1)), (today - timedelta(days=1), ""), (date.max, "")):
        source = tmp_path / "a.gpkg"
        source.unlink(missing_ok=True)
        columns = {"BSM": ["140213000000000001"], "BHJSSJ": [end.isoformat()]}
        frame = gpd.GeoDataFrame(
            columns, geometry=[shapely.box(38_560_000, 4_390_000, 38_560_100, 4_390_100)], crs=4526
        )
        pyogrio.write_dataframe(frame, source, layer="YJJBNTBHTB")
        task = replace(make_task(tmp_path / "out"), county=County("a", str(source)), forms=())
        assert check_county(task).changes_on == str(expected)
