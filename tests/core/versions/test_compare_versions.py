# SPDX-License-Identifier: GPL-2.0-or-later
"""Two editions of a layer in files: command, workbook and township figures."""

import openpyxl
import pytest

from plugin.core.__main__ import main
from plugin.core.errors import InputError
from plugin.core.profile import load_profile
from plugin.core.profile.norm import Norm
from plugin.core.standard import load_standard
from plugin.core.versions.sources import compare_sources, find_layer_and_townships
from plugin.core.versions.tables import make_comparison_tables, write_comparison_workbook
from tests.core.small_plan import (
    CHINESE_MESSAGE_TEXTS,
    explain_error,
    hash_files,
    make_county_box,
    make_table,
    write_gpkg,
    write_shapefiles,
)

DEFAULT_NORM = Norm(load_standard(), load_profile())
FARMLAND_ROLE = "YJJBNTBHTB"


def make_old_layers():
    shapes = [make_county_box(0, 0), make_county_box(100, 0), make_county_box(1100, 0), make_county_box(1200, 0)]
    return {
        FARMLAND_ROLE: make_table(
            shapes, DLBM=["0103"] * 4, DLMC=["旱地"] * 4, YJJBNTMJ=[9000.0, 9100.0, 9200.0, 9300.0]
        )
    }


def make_new_layers():
    """Return the old layers with four changes.

    The second field is cut in half, the third has another code, the fourth is removed and a fifth is added.
    """
    shapes = [
        make_county_box(0, 0),
        make_county_box(100, 0, 100, 50),
        make_county_box(1100, 0),
        make_county_box(1300, 0),
    ]
    farm = make_table(
        shapes,
        DLBM=["0103", "0103", "0101", "0103"],
        DLMC=["旱地", "旱地", "水田", "旱地"],
        YJJBNTMJ=[9000.0, 4550.0, 9200.0, 9000.0],
    )
    farm["BSM"] = [*farm["BSM"][:3], "140225000000000099"]
    townships = make_table(
        [make_county_box(-100, -100, 1100, 1100), make_county_box(1000, -100, 1100, 1100)], XZQMC=["甲镇", "乙镇"]
    )
    return {FARMLAND_ROLE: farm, "XZQXZ": townships, "STBHHX": make_table([make_county_box(0, 300)])}


@pytest.fixture
def old_and_new_files(tmp_path):
    return write_gpkg(tmp_path / "前.gpkg", make_old_layers()), write_gpkg(tmp_path / "后.gpkg", make_new_layers())


def compare_files(files, role=FARMLAND_ROLE):
    (old, _), (new, townships) = (find_layer_and_townships(path, role, DEFAULT_NORM) for path in files)
    return compare_sources(old, new, DEFAULT_NORM, role=role, townships=townships)


def read_sheet_rows(path, sheet):
    return [[cell.value for cell in row] for row in openpyxl.load_workbook(path)[sheet].iter_rows(min_row=3)]


def test_comparison_workbook_has_balance_townships_and_empty_cause_columns(old_and_new_files, tmp_path):
    done, target = compare_files(old_and_new_files), tmp_path / "对比.xlsx"
    write_comparison_workbook(done, target, CHINESE_MESSAGE_TEXTS)
    balance = {row[0]: row[1:] for row in read_sheet_rows(target, "对比结论")}
    assert balance["与前一版是否一致"][0] == "不一致"
    old, out, come, new = (balance[name] for name in ("变更前", "减：调出", "加：调入", "变更后"))
    assert old[0] - out[0] + come[0] == pytest.approx(new[0], abs=0.01)
    assert (old[1], out[1], come[1], new[1]) == (36_600.0, pytest.approx(13_850.0, abs=0.01), 9000.0, 31_750.0)
    assert balance["属性变更"][1] == 9200.0
    townships = {row[0]: row[1:] for row in read_sheet_rows(target, "分乡镇")}
    assert townships["甲镇"][6] == pytest.approx(4550.0, abs=0.01) and townships["乙镇"][6] == pytest.approx(9300.0)
    for place in range(10):
        assert townships["合计"][place] == pytest.approx(townships["甲镇"][place] + townships["乙镇"][place], abs=0.02)
    head, *parts = read_sheet_rows(target, "变化明细")
    assert [cell.partition("（")[0] for cell in head] == ["序号", "变化类型", "乡镇", "原标识码", "现标识码", "图斑椭球面积", "原净面积", "现净面积",
                                                          "变更字段", "变化原因", "批准文号"]  # fmt: skip
    kinds = [(row[1], row[2], (row[3] or "")[-4:], (row[4] or "")[-4:]) for row in parts]
    assert kinds == [
        ("调入", "乙镇", "", "0099"),
        ("调出", "乙镇", "0004", ""),
        ("调出", "甲镇", "0002", ""),
        ("属性变更", "乙镇", "0003", "0003"),
    ]
    assert parts[-1][8] == "DLBM: 0103 → 0101\nDLMC: 旱地 → 水田"
    assert all(row[9] is None and row[10] is None for row in parts)
    assert sum(row[5] for row in parts[1:3]) == pytest.approx(out[0], abs=0.02)


def test_township_rows_lead_from_before_to_after_where_net_areas_changed(tmp_path):
    later = make_new_layers()
    later[FARMLAND_ROLE]["YJJBNTMJ"] = [8900.0, 4550.0, 9200.0, 9000.0]
    files = write_gpkg(tmp_path / "前.gpkg", make_old_layers()), write_gpkg(tmp_path / "后.gpkg", later)
    write_comparison_workbook(compare_files(files), tmp_path / "对比.xlsx", CHINESE_MESSAGE_TEXTS)
    heads, *rows = read_sheet_rows(tmp_path / "对比.xlsx", "分乡镇")
    rows = {row[0]: dict(zip(heads[1:], row[1:], strict=True)) for row in rows if isinstance(row[1], float)}
    assert set(rows) == {"甲镇", "乙镇", "合计"}
    assert [round(rows[name]["加：未动地块的面积差（净面积）"], 2) for name in rows] == [-100.0, 0.0, -100.0]
    for basis in ("图斑椭球面积", "净面积"):
        for name, row in rows.items():
            before, out, come, stayed, after = (
                row[f"{term}（{basis}）"]
                for term in ("变更前", "减：调出", "加：调入", "加：未动地块的面积差", "变更后")
            )
            assert before - out + come + stayed == pytest.approx(after, abs=0.01), (name, basis)


def test_compare_command_prints_a_verdict_and_leaves_both_files_unchanged(old_and_new_files, tmp_path, capsys):
    old, new = old_and_new_files
    sums = hash_files(old, new)
    assert main(["compare", str(old), str(old)]) == 0
    assert capsys.readouterr().out.startswith("一致。")
    assert main(["compare", str(old), str(new), "--role", FARMLAND_ROLE, "--xlsx", str(tmp_path / "c.xlsx")]) == 1
    printed = capsys.readouterr().out
    assert (
        printed.startswith("不一致。永久基本农田保护图斑：")
        and "属性有变：DLBM、DLMC" in printed
        and "调出 2 块" in printed
    )
    assert (tmp_path / "c.xlsx").exists() and hash_files(old, new) == sums
    assert main(["compare", str(old), str(new), "--role", FARMLAND_ROLE, "--lang", "en"]) == 1
    printed = capsys.readouterr().out
    assert printed.startswith("not identical. YJJBNTBHTB:") and "DLBM, DLMC" in printed and "、" not in printed
    assert main(["compare", str(old), str(new), "--role", FARMLAND_ROLE, "--xlsx", str(old)]) == 2
    assert hash_files(old, new) == sums


def test_role_option_selects_a_shapefile_of_any_name_for_comparison(old_and_new_files, tmp_path, capsys):
    folder = write_shapefiles(tmp_path / "shp", "GBK", {"field_2022": make_old_layers()[FARMLAND_ROLE]})
    old = folder / "field_2022.shp"
    assert main(["compare", str(old), str(old_and_new_files[0]), "--role", FARMLAND_ROLE]) == 0
    assert capsys.readouterr().out.startswith("一致。")


@pytest.mark.parametrize(("role", "expected"), [("", "STBHHX"), ("NO", "NO"), ("CZKFBJ", "YJJBNTBHTB")])
def test_ambiguous_or_unknown_role_of_a_comparison_raises_an_input_error(old_and_new_files, role, expected):
    with pytest.raises(InputError) as error:
        compare_files(old_and_new_files, role)
    assert expected in explain_error(error.value)


def test_all_land_counts_as_moved_in_when_the_old_edition_is_empty(tmp_path, old_and_new_files):
    """Compare with an old layer that has fields but no features."""
    old = compare_files((old_and_new_files[1], old_and_new_files[1])).comparison.earlier_edition.layer.source
    old.frame = old.frame.iloc[:0]
    (new, townships) = find_layer_and_townships(old_and_new_files[1], FARMLAND_ROLE, DEFAULT_NORM)
    done = compare_sources(old, new, DEFAULT_NORM, role=FARMLAND_ROLE, townships=townships)
    assert len(done.comparison.changed_pieces) == 4 and done.comparison.balance_by_basis["statutory"].before == 0
    assert (
        abs(done.comparison.balance_by_basis["statutory"].rounding_error_m2) < 1e-6
        and len(make_comparison_tables(done, CHINESE_MESSAGE_TEXTS)) == 3
    )


def test_attribute_comparison_can_be_limited_to_named_fields(old_and_new_files):
    """Compare only one field, as yearly maintenance does."""
    (old, _), (new, _) = (find_layer_and_townships(path, FARMLAND_ROLE, DEFAULT_NORM) for path in old_and_new_files)
    done = compare_sources(old, new, DEFAULT_NORM, role=FARMLAND_ROLE, fields=["DLMC"])
    assert [part.value_changes for part in done.comparison.list_pieces_of_kind("changed")] == [
        [("DLMC", "旱地", "水田")]
    ]
    assert not compare_sources(
        old, new, DEFAULT_NORM, role=FARMLAND_ROLE, fields=["KCDLBM"]
    ).comparison.list_pieces_of_kind("changed")
