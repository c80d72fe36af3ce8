# SPDX-License-Identifier: GPL-2.0-or-later
"""A VCT file as a data set of a package: validated, written and read back."""

import re

import pytest
import shapely
from pyproj import CRS

from plugin.core.base.errors import NEVER_CANCELLED, DataError, InputError
from plugin.core.package.layers.content import make_package_layers
from plugin.core.package.layers.layer_validation import validate_layer
from plugin.core.package.layers.vct import read_back_vct_set, write_vct_set
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.package.problems import ProblemLevel
from plugin.core.standard.messages.texts import Texts
from tests.core.package_fixtures import (
    PARCEL_VALUES,
    make_awkward_shapes,
    make_data_set_spec,
    make_package_plan,
    make_parcel_table,
)
from tests.core.small_plan import X, Y, make_county_box, make_table

pytest.importorskip("shapely")

AREA_VALUES = [10_000.123456789, 0.1, 1 / 3, 123456.7, None]


def make_vct_spec(crs="EPSG:4526", **more):
    return make_data_set_spec("库 一.vct", crs=crs, encoding="GBK", **more)


def make_vct_plan():
    return make_package_plan(
        DLTB=make_awkward_shapes().assign(
            TBMJ=AREA_VALUES,
            ZLDWMC=["浑源县永安镇", "一，二", "a'b\"c", None, "长" * 60],
            SJNF=[2020, None, 2020, 2020, 2020],
        ),
        XZQX=make_table([make_county_box(0, 0, 2000, 1000)], XZQDM=["140225"], XZQMC=["浑源县"]),
        ZDJTJCSSX=make_table(
            [
                shapely.LineString([(X, Y), (X + 50.5, Y + 7.25), (X + 90, Y)]),
                shapely.MultiLineString([[(X, Y), (X + 9, Y)], [(X, Y + 20), (X + 9, Y + 20)]]),
            ],
            MC=["108国道", "两段"],
        ),
        ZDJCSSD=make_table([shapely.Point(X + 1 / 3, Y + 1 / 7), None], MC=["变电站", "没有位置"]),
    )


def write_and_read(path, plan, crs="EPSG:4526", change=lambda text: text):
    """Write a data set, change its text, read it back.

    Return the written contents and the comparisons by layer.
    """
    filled, _ = make_package_layers(plan, make_vct_spec(crs))
    plane = CRS.from_user_input(crs)
    more = {"progress": lambda rows: None, "cancellation": NEVER_CANCELLED}
    written = write_vct_set(path, filled, plane, **more)
    text = path.read_bytes().decode("gbk")
    path.write_bytes(change(text).encode("gbk"))
    return filled, {content.name: done for content, done in read_back_vct_set(path, filled, plane, written, **more)}


@pytest.mark.parametrize("crs", ["EPSG:4490", "EPSG:4526", "EPSG:4547"])
def test_vct_data_set_of_a_package_reads_back_equal(tmp_path, crs):
    plan = make_vct_plan()
    filled, found = write_and_read(tmp_path / "库 一.vct", plan, crs)
    assert list(found) == [c.name for c in filled] and len(found) == 4
    for content in filled:
        done = found[content.name]
        assert not done.difference_counts, (content.name, done.difference_counts)
        assert done.feature_count == len(content) and done.field_count == len(content.template.fields)
        assert done.max_vertex_shift_m <= 1e-4 and done.library_version == "sanxian VCT 3.0"
    assert found["DLTB"].areas_m2["statutory"] == pytest.approx(plan.layers["DLTB"].statutory.sum(), abs=0.05)


@pytest.mark.parametrize(
    ("old", "new", "layer", "kind"),
    [
        (r"浑源县永安镇", "浑源县永安真", "DLTB", "value"),
        (r"(?<=,)0\.333333333333(?=,)", "0.333333334", "DLTB", "value"),
        (r"(?<=,)2020(?=,)", "2021", "DLTB", "value"),
        (r"\n(\d+),[^\n]*长{60}[^\n]*", "", "DLTB", "value"),
        (r"\nDLTB,(\d+)\r\nBSM,Char,18", r"\nDLTB,\1\r\nBSM,Char,17", "DLTB", "width"),
        (r"\n\d+,[^\n]*108国道[^\n]*", "", "ZDJTJCSSX", "count"),
        (r"变电站", "变电站", "", ""),
        (r"(?<=\n11\r\n3\r\n)(\d+)(\.\d+)?,(\d+)", r"\1.7,\3", "ZDJTJCSSX", "shape"),
    ],
    ids=["text", "number", "whole number", "a row gone", "width", "a row of lines gone", "nothing", "a vertex"],
)
def test_difference_found_when_a_vct_data_set_is_read_back_is_reported(tmp_path, old, new, layer, kind):
    def change(text):
        made, count = re.subn(old, new, text, count=1)
        assert count or not layer, old
        return made

    _, found = write_and_read(tmp_path / "a.vct", make_vct_plan(), change=change)
    different = {name: {k for k, _ in done.difference_counts} for name, done in found.items() if done.difference_counts}
    assert (kind in different[layer]) if layer else not different, different


def test_value_changed_on_one_part_of_a_multipart_feature_in_a_vct_file_is_reported_on_reading_back(tmp_path):
    def change(text):
        lines = text.split("\r\n")
        first = next(n for n, line in enumerate(lines) if ",一，二," in line)
        lines[first + 1] = lines[first + 1].replace("一，二", "一，三")
        return "\r\n".join(lines)

    _, found = write_and_read(tmp_path / "a.vct", make_vct_plan(), change=change)
    assert found["DLTB"].difference_counts["value", "ZLDWMC"] == 1


def test_damaged_vct_data_set_is_refused_with_its_line(tmp_path):
    with pytest.raises(InputError) as caught:
        write_and_read(tmp_path / "a.vct", make_vct_plan(), change=lambda text: text[: len(text) // 2])
    assert caught.value.params["line"] > 10


def list_validation_problems(plan, crs="EPSG:4526", layer="DLTB"):
    """Return the problems of a layer before VCT is written, by level and key."""
    content = next(c for c in make_package_layers(plan, make_vct_spec(crs))[0] if c.name == layer)
    return {
        (p.level, p.key): p
        for p in validate_layer(content, make_vct_spec(crs), plan.norm.standard.code_lists)
        if p.key not in ("fields_lacking",)
    }


@pytest.mark.parametrize(
    ("columns", "level", "key"),
    [
        ({"ZLDWMC": ["a,b", None, None]}, ProblemLevel.STOP, "separator_inside"),
        ({"ZLDWMC": ["a\nb", None, None]}, ProblemLevel.STOP, "separator_inside"),
        ({"ZLDWMC": ["𠮷村", None, None]}, ProblemLevel.STOP, "vct_not_gbk"),
        ({"ZLDWMC": ["长" * 300, None, None]}, ProblemLevel.STOP, "too_long"),
        ({"DLBM": ["9999", "0103", "0103"]}, None, "code_unverified"),
        ({"MJ": [1e14, 1.0, 1.0]}, ProblemLevel.GATE, "vct_wide"),
        ({"MJ": [1 / 3, 1.0, 1.25]}, ProblemLevel.NOTE, "vct_finer"),
    ],
    ids=["comma", "line end", "GBK", "long", "code", "wide", "decimals"],
)
def test_values_unsuitable_for_vct_are_reported_before_writing(columns, level, key):
    layer = "XZQX" if "MJ" in columns else "DLTB"
    counties = make_table([make_county_box(100 * n, 0) for n in range(3)], XZQDM=["140225"] * 3, XZQMC=["浑源县"] * 3)
    plan = (
        make_package_plan(DLTB=make_parcel_table(3, **columns))
        if layer == "DLTB"
        else make_package_plan(XZQX=counties.assign(**columns))
    )
    found = list_validation_problems(plan, layer=layer)
    reported = [p for (at, name), p in found.items() if name == key and level in (None, at)]
    assert len(reported) == 1 and reported[0].count == 1, found.keys()
    for lang in ("zh", "en"):
        message = reported[0].format_as_sentence(Texts(lang))
        assert layer in message and next(iter(columns)) in message


def test_shapes_that_vct_rounding_would_change_are_reported_before_writing():
    hair = shapely.box(X, Y, X + 1e-6, Y + 1e-6)
    close = shapely.Polygon([(X, Y), (X + 10, Y), (X + 10, Y + 10), (X + 10 - 1e-6, Y + 10), (X, Y + 10)])
    plan = make_package_plan(
        DLTB=make_table(
            [hair, close, shapely.union(make_county_box(0, 0), make_county_box(300, 0))],
            **{k: [v] * 3 for k, v in PARCEL_VALUES.items()},
        )
    )
    found = list_validation_problems(plan)
    assert found[ProblemLevel.STOP, "vct_collapsed"].count == found[ProblemLevel.NOTE, "vct_merged"].count == 1
    assert found[ProblemLevel.NOTE, "vct_parts"].count == 1


def test_vertices_merged_by_vct_rounding_are_no_difference_on_reading_back(tmp_path):
    close = shapely.Polygon([(X, Y), (X + 10, Y), (X + 10, Y + 10), (X + 10 - 1e-6, Y + 10), (X, Y + 10)])
    _, found = write_and_read(
        tmp_path / "a.vct", make_package_plan(DLTB=make_table([close], **{k: [v] for k, v in PARCEL_VALUES.items()}))
    )
    assert not found["DLTB"].difference_counts


def test_area_change_by_rounding_corners_of_long_edges_is_no_difference_when_a_vct_file_is_read_back(tmp_path):
    """Round corners of edges of 20 km, which changes the area by some square metres."""
    corners = [
        (X + 0.12344, Y + 0.43216),
        (X + 20_000.98765, Y + 0.55554),
        (X + 20_000.1, Y + 20_000.3333),
        (X, Y + 20_000.77777),
    ]
    plan = make_package_plan(DLTB=make_table([shapely.Polygon(corners)], **{k: [v] for k, v in PARCEL_VALUES.items()}))
    _, found = write_and_read(tmp_path / "a.vct", plan)
    assert not found["DLTB"].difference_counts and found["DLTB"].max_area_difference_m2 > 0.01


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ('crs = "EPSG:32649"', "package_crs"),
        ('crs = "EPSG:4490"\nencoding = "UTF-8"', "data_value_unknown"),
        ('crs = "EPSG:4490"\nvertical = "EPSG:5736"', "data_value_unknown"),
    ],
)
def test_package_spec_with_settings_that_vct_does_not_support_is_refused(tmp_path, more, key):
    text = load_package_spec("county").path.read_text(encoding="utf-8")
    text = text.replace('.gdb"\ncrs = "EPSG:4490"\nvertical = ""', f'.vct"\n{more}')
    path = tmp_path / "省.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_package_spec(path)
    assert caught.value.key == key and "vector[1]" in caught.value.params["key"]
