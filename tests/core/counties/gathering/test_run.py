# SPDX-License-Identifier: GPL-2.0-or-later
"""A gathering of small plans: what becomes of package, tables and seams when it is refused or fails."""

import json
import os
from dataclasses import replace
from types import SimpleNamespace

import openpyxl
import pytest

from plugin.core.base.errors import NEVER_CANCELLED, Cancelled, DataError, InputError, OutputError
from plugin.core.counties.county_record import SEAMS_JSON, County
from plugin.core.counties.gathering import run_gathering as run
from plugin.core.counties.gathering.gathered_counties import GatheredCounty, GatherOptions, describe_county
from plugin.core.counties.gathering.run_gathering import GatheredSeams
from plugin.core.counties.seams.seam_result import SEAMS_SCHEMA, BorderState
from plugin.core.counties.sources import CountyList
from plugin.core.package import folder
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.standard.messages.texts import Message, Texts
from plugin.core.standard.options import RunOptions
from tests.core.package_fixtures import make_data_set_spec, make_package_plan
from tests.core.small_plan import hash_files, make_county_box, make_table

pytest.importorskip("osgeo.gdal", reason="needs QGIS's osgeo")

#: Codes of the counties; the plan of the second is refused if a test asks for it.
CODES = ("140223", "140224", "140225")
SUMMARY = {"verdict": "pass", "errors": 0, "warnings": 0}


@pytest.fixture
def gather(tmp_path, monkeypatch):
    """Return a function that gathers small plans of `CODES` into a folder with a former package and former tables."""
    output = tmp_path / "结果"
    target = output / "140200大同市"
    target.mkdir(parents=True)
    for path in (target / "former.txt", output / "gathering.xlsx", output / "gathering.json"):
        path.write_text("former", encoding="utf-8")
    vectors = make_data_set_spec("a.gpkg", crs="EPSG:4490", layers=[], others=True)
    spec = replace(load_package_spec("city"), vectors=(vectors,), folders={})

    def write_parts(norm, order, new_folder, *others):
        (new_folder / "new.txt").write_text("new", encoding="utf-8")
        return "digest", others[-5]

    monkeypatch.setattr(run, "write_package_parts", write_parts)

    def gather_plans(*, refused=(), keys=CODES, has_seams=None, progress=lambda share, text: None):
        def inspect(county, *arguments):
            record = GatheredCounty(county.name, area_code=county.name, summary=dict(SUMMARY))
            if county.name in refused:
                record.refuse(Message("gathering", "no_package"))
            plan = make_package_plan(
                XZQX=make_table(
                    [make_county_box(1000 * CODES.index(county.name), 0, 1000, 1000)],
                    XZQDM=[county.name],
                    XZQMC=[""],
                    BSM=[f"{keys[CODES.index(county.name)]}000000000001"],
                )
            )
            return record, plan

        monkeypatch.setattr(run, "inspect_county", inspect)
        state = run._Run(
            GatherOptions(tmp_path, output, checks_whole=False),
            spec,
            load_package_spec("county"),
            RunOptions(standard="city_db").resolve_norm(),
            {"code": "140200", "name": "大同市"},
            None,
            SimpleNamespace(is_forced=False),
            target,
            CountyList(tuple(County(code, code) for code in CODES)),
            [],
            [],
            has_seams,
            progress,
            NEVER_CANCELLED,
        )
        gather_plans.lines = []
        add_line = gather_plans.lines.append
        result, written = run._gather(state, lambda one: add_line(describe_county(one, Texts("zh"))))
        return SimpleNamespace(result=result, written=written)

    gather_plans.output, gather_plans.target = output, target
    return gather_plans


def read_tables(output):
    data = json.loads((output / "gathering.json").read_text(encoding="utf-8"))
    book = openpyxl.load_workbook(output / "gathering.xlsx")
    return data, {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets}


def test_the_new_package_and_its_tables_replace_the_former_ones(gather):
    gather()
    assert {path.name for path in gather.target.iterdir()} == {"a.gpkg", "new.txt"}
    assert {path.name for path in gather.output.iterdir()} == {gather.target.name, "gathering.xlsx", "gathering.json"}
    data, _ = read_tables(gather.output)
    assert data["package"] == gather.target.name and data["digest"] == "digest"
    assert {one["state"] for one in data["counties"]} == {"gathered"} and gather.lines[0].endswith("要素 1 个")


def test_counties_that_could_be_gathered_are_not_listed_as_gathered_after_a_refusal(gather):
    with pytest.raises(OutputError) as caught:
        gather(refused=CODES[1:2])
    assert caught.value.key == "gather_refused"
    assert [path.name for path in gather.target.iterdir()] == ["former.txt"]
    data, sheets = read_tables(gather.output)
    assert data["package"] == "" and data["sums"] == {}
    assert [one["state"] for one in data["counties"]] == ["not_gathered", "refused", "not_gathered"]
    assert all(one["layers"] == {} for one in data["counties"])
    rows = [row for row in next(iter(sheets.values())) if row[0] in CODES]
    assert [row[2] for row in rows] == ["可汇入，未生成成果包", "未汇入", "可汇入，未生成成果包"]
    assert [row[6] for row in rows] == [None] * 3
    # The third county was inspected after the refusal.
    assert gather.lines[-1] == f"{CODES[2]}：可汇入，未生成成果包。"


def test_all_counties_refused_is_stated_as_such(gather):
    with pytest.raises(OutputError) as caught:
        gather(refused=CODES)
    assert caught.value.key == "gather_none"


def test_a_package_that_the_gate_stops_leaves_its_problems_in_the_tables(gather):
    with pytest.raises(OutputError) as caught:
        gather(keys=(CODES[0], CODES[0], CODES[2]))
    assert caught.value.key == "package_gate"
    assert [path.name for path in gather.target.iterdir()] == ["former.txt"]
    data, sheets = read_tables(gather.output)
    assert [one["state"] for one in data["counties"]] == ["not_gathered"] * 3
    assert [one["level"] for one in data["problems"] if one["key"] == "gather_keys"] == ["gate"]
    assert any("标识码（BSM）相同" in str(cell) for rows in sheets.values() for row in rows for cell in row)


def test_a_workbook_opened_during_the_run_leaves_package_and_tables(gather, monkeypatch):
    before = hash_files(gather.output)
    rename = os.rename

    def refuse_open_workbook(source, destination):
        # Windows refuses to rename an open file to itself.
        if source == destination and str(source).endswith("gathering.xlsx"):
            raise PermissionError(13, "in use", str(source))
        rename(source, destination)

    monkeypatch.setattr(os, "rename", refuse_open_workbook)
    with pytest.raises(OutputError) as caught:
        gather()
    assert caught.value.key == "output_open_elsewhere"
    assert hash_files(gather.output) == before


@pytest.mark.parametrize("error", [OutputError("package_open_elsewhere", target="x"), Cancelled()])
def test_tables_are_restored_if_the_package_cannot_be_replaced(gather, monkeypatch, error):
    compared = GatheredSeams(GatherOptions(gather.output, gather.output))
    former = gather.output / "seams" / SEAMS_JSON
    former.parent.mkdir()
    former.write_text(json.dumps({"schema": SEAMS_SCHEMA, "former": True}), encoding="utf-8")
    before = hash_files(gather.output)

    def fail(*arguments):
        assert "former" not in json.loads(former.read_text(encoding="utf-8"))
        assert (gather.output / "gathering.json").read_text(encoding="utf-8") != "former"
        raise error

    monkeypatch.setattr(folder, "_move_into_place", fail)
    with pytest.raises(type(error)):
        gather(has_seams=compared)
    assert hash_files(gather.output) == before
    assert [path.name for path in gather.output.rglob("*") if ".sanxian" in path.name] == []


def test_former_seams_are_named_if_none_were_compared(gather):
    assert all(one.key != "gather_seams_former" for one in gather().result.problems)
    former = gather.output / "seams" / SEAMS_JSON
    former.parent.mkdir()
    former.write_text(json.dumps({"schema": SEAMS_SCHEMA}), encoding="utf-8")
    before = former.read_bytes()
    gather()
    data, _ = read_tables(gather.output)
    (note,) = [one for one in data["problems"] if one["key"] == "gather_seams_former"]
    assert "seams" in note["message"] and former.read_bytes() == before


def test_seams_are_compared_with_progress_and_written_with_the_package(gather):
    shares = []
    (gather.output / "seams").mkdir()
    compared = GatheredSeams(GatherOptions(gather.output, gather.output))
    gathered = gather(has_seams=compared, progress=lambda share, text: shares.append(share))
    assert len(gathered.result.seams.pairs) == 2
    assert (gather.output / "seams" / SEAMS_JSON).is_file() and str(gather.output / "seams" / SEAMS_JSON) in (
        gathered.written
    )
    assert shares == sorted(shares) and shares[-1] == 1.0
    # More than the beginning of the comparison is reported.
    assert sum(run._COUNTIES_SHARE < share < 1.0 for share in shares) >= 2


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (InputError("seams_no_border", source="x", layer=""), BorderState.UNREAD),
        (DataError("source_missing", source="x"), BorderState.UNREAD),
        (OSError(5, "gone"), BorderState.UNREAD),
        (ValueError("unexpected"), BorderState.CRASHED),
    ],
)
def test_an_error_in_the_border_of_one_county_does_not_stop_the_gathering(gather, monkeypatch, error, state):
    extract = run.extract_borders

    def fail_once(county, *arguments):
        if county.name == CODES[1]:
            raise error
        return extract(county, *arguments)

    monkeypatch.setattr(run, "extract_borders", fail_once)
    (gather.output / "seams").mkdir()
    compared = GatheredSeams(GatherOptions(gather.output, gather.output))
    result = gather(has_seams=compared).result
    assert len(result.gathered) == 3 and result.package == gather.target
    assert [one.state for one in compared.borders] == [BorderState.READ, state, BorderState.READ]
    assert compared.borders[1].reason
