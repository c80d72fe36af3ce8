# SPDX-License-Identifier: GPL-2.0-or-later
"""Yearly maintenance (年度动态维护) as written to a geodatabase.

Layers, numbers, causes and balance are read by another library.
"""

import dataclasses
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import openpyxl
import pyogrio
import pytest
import shapely
from pyproj import CRS

from plugin.core.__main__ import main
from plugin.core.base.errors import Cancellation, Cancelled, InputError, OutputError
from plugin.core.cli.examples.plans import make_example_layer, make_example_norm
from plugin.core.geometry.statutory_area import measure_statutory_area
from plugin.core.package.folder import lock_for_writing
from plugin.core.standard.messages.texts import Texts
from plugin.core.studies.yearly.balance import convert_balance_to_dict, list_notes, sum_balance_terms_by_code
from plugin.core.studies.yearly.make import compute_update_from_files
from plugin.core.studies.yearly.write_maintenance import (
    STAGING_SUFFIX,
    finish_interrupted_update,
    write_files_together,
    write_update,
)
from tests.core.printed_tables import find_table, read_tables
from tests.core.small_plan import explain_error
from tests.core.studies.yearly.test_yearly import make_box, make_row, make_zone, measure_area, run_update
from tests.parametrize import first_daily

DELIVERY_NAME = "140225浑源县2026年度县级国土空间总体规划动态维护"
FILED_ROWS = {
    "GHFQ": [
        make_zone(make_box(0, 0, 200), 7, "200", XZQDM="140225", XZQMC="浑源县", MJ=1.0),
        make_zone(make_box(200, 0), 9, "300"),
    ],
    "ZXCQCSLX": [make_row(make_box(0, 0), 1, MC="浑河", MJ=1.0)],
    "HLFXKZX": [make_row(make_box(0, 0), 1)],
}
CURRENT_ROWS = {
    "GHFQ": [
        make_zone(make_box(0, 0, 120), 7, "200", MJ=12000.0),
        make_zone(make_box(120, 0, 80), 8, "300"),
        make_zone(make_box(200, 0), 9, "300"),
    ],
    "ZXCQCSLX": [make_row(make_box(40, 0), 1, MC="浑河", MJ=10000.0, XZQDM="140225", XZQMC="浑源县")],
    "HLFXKZX": [make_row(make_box(0, 0), 1)],
}


@pytest.fixture(scope="module")
def written_update(tmp_path_factory):
    folder = tmp_path_factory.mktemp("yearly")
    done = run_update(FILED_ROWS, CURRENT_ROWS)
    return folder, done, write_update(done, folder)


def read_maintenance_layer(folder, layer):
    return pyogrio.read_dataframe(folder / f"{DELIVERY_NAME}.gdb", layer=layer)


@pytest.fixture
def folder(written_update):
    return written_update[0]


@pytest.fixture
def done(written_update):
    return written_update[1]


@pytest.fixture
def made(written_update):
    return written_update[2]


def test_geodatabase_has_layers_before_of_and_after_the_change_of_each_changed_layer(folder, made):
    assert sorted(p.name for p in folder.iterdir()) == sorted(
        [f"{DELIVERY_NAME}.gdb", f"{DELIVERY_NAME}面积平衡表.xlsx", f"{DELIVERY_NAME}面积平衡表.json"]
    )
    names = [name for name, _ in pyogrio.list_layers(folder / f"{DELIVERY_NAME}.gdb")]
    assert sorted(names) == sorted(p + layer for layer in ("GHFQ", "ZXCQCSLX") for p in ("WHQ", "WHC", "WHH"))
    assert all(not one.difference_counts for one in made.results_by_role.values()) and len(made.results_by_role) == 6


def test_crs_of_the_geodatabase_combines_cgcs2000_with_the_1985_height_datum(folder):
    from osgeo import ogr

    database = ogr.Open(str(folder / f"{DELIVERY_NAME}.gdb"))
    wkt = database.GetLayerByName("WHCGHFQ").GetSpatialRef().ExportToWkt()
    assert "4490" in wkt and "5737" in wkt


def test_before_change_layer_contains_the_rows_of_the_filed_edition(folder):
    before = read_maintenance_layer(folder, "WHQGHFQ")
    assert before["BSM"].tolist() == ["140225000000000007"] and before["GHFQDM"].tolist() == ["200"]
    assert measure_statutory_area(before.geometry.to_numpy()).sum() == pytest.approx(
        measure_area(make_box(0, 0, 200)), abs=0.01
    )


def test_change_layer_rows_are_numbered_continuously_with_empty_causes(folder):
    zones, line = read_maintenance_layer(folder, "WHCGHFQ"), read_maintenance_layer(folder, "WHCZXCQCSLX")
    assert zones["WHLX"].tolist() == ["2"] and sorted(line["WHLX"]) == ["1", "3"]
    assert [*zones["WHBH"], *line["WHBH"]] == ["20260309000001", "20260309000002", "20260309000003"]
    # One running number over all classes, above the filed ones (9 is the highest).
    assert [*zones["BSM"], *line["BSM"]] == [f"1402250000{n:08d}" for n in (10, 13, 14)]
    assert zones["XZQMC"].tolist() == ["浑源县"] and zones["YSDM"].tolist() == ["2090020610"]
    for cause in ("WHLY", "JDZBLY", "KZBSHSLX"):
        assert zones[cause].isna().all() and line[cause].isna().all()
    sizes = dict(zip(line["WHLX"], measure_statutory_area(line.geometry.to_numpy()), strict=True))
    assert sizes["3"] == pytest.approx(measure_area(make_box(0, 0, 40)), abs=0.01)
    assert sizes["1"] == pytest.approx(measure_area(make_box(100, 0, 40)), abs=0.01)


def test_rows_of_the_after_change_layer_get_the_next_key_numbers_and_measured_areas(folder):
    after = read_maintenance_layer(folder, "WHHGHFQ")
    assert after["BSM"].tolist() == ["140225000000000011", "140225000000000012"]
    assert read_maintenance_layer(folder, "WHHZXCQCSLX")["BSM"].tolist() == ["140225000000000015", "140225000000000016"]
    assert after["GHFQDM"].tolist() == ["200", "300"] and after["MJ"].tolist()[0] == 12000.0
    line = read_maintenance_layer(folder, "WHHZXCQCSLX")
    assert line["MC"].tolist() == ["浑河", "浑河"]
    assert line["MJ"].to_numpy() == pytest.approx(measure_statutory_area(line.geometry.to_numpy()), abs=0.01)
    assert sorted(shapely.area(line.to_crs(4526).geometry.to_numpy())) == pytest.approx([4000, 6000], abs=0.01)


def test_change_layer_rows_without_a_division_get_the_code_of_the_county(folder):
    line = read_maintenance_layer(folder, "WHCZXCQCSLX")
    assert set(line["XZQDM"]) == {"140225"} and set(line["XZQMC"]) == {"浑源县"}


def test_feature_codes_of_maintained_layers_match_the_published_list():
    wanted = {
        "GHFQ": "2090020610",
        "YDYHGHFQ": "2090020610",
        "ZXCQGHFQ": "2090020610",
        "ZXCQGHYDYH": "2090020620",
        "XZZTGNDW": "2090020130",
        "ZXCQCSLX": "2090020233",
        "ZXCQCSLVX": "2090020232",
        "ZXCQCSZX": "2090020233",
        "ZXCQCSHX": "2090020234",
        "HLFXKZX": "2090020229",
        "LSWHBHX": "2090020227",
    }
    templates = make_example_norm().standard.templates
    assert {role: templates[f"WHC{role}"].feature_code for role in wanted} == wanted


def test_new_keys_follow_the_highest_number_of_either_key_format(tmp_path):
    """Read keys made of county, layer code and number; the last eight digits count."""
    filed = {
        "ZXCQCSLX": [
            make_row(make_box(0, 0), 1, BSM="140225233000000041"),
            make_row(make_box(300, 0), 1, BSM="140226000000000099"),
        ]
    }
    current = {
        "ZXCQCSLX": [
            make_row(make_box(40, 0), 1, BSM="140225233000000041"),
            make_row(make_box(300, 0), 1, BSM="140226000000000099"),
        ]
    }
    for rows in (*filed.values(), *current.values()):
        for one in rows:
            one["key"] = one.pop("BSM")
    write_update(run_update(filed, current), tmp_path)
    given = [n for layer in ("WHCZXCQCSLX", "WHHZXCQCSLX") for n in read_maintenance_layer(tmp_path, layer)["BSM"]]
    assert given == [f"1402250000{n:08d}" for n in range(42, 42 + len(given))] and len(given) == 4


def test_new_keys_are_unique_across_written_and_source_layers(folder, tmp_path):
    """Give new rows new numbers although filed keys repeat across layers."""
    new = [
        n
        for p in ("WHC", "WHH")
        for layer in ("GHFQ", "ZXCQCSLX")
        for n in read_maintenance_layer(folder, p + layer)["BSM"]
    ]
    old = [one["key"] for rows in (*FILED_ROWS.values(), *CURRENT_ROWS.values()) for one in rows]
    assert len(new) == len(set(new)) and not set(new) & set(old)


def test_new_keys_avoid_keys_of_layers_that_are_not_maintained(tmp_path):
    """Include the keys of layers in the files that are not compared."""
    norm = make_example_norm()
    files = []
    for name, tables, other in (("备案", FILED_ROWS, 70), ("现行", CURRENT_ROWS, 90)):
        path = tmp_path / f"{name}.gpkg"
        for role, rows in tables.items():
            pyogrio.write_dataframe(make_example_layer(role, rows, norm).frame, path, layer=role, driver="GPKG")
        farmland = make_example_layer("YJJBNTBHTB", [make_row(make_box(900, 0), other)], norm).frame
        pyogrio.write_dataframe(farmland, path, layer="YJJBNTBHTB", driver="GPKG")
        files.append(path)
    done = compute_update_from_files(*files, 2026, norm)
    write_update(dataclasses.replace(done, update_date=run_update(FILED_ROWS, CURRENT_ROWS).update_date), tmp_path)
    assert read_maintenance_layer(tmp_path, "WHCGHFQ")["BSM"].tolist() == ["140225000000000091"]


def test_missing_area_field_of_land_after_the_change_is_measured(tmp_path):
    current = {
        "GHFQ": [
            make_zone(make_box(0, 0), 1, "300", MJ=float("nan")),
            make_zone(make_box(200, 0), 2, "300", MJ=10000.0),
        ]
    }
    write_update(
        run_update({"GHFQ": [make_zone(make_box(0, 0), 1, "200"), make_zone(make_box(200, 0), 2, "300")]}, current),
        tmp_path,
    )
    assert read_maintenance_layer(tmp_path, "WHHGHFQ")["MJ"].tolist() == [
        pytest.approx(measure_area(make_box(0, 0)), abs=0.005)
    ]


def test_geodatabase_has_no_vertical_datum_when_the_standard_names_none(tmp_path):
    rules = make_example_norm().standard.maintenance
    flat = dataclasses.replace(rules, delivery=dataclasses.replace(rules.delivery, vertical=""))
    done = run_update(FILED_ROWS, CURRENT_ROWS)
    norm = done.current_plan.norm
    done.current_plan.norm = dataclasses.replace(norm, standard=dataclasses.replace(norm.standard, maintenance=flat))
    write_update(done, tmp_path)
    crs = CRS.from_user_input(pyogrio.read_info(tmp_path / f"{DELIVERY_NAME}.gdb", layer="WHCGHFQ")["crs"])
    assert crs.to_epsg() == 4490 and not crs.is_compound


def test_area_before_minus_moved_out_plus_moved_in_equals_area_after_in_the_balance_file(folder, done):
    record = json.loads((folder / f"{DELIVERY_NAME}面积平衡表.json").read_text(encoding="utf-8"))
    assert record == json.loads(json.dumps(convert_balance_to_dict(done)))
    line = {one["layer"]: one for one in record["layers"]}["ZXCQCSLX"]["balance"]
    assert line["before"] - line["moved_out"] + line["moved_in"] + line["revalued"] == pytest.approx(line["after"])
    zones = sum_balance_terms_by_code(next(one for one in done.maintained_layers if one.role == "GHFQ"))
    assert (
        zones["200"]["changed_from"]
        == zones["300"]["changed_to"]
        == pytest.approx(measure_area(make_box(120, 0, 80)), abs=0.01)
    )
    assert zones["200"]["after"] == pytest.approx(measure_area(make_box(0, 0, 120)), abs=0.01)
    assert np.abs([balance["rest"] for balance in zones.values()]).max() < 0.1
    book = openpyxl.load_workbook(folder / f"{DELIVERY_NAME}面积平衡表.xlsx")
    assert book.sheetnames == ["分图层平衡", "分用途平衡", "分乡镇平衡"]


def test_sheets_of_the_balance_have_every_figure_of_its_json(tmp_path):
    names = {"140225100": "甲镇", "140225101": "乙镇"}
    townships = [
        make_row(make_box(x, -50, 150, 300), 50 + n, XZQDM=code, XZQMC=name)
        for n, (x, (code, name)) in enumerate(zip((-90, 60), names.items(), strict=True))
    ]
    # Land is claimed twice, and a vertex beside an unmoved edge adds area: no term of the balance is zero.
    bent = shapely.from_wkt("POLYGON ((195 0, 300 0, 300 100, 250 100.05, 195 100, 195 0))")
    current = CURRENT_ROWS | {"XZQXZ": townships}
    current["GHFQ"] = [*CURRENT_ROWS["GHFQ"][:2], make_zone(bent, 9, "300")]
    write_update(run_update(FILED_ROWS, current), tmp_path)
    base = tmp_path / f"{DELIVERY_NAME}面积平衡表"
    record = json.loads(base.with_suffix(".json").read_text(encoding="utf-8"))
    tables = read_tables(base.with_suffix(".xlsx"))
    by_layer, by_zone, by_township = (
        find_table(tables, ["图层", head]) for head in ("图层代码", "分区（地类）代码", "乡镇")
    )
    layer_names, compared = {"GHFQ": "规划分区", "ZXCQCSLX": "城市蓝线", "HLFXKZX": "洪涝风险控制线"}, 0
    terms = ("before", "moved_out", "moved_in", "changed", "reshaped", "revalued", "doubled", "after")
    zone_terms = ("before", "moved_out", "changed_from", "moved_in", "changed_to", "reshaped", "rest", "after")

    def show(values, wanted, whole):
        # The area that touched parcels gained is in a column of its kind, and not in that of the rest.
        figures = [values[term] - (values["reshaped"] if term == whole else 0) for term in wanted]
        return [f"{figure if round(figure, 2) else 0:.2f}" for figure in figures]

    assert [one["layer"] for one in record["layers"]] == list(layer_names)
    for one in record["layers"]:
        name = layer_names[one["layer"]]
        shown = [
            (by_layer, one["layer"], show(one["balance"], terms, "revalued")),
            *((by_zone, code, show(values, zone_terms, "rest")) for code, values in one["zones"].items()),
            *((by_township, key, show(values, terms, "revalued")) for key, values in one["townships"].items()),
        ]
        for table, key, figures in shown:
            rows = [row for row in table.rows if row[:2] == [name, key]]
            if not rows:
                assert table is by_township and set(figures) == {"0.00"}
                continue
            assert rows[0][-len(figures) :] == figures
            compared += len(figures)
            before, *changes, after = map(float, figures)
            signs = (-1, -1, 1, 1, 1, 1) if table is by_zone else (-1, 1, 0, 1, 1, 1)
            change = sum(sign * value for sign, value in zip(signs, changes, strict=True))
            assert before + change == pytest.approx(after, abs=0.031)
    assert compared >= 9 * 8
    balance = record["layers"][0]["balance"]
    assert balance["doubled"] > 400 and round(balance["revalued"], 2) and balance["changed"] > 400


def test_existing_maintenance_package_is_never_overwritten(folder, done):
    stamp = (folder / f"{DELIVERY_NAME}.gdb").stat().st_mtime_ns
    with pytest.raises(OutputError) as caught:
        write_update(done, folder)
    assert caught.value.key == "yearly_exists" and (folder / f"{DELIVERY_NAME}.gdb").stat().st_mtime_ns == stamp


def test_unchanged_editions_write_no_maintenance_package(tmp_path):
    with pytest.raises(InputError) as caught:
        write_update(run_update(FILED_ROWS, FILED_ROWS), tmp_path)
    assert caught.value.key == "yearly_nothing" and not list(tmp_path.iterdir())
    assert "GHFQ" in caught.value.params["layers"], "the error names the compared layers"


def test_area_balance_is_given_by_township():
    township_roles = make_example_norm().standard.concepts["townships"]
    divisions = {
        township_roles[0]: [
            make_row(make_box(0, -50, 60, 300), 1, XZQMC="东坊城乡"),
            make_row(make_box(60, -50, 300, 300), 2, XZQMC="永安镇"),
        ]
    }
    done = run_update(FILED_ROWS, {**CURRENT_ROWS, **divisions})
    township_balances = next(one for one in convert_balance_to_dict(done)["layers"] if one["layer"] == "ZXCQCSLX")[
        "townships"
    ]
    assert township_balances["东坊城乡"]["moved_out"] == pytest.approx(measure_area(make_box(0, 0, 40)), abs=0.01)
    assert township_balances["永安镇"]["moved_in"] == pytest.approx(measure_area(make_box(100, 0, 40)), abs=0.01)
    assert township_balances["永安镇"]["before"] == pytest.approx(measure_area(make_box(60, 0, 40)), abs=0.01)
    # The classes themselves are not cut at the border.
    (out,) = [c for c in done.maintained_layers[1].changes if c.kind == "in"]
    assert out.area_m2 == pytest.approx(measure_area(make_box(100, 0, 40)), abs=0.01)


def test_keys_repeated_within_the_filed_or_the_current_edition_give_a_note():
    twice = {"HLFXKZX": [make_row(make_box(0, 0), 1), make_row(make_box(300, 0), 1), make_row(make_box(600, 0), 2)]}
    filed, current = (
        {**FILED_ROWS, **twice},
        {**CURRENT_ROWS, "GHFQ": [*CURRENT_ROWS["GHFQ"], make_zone(make_box(900, 0), 9, "300")]},
    )
    assert not [note for note in list_notes(run_update(FILED_ROWS, CURRENT_ROWS), Texts("zh")) if "标识码" in note]
    note = [text for text in list_notes(run_update(filed, current), Texts("zh")) if "标识码" in text]
    assert len(note) == 2
    zones, line = note
    assert zones.startswith("现行版") and "140225000000000009" in zones and "1 个标识码" in zones
    assert line.startswith("备案版") and "140225000000000001" in line and "140225000000000002" not in line
    assert all("BSM" in text for text in list_notes(run_update(filed, current), Texts("en")) if "share a key" in text)


def test_notes_name_skipped_layers_and_missing_townships():
    done = run_update({**FILED_ROWS, "LSWHBHX": [make_row(make_box(0, 0), 1)]}, CURRENT_ROWS)
    skipped, missing_townships = list_notes(done, Texts("zh"))
    assert "LSWHBHX" in skipped and "现行版中没有" in skipped
    assert "不作分乡镇平衡" in missing_townships


def test_shift_of_the_whole_current_edition_gives_a_note_and_is_not_removed():
    rows = [make_row(make_box(120 * n, 0), n + 1) for n in range(12)]
    moved = [make_row(make_box(120 * n + 0.3, -0.2), n + 1) for n in range(12)]
    done = run_update({"LSWHBHX": rows}, {"LSWHBHX": moved})
    notes = {lang: "".join(list_notes(done, Texts(lang))) for lang in ("zh", "en")}
    assert (
        "整体平移：相对备案版东方向 0.300 米、北方向 −0.200 米（负值为向西、向南），12 个要素（占 100.00%）"
        in notes["zh"]
    )
    assert "shifted as a whole, 0.300 m east and −0.200 m north of the filed one" in notes["en"]
    (layer,) = done.maintained_layers
    assert not layer.comparison.shift.is_removed and len(layer.filed_rows) == 12


def write_file(path, layers):
    for role, rows in layers.items():
        frame = make_example_layer(role, rows, make_example_norm()).frame
        pyogrio.write_dataframe(frame, path, layer=role, driver="GPKG")
    return path


def test_yearly_command_writes_the_package_and_refuses_identical_input(tmp_path, capsys):
    filed, current = write_file(tmp_path / "备案.gpkg", FILED_ROWS), write_file(tmp_path / "现行.gpkg", CURRENT_ROWS)
    folder = tmp_path / "维护"
    folder.mkdir()
    assert main(["yearly", str(filed), str(current), str(folder), "--year", "2026"]) == 0
    printed = capsys.readouterr().out
    assert "规划分区（GHFQ）" in printed and "属性变更 1 块" in printed and "请人工填写" in printed
    assert sorted(read_maintenance_layer(folder, "WHCZXCQCSLX")["WHLX"]) == ["1", "3"]
    assert main(["yearly", str(filed), str(filed), str(folder), "--year", "2026"]) == 2
    assert "同一份数据" in capsys.readouterr().err


def test_source_without_maintained_layers_is_named_in_the_error(tmp_path):
    filed = write_file(tmp_path / "备案.gpkg", FILED_ROWS)
    other = write_file(tmp_path / "别的.gpkg", {"CZKFBJ": [make_row(make_box(0, 0), 1)]})
    with pytest.raises(InputError) as caught:
        compute_update_from_files(filed, other, 2026, make_example_norm())
    assert caught.value.key == "yearly_none_maintained" and caught.value.params["source"] == "别的.gpkg"


EXPECTED_FILES = [f"{DELIVERY_NAME}.gdb", f"{DELIVERY_NAME}面积平衡表.json", f"{DELIVERY_NAME}面积平衡表.xlsx"]
EXPECTED_CLASSES = {p + layer for layer in ("GHFQ", "ZXCQCSLX") for p in ("WHQ", "WHC", "WHH")}


@pytest.fixture(scope="module")
def yearly_update_result():
    return run_update(FILED_ROWS, CURRENT_ROWS)


def list_file_names(folder):
    return sorted(path.name for path in folder.iterdir())


def is_complete_geodatabase(database):
    return {name for name, _ in pyogrio.list_layers(database)} == EXPECTED_CLASSES and all(
        pyogrio.read_info(database, layer=name, force_feature_count=True)["features"] > 0 for name in EXPECTED_CLASSES
    )


FILE_EVENTS = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree")


def write_and_kill(update_result, folder, at):
    """Write in a process that is killed at the ``at``-th file operation in a folder.

    Return its output: the numbers of the renames, then the number of all operations.
    """
    reading, sending = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        steps = 0

        def count_file_events(event, arguments):
            nonlocal steps
            if event in FILE_EVENTS and any(
                isinstance(a, str | Path) and str(a).startswith(str(folder)) for a in arguments
            ):
                steps += 1
                if event == "os.rename":
                    os.write(sending, f"{steps} ".encode())
                if steps == at:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count_file_events)
        try:
            write_update(update_result, folder)
            os.write(sending, f"all {steps}".encode())
        finally:
            os._exit(0)
    os.close(sending)
    with os.fdopen(reading) as pipe:
        output = pipe.read()
    assert (os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0) == (at == 0)
    return output


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork, no SIGKILL")
def test_killed_process_leaves_a_complete_maintenance_geodatabase_or_none(yearly_update_result, tmp_path):
    folder = tmp_path / "维护"
    output = write_and_kill(yearly_update_result, folder, 0)
    moves, total = [int(n) for n in output.split("all")[0].split()], int(output.split()[-1])
    assert list_file_names(folder) == EXPECTED_FILES and len(moves) >= 3
    points = {1, 2, *range(3, total, max(total // 8, 1)), *(m + d for m in moves[-3:] for d in (0, 1)), total}
    states = set()
    for at in sorted(points):
        shutil.rmtree(folder, ignore_errors=True)
        write_and_kill(yearly_update_result, folder, at)
        there = (folder / f"{DELIVERY_NAME}.gdb").exists()
        assert not there or is_complete_geodatabase(folder / f"{DELIVERY_NAME}.gdb"), at
        # If the geodatabase is visible, its balance files are present too.
        assert not there or set(EXPECTED_FILES) <= set(list_file_names(folder)), at
        try:
            write_update(yearly_update_result, folder)
            states.add("made anew")
        except OutputError as error:
            assert error.key == "yearly_exists"
            states.add("finished" if not there else "whole")
        assert list_file_names(folder) == EXPECTED_FILES and is_complete_geodatabase(folder / f"{DELIVERY_NAME}.gdb"), (
            at
        )
    assert states == {"made anew", "finished", "whole"}


def test_full_disk_leaves_no_maintenance_files(yearly_update_result, tmp_path):
    disk = tmp_path / "小盘"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("no tmpfs may be mounted")
    try:
        write_update(yearly_update_result, disk)
        needed = sum(path.stat().st_size for path in disk.rglob("*") if path.is_file())
        for path in list(disk.iterdir()):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        for share in (0.1, 0.5, 0.9):
            (disk / "占用").write_bytes(b"x" * int(2**21 - share * needed))
            with pytest.raises(OutputError) as caught:
                write_update(yearly_update_result, disk)
            assert caught.value.key == "output_unwritable" and "小盘" in explain_error(caught.value)
            assert list_file_names(disk) == ["占用"]
        (disk / "占用").unlink()
        write_update(yearly_update_result, disk)
        assert list_file_names(disk) == EXPECTED_FILES and is_complete_geodatabase(disk / f"{DELIVERY_NAME}.gdb")
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("which", EXPECTED_FILES)
@pytest.mark.parametrize("code", first_daily([errno.ENOSPC, errno.EACCES]))
def test_failed_move_leaves_no_maintenance_files(yearly_update_result, monkeypatch, tmp_path, which, code):
    real = os.replace

    def refuse_move(source, destination):
        if Path(source).name == which and STAGING_SUFFIX in str(source):
            raise OSError(code, os.strerror(code), str(source))
        real(source, destination)

    monkeypatch.setattr(os, "replace", refuse_move)
    with pytest.raises(OutputError):
        write_update(yearly_update_result, tmp_path)
    assert not list(tmp_path.iterdir())
    monkeypatch.undo()
    write_update(yearly_update_result, tmp_path)
    assert list_file_names(tmp_path) == EXPECTED_FILES


def test_second_run_into_the_same_folder_at_the_same_time_is_refused(yearly_update_result, tmp_path):
    with lock_for_writing(tmp_path / EXPECTED_FILES[0]), pytest.raises(OutputError) as caught:
        write_update(yearly_update_result, tmp_path)
    assert caught.value.key == "package_busy"


def test_cancellation_at_any_moment_leaves_no_maintenance_files(yearly_update_result, tmp_path):
    folder = tmp_path / "新建"
    polls = [0]

    def count_polls():
        polls[0] += 1
        return False

    write_update(yearly_update_result, folder, cancellation=Cancellation(count_polls))
    shutil.rmtree(folder)
    for at in range(1, polls[0] + 1, max(polls[0] // 6, 1)):
        left = [at]

        def cancel_after_polls(left=left):
            left[0] -= 1
            return not left[0]

        with pytest.raises(Cancelled):
            write_update(yearly_update_result, folder, cancellation=Cancellation(cancel_after_polls))
        assert not list(tmp_path.iterdir()), at


def test_file_created_by_another_program_during_the_run_is_not_overwritten(tmp_path):
    places = [tmp_path / "库.gdb", tmp_path / "表.xlsx"]
    with pytest.raises(OutputError) as caught, write_files_together(places) as new:
        for place in places:
            (new / place.name).write_text("新", encoding="utf-8")
        places[1].write_text("别人的", encoding="utf-8")
    assert caught.value.key == "yearly_exists"
    assert list_file_names(tmp_path) == ["表.xlsx"] and places[1].read_text(encoding="utf-8") == "别人的"


def test_leftover_folder_that_cannot_be_deleted_raises_an_output_error(tmp_path, monkeypatch):
    (tmp_path / f"库.gdb{STAGING_SUFFIX}").mkdir()
    monkeypatch.setattr("shutil.rmtree", lambda path, ignore_errors=False: None)
    with pytest.raises(OutputError) as caught:
        finish_interrupted_update([tmp_path / "库.gdb"])
    assert caught.value.key == "package_rest"
