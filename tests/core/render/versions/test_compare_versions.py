# SPDX-License-Identifier: GPL-2.0-or-later
"""Two editions of a layer in files: command, workbook and township figures."""

import dataclasses
import itertools
import random

import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
import shapely.affinity
from hypothesis import given, strategies as st

from plugin.core.__main__ import main
from plugin.core.base.errors import DataError, InputError
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.cli.examples.plans import ORIGIN, make_example_plan
from plugin.core.geometry.polygons import Polygons
from plugin.core.geometry.tolerance import Tolerance
from plugin.core.model.rule import Severity, load_all_rules
from plugin.core.render.versions.baseline import compare_sources, find_layer_and_townships
from plugin.core.render.versions.compare import NO_TOWNSHIPS, TownshipPolygons, compare_layers
from plugin.core.render.versions.comparison_tables import make_comparison_tables, write_comparison_workbook
from plugin.core.render.versions.edition_comparison import CHANGED_KIND, MOVED_IN_KIND, MOVED_OUT_KIND, make_edition
from plugin.core.render.versions.edition_pairing import ShiftLimits, make_shift_limits
from plugin.core.standard import load_standard
from plugin.core.standard.profile import load_profile
from plugin.core.standard.profile.norm import Norm, is_sealed, is_sealed_by_profile
from tests.core.geometry.test_properties import draw_polygon_layer
from tests.core.small_plan import (
    CHINESE_MESSAGE_TEXTS,
    X,
    Y,
    convert_to_source_layers,
    explain_error,
    get_outcome_of_rule,
    hash_files,
    join_notices,
    list_findings_of_rules,
    make_county_box,
    make_table,
    write_gdb,
    write_gpkg,
    write_shapefiles,
)

DEFAULT_NORM = Norm(load_standard(), load_profile())
FARMLAND_ROLE = "YJJBNTBHTB"


def compute_rounding_error(balance):
    """Return the difference (m²) of the two sides of a balance of areas."""
    return balance.before - balance.moved_out + balance.moved_in + balance.revalued + balance.doubled - balance.after


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
    assert main(["compare", str(old), str(new), "--role", "CZKFBJ"]) == 2
    assert "没有代码为 CZKFBJ 的图层" in capsys.readouterr().err
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


def test_layer_of_each_role_is_compared_also_if_it_is_that_of_the_townships(monkeypatch):
    def pair_editions(before, after, **_):
        return before.layer.role, after.layer.role, len(before.layer), len(after.layer)

    editions: list = []
    monkeypatch.setattr("plugin.core.plan.io.read_source", lambda *_, **__: editions)
    table = make_table([make_county_box(0, 0)], XZQMC=["甲镇"])
    for role, template in reversed(DEFAULT_NORM.standard.templates.items()):
        editions[:] = convert_to_source_layers(dict.fromkeys({role, "XZQXZ"}, table))
        if role == "XZQXZ":
            assert compare_files(("前", "后"), role).comparison.is_identical
        elif template.geometry == "polygon":
            with monkeypatch.context() as patch:
                patch.setattr("plugin.core.render.versions.baseline.compare_layers", pair_editions)
                assert compare_files(("前", "后"), role).comparison == (role, role, 1, 1)


def test_all_land_counts_as_moved_in_when_the_old_edition_is_empty(tmp_path, old_and_new_files):
    """Compare with an old layer that has fields but no features."""
    old = compare_files((old_and_new_files[1], old_and_new_files[1])).comparison.earlier_edition.layer.source
    old.frame = old.frame.iloc[:0]
    (new, townships) = find_layer_and_townships(old_and_new_files[1], FARMLAND_ROLE, DEFAULT_NORM)
    done = compare_sources(old, new, DEFAULT_NORM, role=FARMLAND_ROLE, townships=townships)
    assert len(done.comparison.changed_pieces) == 4 and done.comparison.balance_by_basis["statutory"].before == 0
    assert (
        abs(compute_rounding_error(done.comparison.balance_by_basis["statutory"])) < 1e-6
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


DEFAULT_TOLERANCE = Tolerance()


def make_square(x, y, width=100.0, height=100.0):
    return shapely.box(x, y, x + width, y + height)


def make_row(shape, key=None, **more):
    found = {"wkt": None if shape is None else shapely.to_wkt(shape, rounding_precision=-1), "land_use": "0103"}
    return {**found, "key": f"14022500000000{key:04d}" if isinstance(key, int) else key or "", **more}


def make_layer_edition(rows):
    return make_edition(make_example_plan({FARMLAND_ROLE: rows}).layers[FARMLAND_ROLE])


def compare_rows(before, after, **more):
    return compare_layers(make_layer_edition(before), make_layer_edition(after), tolerance=DEFAULT_TOLERANCE, **more)


def sum_moved_areas(found, basis="statutory"):
    """Return the areas (m²) moved in, moved out and changed on the same land."""
    b = found.balance_by_basis[basis]
    return b.moved_in, b.moved_out, b.changed


def measure_moved_land(before, after, old, new):
    """Return the areas moved in, moved out and with another land use, computed by plain shapely.

    ``before``, ``after``: rows of both editions; ``old``, ``new``: their shapes.
    """
    all_old, all_new = shapely.union_all(old), shapely.union_all(new)
    changed = sum(
        a.intersection(b).area
        for a, one in zip(old, before, strict=True)
        for b, other in zip(new, after, strict=True)
        if one["land_use"] != other["land_use"]
    )
    return [all_new.difference(all_old).area, all_old.difference(all_new).area, changed]


def make_townships(shapes, names):
    return TownshipPolygons(Polygons(np.array(shapes, dtype=object)), names)


def move_to_county(shape):
    return shapely.transform(shape, lambda xy: xy + ORIGIN)


GRID_ROWS = [make_row(make_square(100 * c, 100 * r), 10 * r + c + 1) for r in range(3) for c in range(3)]


def copy_grid_rows():
    return [dict(p) for p in GRID_ROWS]


# -- the same -----------------------------------------------------------------------------------------------------------


def turn_ring(wkt, offset, is_reversed):
    """Return a polygon whose ring begins ``offset`` vertices later, reversed if ``is_reversed``."""
    ring = list(shapely.from_wkt(wkt).exterior.coords)[:-1]
    ring = ring[offset:] + ring[:offset]
    return shapely.Polygon(ring[::-1] if is_reversed else ring)


@pytest.fixture
def after():
    return copy_grid_rows()


def test_editions_that_differ_in_row_order_ring_start_or_direction_are_identical(after):
    for n, one in enumerate(after):
        one["wkt"] = turn_ring(one["wkt"], n % 4, n % 2).wkt
    random.Random(1).shuffle(after)
    found = compare_rows(copy_grid_rows(), after)
    assert found.is_identical and found.equal_count == 9 and not found.changed_pieces
    assert sum_moved_areas(found) == (0, 0, 0)


@pytest.mark.parametrize("keys", ["same keys", "no keys"])
@pytest.mark.parametrize(("moved_m", "same"), [(0.00009, True), (0.00013, False), (0.05, False)])
def test_vertex_noise_below_the_tolerance_is_no_difference_between_editions(moved_m, same, keys):
    chance, after = random.Random(2), copy_grid_rows()
    before = copy_grid_rows()
    for one, other in zip(before, after, strict=True):
        shape = shapely.from_wkt(one["wkt"])

        def shake_vertices(xy):
            angles = np.array([chance.uniform(0, 6.28) for _ in xy])
            moved = xy + moved_m * np.column_stack([np.cos(angles), np.sin(angles)])
            moved[-1] = moved[0]
            return moved

        other["wkt"] = shapely.to_wkt(shapely.transform(shape, shake_vertices), rounding_precision=-1)
        if keys == "no keys":
            one["key"] = other["key"] = ""
    chance.shuffle(after)
    found = compare_rows(before, after)
    assert found.is_identical is same
    if same:
        assert sum_moved_areas(found) == (0, 0, 0) and abs(found.balance_by_basis["statutory"].revalued) < 0.5


def test_editions_in_different_crs_are_identical():
    plans = [make_example_plan({FARMLAND_ROLE: copy_grid_rows()}).layers[FARMLAND_ROLE] for _ in range(2)]
    # The second as a database in degrees stores it: a grid of 1e-9 degrees.
    from plugin.core.cli.examples.plans import make_example_layer, make_example_norm

    norm = make_example_norm()
    read = make_example_layer(FARMLAND_ROLE, copy_grid_rows(), norm)
    degrees = read.frame.to_crs(4490)
    degrees.geometry = [shapely.transform(s, lambda xy: np.round(xy, 9)) for s in degrees.geometry]
    from pyproj import CRS

    from plugin.core.plan.layer import Layer

    read.frame, read.crs = degrees, CRS.from_epsg(4490)
    other = Layer(read, plans[0].template, plans[0].plane_crs)
    found = compare_layers(make_edition(plans[0]), make_edition(other), tolerance=DEFAULT_TOLERANCE)
    assert found.is_identical and not found.changed_pieces
    found = compare_layers(make_edition(other), make_edition(plans[0]), tolerance=DEFAULT_TOLERANCE)
    assert found.is_identical


def test_added_vertex_makes_editions_different_although_no_land_moved(after):
    after[0]["wkt"] = "POLYGON ((0 0, 50 0, 100 0, 100 100, 0 100, 0 0))"
    found = compare_rows(copy_grid_rows(), after)
    assert not found.is_identical and found.unmatched_counts == (1, 1) and not found.changed_pieces
    assert sum_moved_areas(found) == (0, 0, 0)


@pytest.mark.parametrize("what", ["key", "field", "row more", "row less", "twice"])
def test_changed_key_or_value_and_added_removed_or_repeated_rows_make_editions_not_identical(what, after):
    if what == "key":
        after[3]["key"] = "140225000000009999"
    if what == "field":
        after[3]["land_use"] = "0102"
    if what == "row more":
        after.append(make_row(make_square(900, 900), 77))
    if what == "row less":
        after.pop()
    if what == "twice":
        after.append(dict(after[0]))
    found = compare_rows(copy_grid_rows(), after)
    assert not found.is_identical
    assert abs(compute_rounding_error(found.balance_by_basis["statutory"])) < 1e-6


def test_renumbering_table_matches_all_rows_with_renewed_keys(after):
    for n, one in enumerate(after):
        one["key"] = f"14022500000002{n:04d}"
    table = {one["key"]: other["key"] for one, other in zip(GRID_ROWS, after, strict=True)}
    found = compare_rows(copy_grid_rows(), after)
    assert not found.is_identical and len(found.renumbered_rows) == 9 and not found.changed_pieces
    assert compare_rows(copy_grid_rows(), after, renumbered=table).is_identical


# -- what moved and what changed ------------------------------------------------------------------------------------------


def test_removed_added_and_recoded_land_is_classified_as_moved_out_moved_in_and_changed():
    after = copy_grid_rows()[1:]
    after[0] |= {"land_use": "0101"}
    after.append(make_row(make_square(300, 0, 50, 100), 99))
    found = compare_rows(copy_grid_rows(), after)
    (removed,), (added,), (changed,) = (
        found.list_pieces_of_kind(kind) for kind in (MOVED_OUT_KIND, MOVED_IN_KIND, CHANGED_KIND)
    )
    assert removed.geometry.equals(move_to_county(make_square(0, 0))) and (removed.before_row, removed.after_row) == (
        0,
        -1,
    )
    assert added.geometry.equals(move_to_county(make_square(300, 0, 50, 100))) and added.before_row == -1
    assert changed.value_changes == [("DLBM", "0103", "0101")]
    moved_in, moved_out, altered = sum_moved_areas(found)
    assert [moved_out, altered] == pytest.approx([1e4, 1e4], rel=2e-3) and moved_in == pytest.approx(5e3, rel=2e-3)
    assert moved_out == pytest.approx(make_layer_edition(copy_grid_rows()).layer.statutory[0], rel=1e-12)
    assert abs(compute_rounding_error(found.balance_by_basis["statutory"])) < 1e-6


def test_net_area_of_a_parcel_that_lost_a_part_is_assigned_to_the_part_by_its_share_of_area():
    before = [make_row(make_square(0, 0), 1, gross_area=10_000.0, deduction_area=1_000.0, net_area=9_000.0)]
    after = [make_row(make_square(0, 0, 100, 75), 1, gross_area=7_500.0, deduction_area=750.0, net_area=6_750.0)]
    found = compare_rows(before, after)
    (removed,) = found.changed_pieces
    # 永农数据库标准: shared ÷ parcel × net. Areas are not compared where the shape is another.
    assert removed.kind == MOVED_OUT_KIND and removed.net_before_m2 == pytest.approx(2_250.0, abs=1e-3)
    balance = found.balance_by_basis["net"]
    assert (balance.before, balance.after) == (9_000.0, 6_750.0)
    assert balance.moved_out == pytest.approx(2_250.0, abs=1e-3) and abs(compute_rounding_error(balance)) < 1e-6


def test_changed_net_area_on_the_same_land_is_listed_as_revalued_in_the_balance():
    before = [make_row(make_square(0, 0), 1, gross_area=10_000.0, net_area=9_000.0)]
    found = compare_rows(before, [make_row(make_square(0, 0), 1, gross_area=10_000.0, net_area=8_000.0)])
    (changed,) = found.changed_pieces
    assert changed.value_changes == [("YJJBNTMJ", "9000", "8000")]
    assert (
        found.balance_by_basis["net"].revalued == pytest.approx(-1_000.0)
        and abs(compute_rounding_error(found.balance_by_basis["net"])) < 1e-9
    )


def test_moved_land_is_cut_at_township_borders():
    townships = make_townships(
        [move_to_county(make_square(0, 0, 150, 300)), move_to_county(make_square(150, 0, 150, 300))], ["甲镇", "乙镇"]
    )
    after = [p for n, p in enumerate(copy_grid_rows()) if n != 1]
    found = compare_rows(copy_grid_rows(), after, townships=townships)
    assert [(p.township, p.kind) for p in found.changed_pieces] == [("甲镇", MOVED_OUT_KIND), ("乙镇", MOVED_OUT_KIND)]
    by_township = found.balance_by_township["statutory"]
    assert set(by_township) == {"甲镇", "乙镇"}
    assert by_township["甲镇"].moved_out == pytest.approx(5_000, rel=2e-3)
    assert by_township["甲镇"].before == pytest.approx(45_000, rel=2e-3)
    for name in ("before", "after", "moved_out"):
        total = sum(getattr(b, name) for b in by_township.values())
        assert total == pytest.approx(getattr(found.balance_by_basis["statutory"], name), rel=1e-12)
    assert all(abs(compute_rounding_error(b)) < 1e-6 for b in by_township.values())


def test_moved_land_outside_all_townships_is_counted_without_a_township_name():
    townships = make_townships([move_to_county(make_square(0, 0, 100, 300))], ["甲镇"])
    found = compare_rows(copy_grid_rows(), copy_grid_rows()[3:], townships=townships)
    by_township = found.balance_by_township["statutory"]
    assert by_township[""].moved_out == pytest.approx(20_000, rel=2e-3)
    assert by_township["甲镇"].moved_out == pytest.approx(10_000, rel=2e-3)


def test_land_where_townships_overlap_is_counted_for_the_first_township():
    """Give the first township only the overlapping strip, not the whole feature."""
    townships = make_townships(
        [move_to_county(make_square(0, 0, 160, 300)), move_to_county(make_square(150, 0, 150, 300))], ["甲镇", "乙镇"]
    )
    one = [{"wkt": make_square(0, 0, 300, 300).wkt, "key": "140225000000000001"}]
    by_township = compare_rows(one, one, townships=townships).balance_by_township["statutory"]
    assert set(by_township) == {"甲镇", "乙镇"}
    assert by_township["甲镇"].before == pytest.approx(48_000, rel=2e-3)
    assert by_township["乙镇"].before == pytest.approx(42_000, rel=2e-3)


def test_duplicate_feature_counts_its_land_once():
    found = compare_rows([*copy_grid_rows(), dict(GRID_ROWS[0]) | {"key": "140225000000005555"}], copy_grid_rows())
    assert not found.changed_pieces and not found.is_identical
    balance = found.balance_by_basis["statutory"]
    assert balance.doubled == pytest.approx(-1e4, rel=2e-3) and abs(compute_rounding_error(balance)) < 1e-6


def test_land_of_two_features_moves_once():
    """A feature and its copy leave, or come."""
    twice = [*copy_grid_rows(), dict(GRID_ROWS[0]) | {"key": "140225000000005555"}]
    for rows, kind, doubled in (
        ((twice, copy_grid_rows()[1:]), "out", -1e4),
        ((copy_grid_rows()[1:], twice), "in", 1e4),
    ):
        found = compare_rows(*rows)
        (piece,) = found.list_pieces_of_kind(kind)
        balance = found.balance_by_basis["statutory"]
        assert found.sum_area_m2(kind) == pytest.approx(piece.area_m2) == pytest.approx(1e4, rel=2e-3)
        assert balance.doubled == pytest.approx(doubled, rel=2e-3) and abs(compute_rounding_error(balance)) < 1e-6


def test_feature_key_reused_for_other_land_is_reported(after):
    after[0] = make_row(make_square(900, 900), 1)
    assert compare_rows(copy_grid_rows(), after).reused_keys == ["140225000000000001"]


def test_rows_without_a_shape_are_compared_by_attributes():
    before = [*copy_grid_rows(), make_row(None, 50)]
    assert compare_rows(before, [dict(r) for r in before]).is_identical
    assert not compare_rows(before, [*copy_grid_rows(), make_row(None, 50, land_use="0101")]).is_identical


def test_slivers_between_editions_are_summed_but_not_listed(after):
    after[0]["wkt"] = "POLYGON ((0.001 0, 100 0, 100 100, 0.001 100, 0.001 0))"
    found = compare_rows(copy_grid_rows(), after)
    assert not found.is_identical and not found.changed_pieces and len(found.slivers) == 1
    assert found.sliver_m2 == pytest.approx(0.1, rel=1e-2)
    assert found.balance_by_basis["statutory"].moved_out == pytest.approx(0.1, rel=1e-2)


# -- compared with plain shapely ---------------------------------------------------------------------------------------------------


@st.composite
def draw_layouts(draw):
    """Draw two random editions of a square that is cut into cells along other lines."""

    def draw_rows(tag):
        xs = sorted({0, 60, *draw(st.lists(st.integers(1, 59), max_size=4))})
        ys = sorted({0, 60, *draw(st.lists(st.integers(1, 59), max_size=4))})
        tilt = draw(st.integers(-3, 3))
        cells = []
        for x0, x1 in itertools.pairwise(xs):
            for y0, y1 in itertools.pairwise(ys):
                if draw(st.integers(0, 3)):
                    ring = [(x0 + tilt * y0 / 10, y0), (x1 + tilt * y0 / 10, y0), (x1 + tilt * y1 / 10, y1)]
                    cells.append(shapely.Polygon([*ring, (x0 + tilt * y1 / 10, y1)]))
        codes = [draw(st.sampled_from(["0101", "0103"])) for _ in cells]
        return [
            make_row(s, f"{tag}{n}", land_use=c, net_area=s.area * 0.9)
            for n, (s, c) in enumerate(zip(cells, codes, strict=True))
        ]

    before = draw_rows("A")
    after = draw_rows("B") if draw(st.booleans()) else [dict(r) for r in before if draw(st.integers(0, 3))]
    spare = [make_row(make_square(0, 0), tag, net_area=9_000.0) for tag in "AB"]
    return before or spare[:1], after or spare[1:]


@pytest.mark.slow
@given(draw_layouts())
def test_moved_land_of_random_editions_equals_that_of_shapely_and_their_area_balance_adds_up(layout):
    before, after = layout
    found = compare_rows(before, after)
    old, new = ([shapely.from_wkt(r["wkt"]) for r in rows] for rows in layout)
    scale = found.balance_by_basis["statutory"].before / sum(s.area for s in old)
    expected = measure_moved_land(before, after, old, new)
    if any("B" in r["key"] for r in after):
        assert list(sum_moved_areas(found)) == pytest.approx([e * scale for e in expected], rel=1e-4, abs=1e-2)
        parts = [sum(p.geometry.area for p in found.list_pieces_of_kind(k)) for k in (MOVED_IN_KIND, MOVED_OUT_KIND)]
        assert parts == pytest.approx(expected[:2], abs=1.0)
    else:
        assert sum_moved_areas(found)[0] == 0 and sum_moved_areas(found)[1] == pytest.approx(
            expected[1] * scale, rel=1e-6
        )
    for basis in ("statutory", "net"):
        balance = found.balance_by_basis[basis]
        assert abs(compute_rounding_error(balance)) <= 1e-9 * max(balance.before, balance.after), balance
        assert abs(balance.doubled) <= 1e-6
    # The area of unmoved land may change only by the vertices added on its straight edges.
    assert abs(found.balance_by_basis["statutory"].revalued) <= 3e-6 * found.balance_by_basis["statutory"].after


@st.composite
def draw_any_rows(draw, tag):
    """Draw random rows with overlaps, copies, holes, and missing shapes or keys."""
    found = []
    for n, shape in enumerate(draw(draw_polygon_layer())):
        number = f"{tag}{n if draw(st.integers(0, 4)) else 0}" if draw(st.integers(0, 5)) else ""
        net = None if shape is None else shape.area * 0.9
        found.append(make_row(shape, number, land_use=draw(st.sampled_from(["0101", "0103"])), net_area=net))
    return found or [make_row(make_square(0, 0, 3, 3), tag, net_area=8.0)]


@pytest.mark.slow
@given(st.data())
def test_area_before_minus_moved_out_plus_moved_in_equals_area_after_for_arbitrary_editions(data):
    before = data.draw(draw_any_rows("A"))
    after = data.draw(draw_any_rows("A"))
    if data.draw(st.booleans()):
        after += [dict(r) for r in before[: len(before) // 2 + 1]]
    townships = make_townships(
        [move_to_county(make_square(0, 0, 4, 20)), move_to_county(make_square(4, 0, 3, 20))], ["甲镇", "乙镇"]
    )
    given_townships = townships if data.draw(st.booleans()) else NO_TOWNSHIPS
    found = compare_rows(before, after, townships=given_townships)
    shapes = [[s for s in map(move_to_county_or_none, rows) if s is not None] for rows in (before, after)]
    old, new = (shapely.union_all(s) if s else shapely.Polygon() for s in shapes)
    for basis in ("statutory", "net"):
        balance = found.balance_by_basis[basis]
        assert abs(compute_rounding_error(balance)) <= 1e-6, balance
        for name in ("before", "after", "moved_in", "moved_out", "revalued", "doubled"):
            summed = sum(getattr(b, name) for b in found.balance_by_township[basis].values())
            assert summed == pytest.approx(getattr(balance, name), abs=1e-6), name
    # Land in both editions has not moved, even where features overlap.
    moved = [
        shapely.union_all([p.geometry for p in found.list_pieces_of_kind(kind)] or [shapely.Polygon()])
        for kind in (MOVED_OUT_KIND, MOVED_IN_KIND)
    ]
    slack = 0.5 * len(found.slivers) + 1e-3
    assert shapely.symmetric_difference(moved[0], shapely.difference(old, new)).area <= slack
    assert shapely.symmetric_difference(moved[1], shapely.difference(new, old)).area <= slack
    assert compare_rows(before, before).is_identical


def move_to_county_or_none(one):
    return move_to_county(shapely.from_wkt(one["wkt"])) if one["wkt"] else None


# -- cost ---------------------------------------------------------------------------------------------------------------


LIMITS = make_shift_limits(Norm(load_standard(), load_profile()))


def compare_with_limits(before, after, limits=LIMITS, **more):
    return compare_layers(
        make_layer_edition(before), make_layer_edition(after), tolerance=DEFAULT_TOLERANCE, shift_limits=limits, **more
    )


def make_cells(columns=5, rows=4, lines=None, **more):
    """Return rows that tile a rectangle; ``lines``: x and y of the lines between them, by default irregular."""
    xs, ys = lines or (
        [100 * n + 7 * (n % 3) for n in range(columns + 1)],
        [100 * n + 5 * n * n for n in range(rows + 1)],
    )
    cells = [shapely.box(x0, y0, x1, y1) for y0, y1 in itertools.pairwise(ys) for x0, x1 in itertools.pairwise(xs)]
    return [make_row(cell, n + 1, **more) for n, cell in enumerate(cells)]


def move_rows(rows, east, north, which=None):
    """Return rows moved by metres; ``which``: numbers of the moved rows, None: all."""
    moved = [dict(row) for row in rows]
    for n, row in enumerate(moved):
        if which is None or n in which:
            shape = shapely.transform(shapely.from_wkt(row["wkt"]), lambda xy: xy + np.array([east, north]))
            row["wkt"] = shapely.to_wkt(shape, rounding_precision=-1)
    return moved


def read_shapes(rows):
    return [shapely.from_wkt(row["wkt"]) for row in rows]


def describe_comparison(comparison):
    """Return a text with all of a comparison but its editions, to compare two results."""
    values = {
        f.name: getattr(comparison, f.name) for f in dataclasses.fields(comparison) if not f.name.endswith("_edition")
    }
    parts = [
        (*dataclasses.astuple(dataclasses.replace(p, geometry=None)), p.geometry.wkb) for p in comparison.changed_pieces
    ]
    return repr(values | {"changed_pieces": parts, "slivers": [shape.wkb for shape in comparison.slivers]})


# -- found and removed --------------------------------------------------------------------------------------------------


@pytest.fixture
def before():
    return make_cells()


def test_edition_with_all_rows_shifted_equally_has_no_moved_land_but_is_not_identical(before):
    found = compare_with_limits(before, move_rows(before, 0.3, -0.2))
    assert (found.shift.east_m, found.shift.north_m) == pytest.approx((0.3, -0.2), abs=1e-6)
    assert found.shift.is_removed and found.shift.row_count == 20 and found.shift.share == 1.0
    assert found.shift.deviation_m < 1e-6
    assert not found.changed_pieces and not found.slivers and sum_moved_areas(found) == (0, 0, 0)
    assert not found.is_identical and not found.has_other_changes
    assert found.equal_count == 0 and found.unmatched_counts == (0, 0)
    assert abs(compute_rounding_error(found.balance_by_basis["statutory"])) < 1e-6


@pytest.mark.parametrize("columns", [5, 30])
def test_areas_that_a_shift_moves_equal_those_of_shapely(columns):
    before = make_cells(columns)
    after = move_rows(before, 0.3, -0.2)
    shift = compare_with_limits(before, after).shift
    old, new = read_shapes(before), read_shapes(after)
    all_old, all_new = shapely.union_all(old), shapely.union_all(new)
    scale = shift.rows_m2 / all_new.area
    assert scale == pytest.approx(1.0, rel=2e-3)
    assert shift.moved_out_m2 == pytest.approx(all_old.difference(all_new).area * scale, rel=1e-5)
    assert shift.moved_in_m2 == pytest.approx(all_new.difference(all_old).area * scale, rel=1e-5)
    left = sum(a.difference(b).area for a, b in zip(old, new, strict=True))
    assert shift.left_m2 == pytest.approx(left * scale, rel=1e-5)


def test_areas_of_a_shift_count_land_once_where_rows_of_one_edition_overlap():
    before = [*make_cells(), make_row(shapely.box(50, 50, 450, 90), 90), make_row(shapely.box(-40, 0, 30, 60), 91)]
    after = move_rows(before, -0.4, 0.25)
    shift = compare_with_limits(before, after).shift
    old, new = read_shapes(before), read_shapes(after)
    scale = shift.rows_m2 / sum(shape.area for shape in new)
    for rows, others, moved_m2 in ((old, new, shift.moved_out_m2), (new, old, shift.moved_in_m2)):
        cover = shapely.union_all(others)
        assert moved_m2 == pytest.approx(sum(row.difference(cover).area for row in rows) * scale, rel=1e-5)


def test_row_far_outside_the_county_does_not_hinder_the_comparison_of_a_shift():
    before = [*make_cells(), make_row(shapely.box(0, -1.5e6, 50, -1.5e6 + 50), 90)]
    shift = compare_with_limits(before, move_rows(before, 0.3, -0.2)).shift
    near = compare_with_limits(before[:-1], move_rows(before[:-1], 0.3, -0.2)).shift
    assert shift.row_count == 21
    assert shift.moved_in_m2 == pytest.approx(near.moved_in_m2 + 50 * (0.3 + 0.2) - 0.06, rel=1e-3)


@pytest.mark.parametrize("keys", ["same keys", "no keys", "new keys"])
@pytest.mark.parametrize("turned", [False, True])
def test_shift_is_found_although_keys_and_first_vertices_of_the_rows_differ(keys, turned, before):
    after = move_rows(before, 0.3, -0.2)
    for n, (one, other) in enumerate(zip(before, after, strict=True)):
        if keys == "no keys":
            one["key"] = other["key"] = ""
        if keys == "new keys":
            other["key"] = f"140225000000{900 - n:06d}"
        if turned:
            ring = shapely.from_wkt(other["wkt"]).exterior.coords[:-1]
            other["wkt"] = shapely.to_wkt(shapely.Polygon([*ring[2:], *ring[:2]][::-1]), rounding_precision=-1)
    found = compare_with_limits(before, after)
    assert found.shift.row_count == 20 and not found.changed_pieces
    assert (len(found.renumbered_rows) == 20) is (keys == "new keys")
    assert found.has_other_changes is (keys == "new keys")


def test_real_changes_of_a_shifted_edition_are_found_as_if_the_edition_were_not_shifted(before):
    after = move_rows(before, 0.3, -0.2)
    after[2]["land_use"] = "0101"
    west, south, east, north = shapely.from_wkt(after[7]["wkt"]).bounds
    after[7]["wkt"] = shapely.to_wkt(shapely.box(west + 10, south, east, north), rounding_precision=-1)
    del after[13]
    after.append(make_row(shapely.box(900.3, 0, 950.3, 50), 99))
    found = compare_with_limits(before, after)
    assert found.shift.row_count == 18 and found.unmatched_counts == (2, 2)
    parts = {(p.kind, p.before_row, round(p.geometry.area, 3)) for p in found.changed_pieces}
    height, lost = north - south, shapely.from_wkt(before[13]["wkt"]).area
    assert parts == {
        (CHANGED_KIND, 2, round(shapely.from_wkt(before[2]["wkt"]).area, 3)),
        (MOVED_OUT_KIND, 7, round(10 * height, 3)),
        (MOVED_OUT_KIND, 13, round(lost, 3)),
        (MOVED_IN_KIND, -1, 2500.0),
    }


def test_shift_longer_than_the_limit_is_reported_and_not_removed(before):
    after = move_rows(before, 30.0, 0.0)
    found = compare_with_limits(before, after)
    assert found.shift.east_m == pytest.approx(30.0, abs=1e-6) and not found.shift.is_removed
    assert found.changed_pieces and found.unmatched_counts == (20, 20)
    found.shift = None
    assert describe_comparison(found) == describe_comparison(compare_with_limits(before, after, None))


def test_rows_within_the_tolerance_of_a_shift_count_as_shifted_and_their_deviation_is_stated(before):
    after = move_rows(move_rows(before, 0.3, -0.2), 0.008, 0.0, which={3, 4})
    found = compare_with_limits(before, after)
    assert found.shift.row_count == 20 and found.shift.deviation_m == pytest.approx(0.008, abs=1e-6)
    after = move_rows(move_rows(before, 0.3, -0.2), 0.012, 0.0, which={3, 4})
    found = compare_with_limits(before, after)
    assert found.shift.row_count == 18 and found.unmatched_counts == (2, 2)


# -- never taken as a shift -----------------------------------------------------------------------------------------------


def move_each_row_differently(rows):
    return [move_rows([row], 0.3 * np.sin(n), 0.3 * np.cos(n))[0] for n, row in enumerate(rows)]


REAL_CHANGES = {
    "one row": lambda rows: move_rows(rows, 0.3, 0.2, which={7}),
    "less than the share": lambda rows: move_rows(rows, 0.3, 0.2, which=set(range(15))),
    "each row otherwise": move_each_row_differently,
    "not more than the agreement": lambda rows: move_rows(rows, 0.006, 0.006),
    "nothing": lambda rows: [dict(row) for row in rows],
    "another edition": lambda rows: make_cells(4, 5),
    "most rows are new": lambda rows: move_rows(rows, 0.3, 0.2) + move_rows(make_cells(2, 4), 2000, 0),
}


@pytest.mark.parametrize("change", REAL_CHANGES.values(), ids=REAL_CHANGES)
def test_real_changes_are_never_taken_for_a_shift_and_change_no_comparison_result(change, before):
    after = change(before)
    found = compare_with_limits(before, after)
    assert found.shift is None
    assert describe_comparison(found) == describe_comparison(compare_with_limits(before, after, None))


@pytest.mark.parametrize("count", [1, 9])
def test_layer_of_fewer_rows_than_the_minimum_is_never_shifted_as_a_whole(count):
    before = make_cells(9, 1)[:count]
    found = compare_with_limits(before, move_rows(before, 0.3, 0.2))
    assert found.shift is None and found.changed_pieces


def test_shift_is_found_if_the_share_of_agreeing_rows_reaches_the_minimum_in_the_settings():
    before = make_cells(9, 1)
    after = move_rows(before, 0.3, 0.2, which=set(range(6)))
    assert compare_with_limits(before, after).shift is None
    assert compare_with_limits(before, after, ShiftLimits(5.0, 0.01, 0.6, 5)).shift.row_count == 6


# -- random layouts -----------------------------------------------------------------------------------------------------


@st.composite
def draw_shifted_layouts(draw):
    """Draw cells, a shift, and the shifted cells with a few changes; return also the unchanged cells."""
    xs, ys = (
        np.cumsum([0, *draw(st.lists(st.integers(20, 90), min_size=size, max_size=size))]).tolist() for size in (6, 4)
    )
    before = make_cells(lines=(xs, ys))
    for row in before:
        row["land_use"] = draw(st.sampled_from(["0101", "0103"]))
    if draw(st.booleans()):
        before = [row | {"key": ""} for row in before]
    east, north = (draw(st.integers(-40, 40)) / 100 for _ in range(2))
    after = move_rows(before, east, north)
    for n in sorted(draw(st.sets(st.integers(0, 23), max_size=3)), reverse=True):
        west, south, x, y = shapely.from_wkt(after[n]["wkt"]).bounds
        change = draw(st.sampled_from(["removed", "reduced", "divided", "other land use"]))
        if change == "removed":
            del after[n]
        elif change == "other land use":
            after[n]["land_use"] = "0102"
        else:
            middle = west + draw(st.integers(5, 15))
            after[n]["wkt"] = shapely.to_wkt(shapely.box(west, south, middle, y), rounding_precision=-1)
            if change == "divided":
                shape = shapely.box(middle, south, x, y)
                after.append(make_row(shape, 500 + n if before[0]["key"] else "", land_use=after[n]["land_use"]))
    return before, after, (east, north)


@pytest.mark.slow
@given(draw_shifted_layouts())
def test_moved_land_of_random_shifted_editions_equals_that_of_shapely_after_removing_the_shift(layout):
    before, after, (east, north) = layout
    found = compare_with_limits(before, after)
    moved_shapes = [shape.normalize() for shape in read_shapes(move_rows(before, east, north))]
    kept_count = sum(any(a.equals_exact(b.normalize(), 1e-6) for b in read_shapes(after)) for a in moved_shapes)
    has_too_few_kept = kept_count < LIMITS.min_share * max(len(before), len(after))
    if np.hypot(east, north) <= LIMITS.agreement_m or has_too_few_kept:
        assert found.shift is None
        return
    assert (found.shift.east_m, found.shift.north_m) == pytest.approx((east, north), abs=1e-6)
    old, new = read_shapes(move_rows(before, east, north)), read_shapes(after)
    scale = found.balance_by_basis["statutory"].before / sum(shape.area for shape in old)
    expected = measure_moved_land(before, after, old, new)
    assert list(sum_moved_areas(found)) == pytest.approx([area * scale for area in expected], rel=1e-4, abs=1e-2)
    assert abs(compute_rounding_error(found.balance_by_basis["statutory"])) < 1e-6
    originals = read_shapes(before)
    shifted = found.shift
    kept = zip(shifted.earlier_rows.tolist(), shifted.later_rows.tolist(), strict=True)
    pairs = [(originals[i], new[j]) for i, j in kept]
    assert all(a.normalize().equals_exact(b.normalize(), np.hypot(east, north) + 1e-6) for a, b in pairs)
    left = sum(a.difference(b).area for a, b in pairs) * scale
    out = sum(a.difference(shapely.union_all(new)).area for a, _ in pairs) * scale
    come = sum(b.difference(shapely.union_all(originals)).area for _, b in pairs) * scale
    assert (shifted.left_m2, shifted.moved_out_m2, shifted.moved_in_m2) == pytest.approx(
        (left, out, come), rel=1e-4, abs=1e-2
    )


@pytest.mark.slow
@given(draw_layouts(), st.booleans())
def test_random_editions_without_a_shift_compare_equally_with_and_without_the_search_for_a_shift(layout, only_one):
    before, after = layout
    if only_one:
        after = move_rows(before, 0.3, 0.2, which={0})
    found = compare_with_limits(before, after)
    assert found.shift is None
    assert describe_comparison(found) == describe_comparison(compare_with_limits(before, after, None))


# -- stated -----------------------------------------------------------------------------------------------------------


def write_editions(tmp_path, role="DLTB", **columns):
    boxes = [make_county_box(120 * n, 0) for n in range(12)]
    moved = [shapely.transform(box, lambda xy: xy + np.array([0.3, -0.2])) for box in boxes]
    moved[4] = shapely.transform(moved[4], lambda xy: np.where(xy == xy[:, 1].max(), xy - 20, xy))
    return [
        write_gpkg(tmp_path / f"{name}.gpkg", {role: make_table(shapes, **columns)})
        for name, shapes in (("前", boxes), ("后", moved))
    ]


def test_compare_command_states_the_shift_in_metres_and_that_the_areas_exclude_it(tmp_path, capsys):
    old, new = write_editions(tmp_path, DLBM=["0101"] * 12)
    assert main(["compare", str(old), str(new)]) == 1
    printed = capsys.readouterr().out
    assert printed.startswith("不一致。")
    assert (
        "整体平移：相对前一版东方向 0.300 米、北方向 −0.200 米（负值为向西、向南），11 个要素（占 91.67%）" in printed
    )
    assert "比对时已扣除平移" in printed and "平移的影响未计入上述面积" in printed
    assert "调出 1 块" in printed and "调入 0.00 平方米" in printed
    assert main(["compare", str(old), str(new), "--lang", "en"]) == 1
    printed = capsys.readouterr().out
    assert "shifted as a whole: 0.300 m east and −0.200 m north of the earlier one" in printed
    assert "11 features (91.67%)" in printed and "compared without the shift" in printed


SEALED_EDITION_RULES = ("LAW015", "LAW016", "LAW017")
PROFILE_WITH_SEALED_ROLES = 'id = "x"\nname = "某县"\narea_code = "140225"\n[sealed]\nroles = ["farmland", "STBHHX"]\n'


def make_sealed_layers():
    """Return the sealed edition: two fields, a red line and an urban boundary."""
    return {
        "YJJBNTBHTB": make_table(
            [make_county_box(0, 0), make_county_box(1200, 0)], DLBM=["0103", "0103"], YJJBNTMJ=[9000.0, 8000.0]
        ),
        "STBHHX": make_table([make_county_box(0, 200, 700, 300)]),
        "CZKFBJ": make_table([make_county_box(0, 600)], GHFQDM=["410"]),
    }


def make_plan_layers(**changed):
    """Return the layers of the sealed edition and two townships that meet at x = 1000."""
    townships = make_table(
        [make_county_box(-100, -100, 1100, 1100), make_county_box(1000, -100, 1100, 1100)], XZQMC=["甲镇", "乙镇"]
    )
    return {**make_sealed_layers(), "XZQXZ": townships, **changed}


def check_against_sealed(tmp_path, plan=None, before=None, rules=SEALED_EDITION_RULES, **options):
    source = write_gpkg(tmp_path / "plan.gpkg", plan or make_plan_layers())
    baseline = options.pop("baseline", None) or write_gpkg(tmp_path / "封库.gpkg", before or make_sealed_layers())
    return check_plan(source, RunOptions(rules=rules, baseline=str(baseline), **options))


def test_plan_equal_to_its_sealed_baseline_passes_every_rule(tmp_path):
    checked = check_against_sealed(tmp_path)
    assert {str(get_outcome_of_rule(checked.report, code).outcome) for code in SEALED_EDITION_RULES} == {"passed"}
    assert "与封库版本“封库.gpkg”比对" in join_notices(checked.report)
    assert "YJJBNTBHTB（2）" in join_notices(checked.report)


def test_rules_without_a_sealed_baseline_do_not_apply_and_explain_how_to_give_one(tmp_path):
    source = write_gpkg(tmp_path / "plan.gpkg", make_plan_layers())
    report = check_plan(source, RunOptions(rules=SEALED_EDITION_RULES)).report
    for code in SEALED_EDITION_RULES:
        outcome = get_outcome_of_rule(report, code)
        assert (outcome.outcome, "--baseline" in outcome.reason and "县配置" in outcome.reason) == (
            "not_applicable",
            True,
        )


@pytest.mark.parametrize("kind", ["degrees", "next zone", "gdb", "shapefiles"])
def test_sealed_baseline_in_another_format_or_crs_gives_no_finding(kind, tmp_path):
    tables = make_sealed_layers()
    if kind == "degrees":
        path = write_gpkg(tmp_path / "b.gpkg", {role: frame.to_crs(4490) for role, frame in tables.items()})
    elif kind == "next zone":
        path = write_gpkg(tmp_path / "b.gpkg", {role: frame.to_crs(4525) for role, frame in tables.items()})
    elif kind == "gdb":
        path = write_gdb(tmp_path / "b.gdb", tables)
    else:
        path = write_shapefiles(tmp_path / "b", "GBK", tables)
    report = check_against_sealed(tmp_path, baseline=path).report
    assert not report.findings, [f.message for f in report.findings]
    assert {str(get_outcome_of_rule(report, code).outcome) for code in SEALED_EDITION_RULES} == {"passed"}


def test_farmland_loss_is_reported_by_township_with_removed_and_added_land(tmp_path):
    farm = make_table(
        [make_county_box(0, 0, 100, 60), make_county_box(1200, 0), make_county_box(1400, 0, 50, 50)],
        DLBM=["0103"] * 3,
        YJJBNTMJ=[5400.0, 8000.0, 2500.0],
    )
    report = check_against_sealed(tmp_path, make_plan_layers(YJJBNTBHTB=farm)).report
    (loss,) = list_findings_of_rules(report, "LAW015")
    assert loss.township == "甲镇" and loss.severity is Severity.WARNING
    assert loss.params["loss"] == pytest.approx(3600.0, abs=0.01) and loss.net_area_m2 == pytest.approx(
        3600.0, abs=0.01
    )
    assert loss.geometry.area == pytest.approx(4000.0)
    assert "甲镇：永久基本农田保护图斑封库时净面积为 9000.00 m²，现为 5400.00 m²" in loss.message.replace("\u202f", "")
    moved = {(f.case, round(f.geometry.area)) for f in list_findings_of_rules(report, "LAW017")}
    assert moved == {("removed", 4000), ("added", 2500)}


@pytest.mark.parametrize("missing", [[None, None], [None, 8000.0]])
def test_missing_net_areas_in_the_sealed_baseline_skip_the_area_rules(tmp_path, missing):
    before = make_sealed_layers()
    before["YJJBNTBHTB"] = before["YJJBNTBHTB"].assign(YJJBNTMJ=pd.Series(missing, dtype=float))
    after = make_plan_layers(YJJBNTBHTB=make_table([make_county_box(1200, 0)], DLBM=["0103"], YJJBNTMJ=[8000.0]))
    report = check_against_sealed(tmp_path, after, before).report
    assert [str(get_outcome_of_rule(report, code).outcome) for code in SEALED_EDITION_RULES] == [
        "skipped",
        "skipped",
        "failed",
    ]
    assert (
        "没有净面积" in get_outcome_of_rule(report, "LAW015").reason
        and "没有净面积" in get_outcome_of_rule(report, "LAW016").reason
    )


def test_sealed_features_without_a_valid_shape_are_reported(tmp_path):
    """Seal one feature without a shape and one bow-tie.

    Nothing shows whether the land of the first is still there; the second is compared by a repaired copy.
    """
    before = make_sealed_layers()
    before["STBHHX"] = make_table([make_county_box(0, 200, 700, 300), None])
    bow = shapely.Polygon([(X, Y + 600), (X + 100, Y + 700), (X + 100, Y + 600), (X, Y + 700)])
    before["CZKFBJ"] = before["CZKFBJ"].set_geometry([bow], crs=4526)
    report = check_against_sealed(tmp_path, before=before).report
    outcome = get_outcome_of_rule(report, "LAW017")
    assert "“STBHHX”有 1 个要素没有可用的图形（140225000000000002），未比对" in outcome.reason
    assert "“CZKFBJ”有 1 个要素图形无效（140225000000000001）" in outcome.reason
    assert "封库版本的图层" not in get_outcome_of_rule(report, "LAW015").reason


@pytest.mark.parametrize("townships", [True, False])
@pytest.mark.parametrize("instead", [make_county_box(0, 0), make_county_box(0, 0, 100, 99), None])
def test_duplicate_or_shapeless_land_does_not_offset_a_farmland_loss(tmp_path, instead, townships):
    """Remove one field; another row has its net area on other land or no shape."""
    after = make_plan_layers(
        YJJBNTBHTB=make_table([make_county_box(0, 0), instead], DLBM=["0103"] * 2, YJJBNTMJ=[9000.0, 8000.0])
    )
    if not townships:
        del after["XZQXZ"]
    (loss,) = list_findings_of_rules(check_against_sealed(tmp_path, after, rules=("LAW015",)).report, "LAW015")
    assert (loss.params["before"], loss.params["now"], loss.params["loss"]) == (
        (8000.0, 0.0, 8000.0) if townships else (17000.0, 9000.0, 8000.0)
    )


def test_layer_sealed_by_the_profile_raises_its_change_findings_to_error(tmp_path):
    profile = tmp_path / "x.toml"
    profile.write_text(PROFILE_WITH_SEALED_ROLES, encoding="utf-8")
    plan = make_plan_layers(
        STBHHX=make_table([make_county_box(0, 200, 700, 310)]),
        CZKFBJ=make_table([make_county_box(0, 600, 110, 100)], GHFQDM=["410"]),
    )
    report = check_against_sealed(tmp_path, plan, rules=("LAW017",), profile=str(profile)).report
    assert {f.role: f.severity for f in report.findings} == {"STBHHX": Severity.ERROR, "CZKFBJ": Severity.WARNING}


@pytest.mark.parametrize(("profile_text", "severity"), [("", Severity.WARNING), ("[sealed]", Severity.ERROR)])
def test_layer_shifted_as_a_whole_gives_one_finding_besides_its_other_changes(tmp_path, profile_text, severity):
    boxes = [make_county_box(120 * n, 0, 100, 90) for n in range(12)]
    moved = [shapely.transform(box, lambda xy: xy + np.array([0.3, -0.2])) for box in boxes[:-1]]
    before = make_sealed_layers() | {"YJJBNTBHTB": make_table(boxes, DLBM=["0103"] * 12, YJJBNTMJ=[8000.0] * 12)}
    farm = make_table(moved, DLBM=["0103"] * 11, YJJBNTMJ=[8000.0] * 11)
    options = {}
    if profile_text:
        (tmp_path / "x.toml").write_text(PROFILE_WITH_SEALED_ROLES, encoding="utf-8")
        options["profile"] = str(tmp_path / "x.toml")
    report = check_against_sealed(tmp_path, make_plan_layers(YJJBNTBHTB=farm), before, **options).report
    findings = {f.case: f for f in list_findings_of_rules(report, "LAW017")}
    assert set(findings) == {"shifted", "removed"}
    shifted, removed = findings["shifted"], findings["removed"]
    assert shifted.severity == removed.severity == severity
    assert removed.geometry.area == pytest.approx(9000, rel=1e-6)
    figures = {name: shifted.params[name] for name in ("east", "north", "count", "share", "deviation")}
    assert figures == {"east": 0.3, "north": -0.2, "count": 11, "share": 91.67, "deviation": 0.0}
    assert shifted.params["moved_in"] == pytest.approx(11 * (0.3 * 90 + 0.2 * 100 - 0.06), rel=3e-3)
    assert "东方向 0.300 m、北方向 −0.200 m（负值为向西、向南），11 个要素（占 91.67%）" in shifted.message
    (loss,) = list_findings_of_rules(report, "LAW015")
    assert loss.params["moved_in"] == 0 and loss.params["loss"] == pytest.approx(8000.0)
    assert "已扣除平移" in get_outcome_of_rule(report, "LAW015").reason


def test_sealed_layers_may_be_given_as_concepts_or_layer_codes(tmp_path):
    default = Norm(load_standard(), load_profile())
    assert all(is_sealed(role, default) for role in ("YJJBNTBHTB", "YJJBNTTB")) and not is_sealed("CZKFBJ", default)
    assert is_sealed("STBHHX", default) and not is_sealed_by_profile("STBHHX", default)
    path = tmp_path / "x.toml"
    path.write_text(PROFILE_WITH_SEALED_ROLES, encoding="utf-8")
    own = Norm(load_standard(), load_profile(path))
    assert is_sealed_by_profile("STBHHX", own) and is_sealed_by_profile("YJJBNT", own)
    path.write_text(PROFILE_WITH_SEALED_ROLES.replace("STBHHX", "红线"), encoding="utf-8")
    with pytest.raises(DataError) as error:
        load_profile(path)
    assert "sealed.roles" in explain_error(error.value) and "红线" in explain_error(error.value)


def test_unusable_sealed_baseline_is_refused_before_any_rule_runs(tmp_path):
    for path, expected in (
        (tmp_path / "没有.gpkg", "没有.gpkg"),
        (write_gpkg(tmp_path / "别的.gpkg", {"DLTB": make_table([make_county_box(0, 0)])}), "没有三条控制线"),
        (write_gpkg(tmp_path / "plan.gpkg", make_plan_layers()), "与被检查的数据是同一份"),
    ):
        with pytest.raises(InputError) as error:
            check_against_sealed(tmp_path, baseline=path)
        assert expected in explain_error(error.value)


@pytest.mark.slow
def test_changed_attributes_on_unmoved_land_give_a_warning(tmp_path):
    farmland = make_plan_layers()["YJJBNTBHTB"]
    after = make_plan_layers(YJJBNTBHTB=farmland.assign(DLBM="0101"))
    report = check_against_sealed(
        tmp_path, after, make_plan_layers(YJJBNTBHTB=farmland.assign(DLBM="0103")), rules=("LAW017",)
    ).report
    (other,) = [f for f in report.findings if f.role == "YJJBNTBHTB"]
    assert (other.case, other.severity) == ("other", Severity.WARNING) and "DLBM" in other.message


@pytest.mark.slow
def test_check_against_a_sealed_file_changes_no_input_and_refuses_the_sealed_file_as_output(tmp_path):
    before = write_gpkg(tmp_path / "封库.gpkg", make_sealed_layers())
    source = write_gpkg(
        tmp_path / "plan.gpkg", make_plan_layers(CZKFBJ=make_table([make_county_box(0, 600, 110, 100)], GHFQDM=["410"]))
    )
    sums = hash_files(before, source)
    arguments = ["check", str(source), "--baseline", str(before), "--rules", "LAW017"]
    assert main([*arguments, "--json", str(tmp_path / "r.json")]) == 0
    assert main([*arguments, "--strict"]) == 1
    assert main([*arguments, "--findings", str(before)]) == 2
    assert hash_files(before, source) == sums


def test_sealed_layer_under_another_name_of_the_same_concept_is_compared(tmp_path):
    """Seal 永久基本农田图斑 (YJJBNTTB) and check a plan that has YJJBNTBHTB."""
    before = make_sealed_layers()
    before["YJJBNTTB"] = before.pop("YJJBNTBHTB")
    report = check_against_sealed(tmp_path, before=before).report
    assert not report.findings, [f.message for f in report.findings]
    assert str(get_outcome_of_rule(report, "LAW015").outcome) == "passed"


def test_rules_that_use_a_sealed_baseline_are_excluded_from_incremental_checks():
    sided = [rule for rule in load_all_rules().values() if rule.side]
    assert {rule.code for rule in sided} == set(SEALED_EDITION_RULES) and not any(rule.local for rule in sided)
