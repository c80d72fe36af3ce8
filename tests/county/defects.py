# SPDX-License-Identifier: GPL-2.0-or-later
"""All planted defects in order, and those of single rows.

Single rows get wrong geometries, feature numbers, codes and areas.
"""

from __future__ import annotations

import numpy as np
import shapely

from tests.county import conflicts, coverage, heritage, templates
from tests.county.attributes import CULTIVATED
from tests.county.defect_editor import EDGE, FARM, FIELD, HERITAGE, PARCEL, TOWNSHIP, ZONE, DefectEditor


def plant_defects(editor: DefectEditor) -> None:
    coverage.plant_doubled_boundary(editor)
    conflicts.plant_conflicts(editor)
    coverage.plant_overlaps(editor)
    coverage.plant_gaps(editor)
    coverage.plant_rows_outside_the_county(editor)
    plant_broken_geometries(editor)
    plant_uncultivated_farmland(editor)
    plant_multipart_row(editor)
    plant_wrong_net_areas(editor)
    plant_wrong_codes(editor)
    plant_repeated_and_missing_keys(editor)
    plant_missing_field(editor)


def plant_broken_geometries(editor: DefectEditor) -> None:
    """Plant rows without a shape, with an empty one, and with invalid polygons."""
    for role, chosen in ((FIELD, editor.fields), (PARCEL, editor.wild)):
        parcel, _ = editor.choose(chosen, around=False)
        row = editor.row(role, parcel)
        editor.reshape(role, row, None)
        editor.expect("GEO001", role, row, what="a row without a shape")
        if role == PARCEL:
            _expect_uncovered_land(editor, parcel, editor.fabric.polygons[parcel], "a parcel without a shape")
        else:
            _expect_unprotected_farmland(editor, parcel, editor.fabric.polygons[parcel], "a target without a shape")
    row = editor.add(HERITAGE, shapely.Polygon(), MC="旧县衙遗址保护范围")
    editor.expect("GEO001", HERITAGE, row, what="a row with an empty shape")

    for role, chosen in ((FIELD, editor.fields), (FARM, editor.farmland), (PARCEL, editor.wild)):
        parcel, ring = editor.choose(
            chosen, lambda p: len(ring := editor.make_inner_ring(p)) >= 4 and [ring], around=False
        )
        row = editor.row(role, parcel)
        # Two corners are swapped; the shape is small, so that its repaired copy stays within the parcel.
        bow_tie = shapely.Polygon(ring[0][[0, 2, 1, 3]])
        editor.reshape(role, row, bow_tie)
        editor.expect("GEO002", role, row, what="a bow-tie")
        rest = editor.fabric.polygons[parcel].difference(shapely.make_valid(bow_tie))
        if role == PARCEL:
            _expect_uncovered_land(editor, parcel, rest, "a parcel that shrank to a bow-tie")
        elif role == FIELD:
            _expect_unprotected_farmland(editor, parcel, rest, "a target that shrank to a bow-tie")
    parcel, _ = editor.choose(editor.fields, around=False)
    row, site = editor.row(FIELD, parcel), np.round(editor.fabric.sites[parcel], 3)
    editor.reshape(FIELD, row, shapely.Polygon(site + np.outer([0, 1, 2], [30, 10])))
    editor.expect("GEO002", FIELD, row, what="a polygon without area")
    _expect_unprotected_farmland(editor, parcel, editor.fabric.polygons[parcel], "a target without area")
    parcel, _ = editor.choose(editor.wild, around=False)
    ring = shapely.get_coordinates(
        heritage.make_round_polygon(editor.fabric.sites[parcel], 40, editor.fabric.land.seed, 903)
    )
    spike = np.vstack([ring[:3], ring[2] + [25, 40], ring[2:]])
    row = editor.add(HERITAGE, shapely.Polygon(spike), MC="烽火台遗址保护范围")
    editor.expect("GEO002", HERITAGE, row, what="a spike: the ring runs out and back on itself")


def _expect_uncovered_land(editor: DefectEditor, parcel: int, shape: shapely.Geometry, what: str) -> None:
    """Record an expected TOP006: township land without a parcel."""
    editor.expect("TOP006", TOWNSHIP, editor.row(TOWNSHIP, parcel), related_role=PARCEL, shape=shape, what=what)


def _expect_unprotected_farmland(editor: DefectEditor, parcel: int, shape: shapely.Geometry, what: str) -> None:
    """Record an expected LAW010 if the parcel is permanent basic farmland: its land is outside the targets."""
    if editor.farmland[parcel]:
        row = editor.row(FARM, parcel)
        editor.expect("LAW010", FARM, row, severity="WARNING", related_role=FIELD, shape=shape, net_of=row, what=what)


def plant_multipart_row(editor: DefectEditor) -> None:
    level = editor.lines.deduction_rate == 0
    for role, chosen, gross, net in (
        (FIELD, editor.fields, "TBMJ", "TBDLMJ"),
        (FARM, editor.farmland, "YJJBNTTBMJ", "YJJBNTMJ"),
    ):
        first, _ = editor.choose(chosen & level, around=False)
        candidates = chosen & level
        candidates[[n for n in editor.fabric.neighbours(first) if n < len(candidates)]] = False
        second, _ = editor.choose(candidates, around=False)
        row, other = editor.row(role, first), editor.row(role, second)
        editor.reshape(role, row, shapely.multipolygons([editor.shape(role, row), editor.shape(role, other)]))
        for name in (gross, net):
            editor.change(
                role, row, **{name: round(editor.value(role, row, name) + editor.value(role, other, name), 2)}
            )
        editor.drop_row(role, other)
        editor.expect("GEO003", role, row, what="two parcels under one number")


def plant_uncultivated_farmland(editor: DefectEditor) -> None:
    names = templates.read_code_names("sandiao")
    for code in ("0201K", "0301"):
        parcel, _ = editor.choose(editor.farmland, around=False)
        row = editor.row(FARM, parcel)
        editor.change(FARM, row, DLBM=code, DLMC=names[code])
        editor.expect(
            "LAW010", FARM, row, field="DLBM", shape=editor.fabric.polygons[parcel], net_of=row,
            what=f"permanent basic farmland of class {code}",
        )  # fmt: skip
    parcel, _ = editor.choose(editor.farmland, around=False)
    row = editor.row(PARCEL, parcel)
    gross = editor.value(PARCEL, row, "TBMJ")
    editor.change(PARCEL, row, DLBM="0305", DLMC=names["0305"], KCDLBM=None, KCXS=0.0, KCMJ=0.0, TBDLMJ=gross)
    editor.change(PARCEL, row, GDLX=None, GDPDJB=None, GDDB=np.nan)
    what = "permanent basic farmland where the survey has shrubs"
    editor.expect_pair(
        "LAW010", (FARM, editor.row(FARM, parcel)), (PARCEL, row), editor.fabric.polygons[parcel], what, field="DLBM"
    )


def plant_wrong_net_areas(editor: DefectEditor) -> None:
    lines = editor.lines
    ploughed = np.isin(editor.layers[PARCEL]["DLBM"].iloc[: len(editor.fabric)].to_numpy(), CULTIVATED)
    terraces = editor.fields & (lines.deduction_rate > 0) & ploughed

    def broken(role, chosen, name, new, what):
        parcel, _ = editor.choose(chosen, around=False)
        row = editor.row(role, parcel)
        values = {one: editor.value(role, row, one) for one in editor.layers[role].columns}
        editor.change(role, row, **new(values))
        editor.expect("ATT003", role, row, severity="WARNING", field=name, what=what)
        if name == "KCXS" and not editor.value(role, row, "KCDLBM"):
            editor.expect("ATT019", role, row, severity="INFO", field="KCDLBM", what="a deduction without its class")

    broken(
        PARCEL, terraces, "KCMJ",
        lambda v: {"KCMJ": round(v["KCMJ"] + 100, 2), "TBDLMJ": round(v["TBDLMJ"] - 100, 2)},
        "deduction is not gross area times rate",
    )  # fmt: skip
    broken(PARCEL, terraces, "TBDLMJ", lambda v: {"TBDLMJ": v["TBMJ"]}, "net area without the deduction")
    broken(FARM, editor.farmland, "KCXS", lambda _: {"KCXS": 1.2}, "deduction rate above 1")
    sloping = editor.farmland & (lines.deduction_rate > 0)
    broken(FARM, sloping, "YJJBNTMJ", lambda v: {"YJJBNTMJ": v["YJJBNTTBMJ"]}, "net area without the deduction")
    broken(FARM, editor.farmland, "YJJBNTMJ", lambda _: {"YJJBNTMJ": np.nan}, "net area missing")


def plant_wrong_codes(editor: DefectEditor) -> None:
    lines = editor.lines
    no_farmland = np.ones(len(editor.fabric), bool)
    for parcels in editor.county.parcels[ZONE]:
        no_farmland[parcels] = not lines.farmland[parcels].any()
    name = templates.read_code_names("sandiao")
    wooded = editor.wild & (editor.layers[PARCEL]["DLBM"].iloc[: len(editor.fabric)] == "0301").to_numpy()
    special = lines.boundary == 430
    for role, chosen, values, field in (
        (PARCEL, editor.wild, {"DLBM": "0308"}, "DLBM"),
        (PARCEL, wooded, {"DLMC": name["0305"]}, "DLMC"),
        (PARCEL, lines.village_land, {"CZCSXM": "206"}, "CZCSXM"),
        (FIELD, editor.fields, {"GDLX": "TD"}, "GDLX"),
        (FARM, editor.farmland, {"GDPDJB": "6"}, "GDPDJB"),
        (ZONE, no_farmland & (lines.zone == 520), {"GHFQDM": "550"}, "GHFQDM"),
        (EDGE, special if special.any() else lines.boundary > 0, {"GHFQMC": "特殊用途区"}, "GHFQMC"),
    ):
        parcel, _ = editor.choose(chosen, around=False)
        row = editor.row(role, parcel)
        editor.change(role, row, **values)
        what = "a name that is not the code's" if field.endswith("MC") else "a code that is not in its list"
        editor.expect("ATT002", role, row, severity="WARNING", field=field, what=what)


def plant_repeated_and_missing_keys(editor: DefectEditor) -> None:
    for role, chosen, times in ((PARCEL, editor.wild, 2), (FIELD, editor.fields, 3)):
        rows = [editor.row(role, editor.choose(chosen, around=False)[0]) for _ in range(times)]
        for row in rows[1:]:
            editor.change(role, row, BSM=editor.key(role, rows[0]))
        editor.expect("ATT001", role, rows[0], field="BSM", what=f"one number for {times} rows")
    for role, chosen in ((PARCEL, editor.wild), (FIELD, editor.fields)):
        row = editor.row(role, editor.choose(chosen, around=False)[0])
        editor.change(role, row, BSM=None)
        editor.expect("ATT001", role, row, field="BSM", what="a row without a number")


def plant_missing_field(editor: DefectEditor) -> None:
    editor.layers[FIELD] = editor.layers[FIELD].drop(columns="KCMJ")
    editor.expect("SCH002", FIELD, field="KCMJ", what="a field that the net-area rule needs is missing")
