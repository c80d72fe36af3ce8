# SPDX-License-Identifier: GPL-2.0-or-later
"""年度动态维护 written: the named geodatabase, read by another library, numbers, causes, balance."""

import dataclasses
import json

import numpy as np
import openpyxl
import pyogrio
import pytest
import shapely
from pyproj import CRS

from plugin.core.__main__ import main
from plugin.core.cancellation import Cancellation
from plugin.core.cli import files
from plugin.core.errors import Cancelled, InputError, OutputError
from plugin.core.geometry.statutory_area import statutory_area
from plugin.core.messages.texts import Texts
from plugin.core.options import Options
from plugin.core.package.folder import lock_for_writing
from plugin.core.yearly import yearly_update
from plugin.core.yearly.balance import list_notes, sum_by_zone, to_dict
from plugin.core.yearly.make import make_update, update_from_files
from plugin.core.yearly.write import write_update
from tests.core.examples import norm_of, source_layer
from tests.core.yearly.test_yearly import area, box, row, update, zone

NAME = "140225浑源县2026年度县级国土空间总体规划动态维护"
FILED = {
    "GHFQ": [zone(box(0, 0, 200), 7, "200", XZQDM="140225", XZQMC="浑源县", MJ=1.0), zone(box(200, 0), 9, "300")],
    "ZXCQCSLX": [row(box(0, 0), 1, MC="浑河", MJ=1.0)],
    "HLFXKZX": [row(box(0, 0), 1)],
}
CURRENT = {
    "GHFQ": [
        zone(box(0, 0, 120), 7, "200", MJ=12000.0),
        zone(box(120, 0, 80), 8, "300"),
        zone(box(200, 0), 9, "300"),
    ],
    "ZXCQCSLX": [row(box(40, 0), 1, MC="浑河", MJ=10000.0, XZQDM="140225", XZQMC="浑源县")],
    "HLFXKZX": [row(box(0, 0), 1)],
}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("yearly")
    done = update(FILED, CURRENT)
    return folder, done, write_update(done, folder)


def read(folder, layer):
    return pyogrio.read_dataframe(folder / f"{NAME}.gdb", layer=layer)


def test_the_geodatabase_has_its_name_and_three_classes_of_each_layer_that_changed(written):
    folder, _, made = written
    assert sorted(p.name for p in folder.iterdir()) == sorted(
        [f"{NAME}.gdb", f"{NAME}面积平衡表.xlsx", f"{NAME}面积平衡表.json"]
    )
    names = [name for name, _ in pyogrio.list_layers(folder / f"{NAME}.gdb")]
    assert sorted(names) == sorted(p + layer for layer in ("GHFQ", "ZXCQCSLX") for p in ("WHQ", "WHC", "WHH"))
    assert all(one.same for one in made.classes.values()) and len(made.classes) == 6


def test_heights_are_of_1985_and_places_of_cgcs2000(written):
    folder, _, _ = written
    from osgeo import ogr

    database = ogr.Open(str(folder / f"{NAME}.gdb"))
    wkt = database.GetLayerByName("WHCGHFQ").GetSpatialRef().ExportToWkt()
    assert "4490" in wkt and "5737" in wkt


def test_what_was_before_is_as_it_was_filed(written):
    folder, _, _ = written
    before = read(folder, "WHQGHFQ")
    assert before["BSM"].tolist() == ["140225000000000007"] and before["GHFQDM"].tolist() == ["200"]
    assert statutory_area(before.geometry.to_numpy()).sum() == pytest.approx(area(box(0, 0, 200)), abs=0.01)


def test_changes_are_numbered_through_and_their_causes_left_to_fill(written):
    folder, _, _ = written
    zones, line = read(folder, "WHCGHFQ"), read(folder, "WHCZXCQCSLX")
    assert zones["WHLX"].tolist() == ["2"] and sorted(line["WHLX"]) == ["1", "3"]
    assert [*zones["WHBH"], *line["WHBH"]] == ["20260309000001", "20260309000002", "20260309000003"]
    # One running number over all classes, above the filed ones (9 is the highest).
    assert [*zones["BSM"], *line["BSM"]] == [f"1402250000{n:08d}" for n in (10, 13, 14)]
    assert zones["XZQMC"].tolist() == ["浑源县"] and zones["YSDM"].tolist() == ["2090020610"]
    for cause in ("WHLY", "JDZBLY", "KZBSHSLX"):
        assert zones[cause].isna().all() and line[cause].isna().all()
    sizes = dict(zip(line["WHLX"], statutory_area(line.geometry.to_numpy()), strict=True))
    assert sizes["3"] == pytest.approx(area(box(0, 0, 40)), abs=0.01)
    assert sizes["1"] == pytest.approx(area(box(100, 0, 40)), abs=0.01)


def test_what_is_after_goes_on_counting_and_has_areas_of_its_own(written):
    folder, _, _ = written
    after = read(folder, "WHHGHFQ")
    assert after["BSM"].tolist() == ["140225000000000011", "140225000000000012"]
    assert read(folder, "WHHZXCQCSLX")["BSM"].tolist() == ["140225000000000015", "140225000000000016"]
    assert after["GHFQDM"].tolist() == ["200", "300"] and after["MJ"].tolist()[0] == 12000.0
    line = read(folder, "WHHZXCQCSLX")
    assert line["MC"].tolist() == ["浑河", "浑河"]
    assert line["MJ"].to_numpy() == pytest.approx(statutory_area(line.geometry.to_numpy()), abs=0.01)
    wide = sorted(shapely.area(line.to_crs(4526).geometry.to_numpy()))
    assert wide == pytest.approx([4000, 6000], abs=0.01)


def test_changes_of_rows_that_say_no_division_are_of_the_county(written):
    folder, _, _ = written
    line = read(folder, "WHCZXCQCSLX")
    assert set(line["XZQDM"]) == {"140225"} and set(line["XZQMC"]) == {"浑源县"}


def test_feature_codes_are_those_of_the_fact_base():
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
    templates = norm_of().standard.templates
    assert {role: templates[f"WHC{role}"].feature_code for role in wanted} == wanted


def test_numbers_go_on_from_the_highest_whichever_way_they_were_made(tmp_path):
    """County + layer code + running number is known too: the highest running number is the last eight digits."""
    filed = {"ZXCQCSLX": [row(box(0, 0), 1, BSM="140225233000000041"), row(box(300, 0), 1, BSM="140226000000000099")]}
    current = {
        "ZXCQCSLX": [row(box(40, 0), 1, BSM="140225233000000041"), row(box(300, 0), 1, BSM="140226000000000099")]
    }
    for rows in (*filed.values(), *current.values()):
        for one in rows:
            one["key"] = one.pop("BSM")
    write_update(update(filed, current), tmp_path)
    given = [n for layer in ("WHCZXCQCSLX", "WHHZXCQCSLX") for n in read(tmp_path, layer)["BSM"]]
    assert given == [f"1402250000{n:08d}" for n in range(42, 42 + len(given))] and len(given) == 4


def test_no_new_number_stands_in_two_classes_or_in_the_source(written, tmp_path):
    """Filed keys repeat across layers as they were filed; what is numbered here never does."""
    folder, _, _ = written
    new = [n for p in ("WHC", "WHH") for layer in ("GHFQ", "ZXCQCSLX") for n in read(folder, p + layer)["BSM"]]
    old = [one["key"] for rows in (*FILED.values(), *CURRENT.values()) for one in rows]
    assert len(new) == len(set(new)) and not set(new) & set(old)


def test_layers_that_are_not_maintained_keep_their_numbers_too(tmp_path):
    """Their keys are read from both files, although nothing of them is compared."""
    norm = norm_of()
    files = []
    for name, tables, other in (("备案", FILED, 70), ("现行", CURRENT, 90)):
        path = tmp_path / f"{name}.gpkg"
        for role, rows in tables.items():
            pyogrio.write_dataframe(source_layer(role, rows, norm).frame, path, layer=role, driver="GPKG")
        farmland = source_layer("YJJBNTBHTB", [row(box(900, 0), other)], norm).frame
        pyogrio.write_dataframe(farmland, path, layer="YJJBNTBHTB", driver="GPKG")
        files.append(path)
    done = update_from_files(*files, 2026, norm)
    write_update(dataclasses.replace(done, day=update(FILED, CURRENT).day), tmp_path)
    assert read(tmp_path, "WHCGHFQ")["BSM"].tolist() == ["140225000000000091"]


def test_land_after_of_which_no_area_was_given_is_measured(tmp_path):
    current = {"GHFQ": [zone(box(0, 0), 1, "300", MJ=float("nan")), zone(box(200, 0), 2, "300", MJ=10000.0)]}
    write_update(update({"GHFQ": [zone(box(0, 0), 1, "200"), zone(box(200, 0), 2, "300")]}, current), tmp_path)
    assert read(tmp_path, "WHHGHFQ")["MJ"].tolist() == [pytest.approx(area(box(0, 0)), abs=0.005)]


def test_heights_are_left_out_where_the_standard_asks_for_none(tmp_path):
    rules = norm_of().standard.maintenance
    flat = dataclasses.replace(rules, delivery=dataclasses.replace(rules.delivery, vertical=""))
    done = update(FILED, CURRENT)
    norm = done.current.norm
    done.current.norm = dataclasses.replace(norm, standard=dataclasses.replace(norm.standard, maintenance=flat))
    write_update(done, tmp_path)
    crs = CRS.from_user_input(pyogrio.read_info(tmp_path / f"{NAME}.gdb", layer="WHCGHFQ")["crs"])
    assert crs.to_epsg() == 4490 and not crs.is_compound


def test_the_balance_closes_by_layer_and_zone(written):
    folder, done, _ = written
    told = json.loads((folder / f"{NAME}面积平衡表.json").read_text(encoding="utf-8"))
    assert told == json.loads(json.dumps(to_dict(done)))
    by_role = {one["layer"]: one for one in told["layers"]}
    line = by_role["ZXCQCSLX"]["balance"]
    assert line["before"] - line["moved_out"] + line["moved_in"] + line["revalued"] == pytest.approx(line["after"])
    zones = sum_by_zone(next(one for one in done.layers if one.role == "GHFQ"))
    assert zones["200"]["changed_from"] == zones["300"]["changed_to"] == pytest.approx(area(box(120, 0, 80)), abs=0.01)
    assert zones["200"]["after"] == pytest.approx(area(box(0, 0, 120)), abs=0.01)
    assert np.abs([row["rest"] for row in zones.values()]).max() < 0.1
    book = openpyxl.load_workbook(folder / f"{NAME}面积平衡表.xlsx")
    assert book.sheetnames == ["分图层平衡", "分用途平衡", "分乡镇平衡"]


def test_a_package_with_causes_is_never_overwritten(written):
    folder, done, _ = written
    stamp = (folder / f"{NAME}.gdb").stat().st_mtime_ns
    with pytest.raises(OutputError) as caught:
        write_update(done, folder)
    assert caught.value.key == "yearly_exists" and (folder / f"{NAME}.gdb").stat().st_mtime_ns == stamp


def test_no_change_makes_no_package(tmp_path):
    with pytest.raises(InputError) as caught:
        write_update(update(FILED, FILED), tmp_path)
    assert caught.value.key == "yearly_nothing" and not list(tmp_path.iterdir())
    assert "GHFQ" in caught.value.params["layers"], "what was compared is told"


def test_a_cancel_and_a_text_too_long_leave_nothing(tmp_path):
    calls = iter(range(1000))
    with pytest.raises(Cancelled):
        write_update(update(FILED, CURRENT), tmp_path, cancellation=Cancellation(lambda: next(calls) > 8))
    assert not list(tmp_path.iterdir())
    long = {**CURRENT, "ZXCQCSLX": [row(box(40, 0), 1, MC="河" * 300)]}
    with pytest.raises(OutputError) as caught:
        write_update(update(FILED, long), tmp_path)
    assert caught.value.key == "package_stopped" and "MC" in Texts("zh").explain(caught.value)
    assert not list(tmp_path.iterdir())


def test_the_balance_is_told_by_township():
    towns = norm_of().standard.concepts["townships"]
    divisions = {
        towns[0]: [row(box(0, -50, 60, 300), 1, XZQMC="东坊城乡"), row(box(60, -50, 300, 300), 2, XZQMC="永安镇")]
    }
    done = update(FILED, {**CURRENT, **divisions})
    told = next(one for one in to_dict(done)["layers"] if one["layer"] == "ZXCQCSLX")["townships"]
    assert told["东坊城乡"]["moved_out"] == pytest.approx(area(box(0, 0, 40)), abs=0.01)
    assert told["永安镇"]["moved_in"] == pytest.approx(area(box(100, 0, 40)), abs=0.01)
    assert told["永安镇"]["before"] == pytest.approx(area(box(60, 0, 40)), abs=0.01)
    # The classes themselves are not cut at the border.
    (out,) = [c for c in done.layers[1].changes if c.kind == "in"]
    assert out.area_m2 == pytest.approx(area(box(100, 0, 40)), abs=0.01)


def test_keys_that_several_features_bear_are_told_of_either_edition():
    twice = {"HLFXKZX": [row(box(0, 0), 1), row(box(300, 0), 1), row(box(600, 0), 2)]}
    filed, current = {**FILED, **twice}, {**CURRENT, "GHFQ": [*CURRENT["GHFQ"], zone(box(900, 0), 9, "300")]}
    assert not [said for said in list_notes(update(FILED, CURRENT), Texts("zh")) if "标识码" in said]
    said = [one for one in list_notes(update(filed, current), Texts("zh")) if "标识码" in one]
    assert len(said) == 2
    zones, line = said
    assert zones.startswith("现行版") and "140225000000000009" in zones and "1 个标识码" in zones
    assert line.startswith("备案版") and "140225000000000001" in line and "140225000000000002" not in line
    assert all("BSM" in one for one in list_notes(update(filed, current), Texts("en")) if "borne" in one)


def test_what_was_passed_over_is_said():
    done = update({**FILED, "LSWHBHX": [row(box(0, 0), 1)]}, CURRENT)
    said, towns = list_notes(done, Texts("zh"))
    assert "LSWHBHX" in said and "现行版中没有" in said
    assert "不作分乡镇平衡" in towns


def to_file(path, layers):
    for role, rows in layers.items():
        frame = source_layer(role, rows, norm_of()).frame
        pyogrio.write_dataframe(frame, path, layer=role, driver="GPKG")
    return path


def test_from_files_on_the_command_line(tmp_path, capsys):
    filed, current = to_file(tmp_path / "备案.gpkg", FILED), to_file(tmp_path / "现行.gpkg", CURRENT)
    folder = tmp_path / "维护"
    folder.mkdir()
    assert main(["yearly", str(filed), str(current), str(folder), "--year", "2026"]) == 0
    said = capsys.readouterr().out
    assert "规划分区（GHFQ）" in said and "属性变更 1 块" in said and "请人工填写" in said
    assert sorted(read(folder, "WHCZXCQCSLX")["WHLX"]) == ["1", "3"]
    assert main(["yearly", str(filed), str(filed), str(folder), "--year", "2026"]) == 2
    assert "同一份数据" in capsys.readouterr().err


def test_a_place_that_is_taken_is_said_before_anything_is_compared(tmp_path, monkeypatch):
    filed, current = to_file(tmp_path / "备案.gpkg", FILED), to_file(tmp_path / "现行.gpkg", CURRENT)
    folder = tmp_path / "维护"
    compared = []
    monkeypatch.setattr(
        "plugin.core.yearly.make.yearly_update", lambda *a, **k: compared.append(a) or yearly_update(*a, **k)
    )

    def make(year=2026):
        make_update(filed, current, year, folder, Options())

    with pytest.raises(InputError) as caught:
        make(26)
    assert caught.value.key == "yearly_year" and not compared and not folder.exists()
    make()
    assert len(compared) == 1
    (folder / f"{NAME}.gdb").rename(folder / "拿走")
    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(OutputError) as caught:
        make()
    # What is there stays, the lock does not.
    assert caught.value.key == "yearly_exists" and sorted(path.name for path in folder.iterdir()) == before
    with lock_for_writing(tmp_path / "维护" / f"{NAME}.gdb"), pytest.raises(OutputError) as caught:
        make()
    assert caught.value.key == "package_busy" and len(compared) == 1


def test_on_a_terminal_the_progress_is_told(tmp_path, monkeypatch):
    filed, current = to_file(tmp_path / "备案.gpkg", FILED), to_file(tmp_path / "现行.gpkg", CURRENT)
    told = []
    monkeypatch.setattr(files, "print_progress", lambda share, text: told.append((share, text)))
    assert main(["yearly", str(filed), str(current), str(tmp_path / "维护"), "--year", "2026"]) == 0
    shares = [share for share, _ in told]
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == 1 and len(shares) > 8
    assert any("规划分区" in text for _, text in told)


def test_a_source_without_maintained_layers_is_named(tmp_path):
    filed = to_file(tmp_path / "备案.gpkg", FILED)
    other = to_file(tmp_path / "别的.gpkg", {"CZKFBJ": [row(box(0, 0), 1)]})
    with pytest.raises(InputError) as caught:
        update_from_files(filed, other, 2026, norm_of())
    assert caught.value.key == "yearly_none_maintained" and caught.value.params["source"] == "别的.gpkg"
