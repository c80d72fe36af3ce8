# SPDX-License-Identifier: GPL-2.0-or-later
"""Test in the real desktop that a window for farmland is cut, registered and undone by mouse and keyboard.

Screenshots are saved in build/screenshots.
"""

import pytest
import shapely

#: Land (m²) by which the figures of shapes may differ.
ROUNDING_M2 = 0.01


@pytest.fixture(scope="module", params=[("1366x768", "1"), ("1920x1080", "2")], ids=["small", "double scale"])
def boundary_window_facts(desktop, request):
    size, scale = request.param
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QT_SCALE_FACTOR", scale)
        patch.setenv("SANXIAN_PICTURE", f"window-{size}-{scale}")
        yield desktop("farmland_window", size=size, timeout=400)


def read_shape(hex_text):
    return shapely.from_wkb(bytes.fromhex(hex_text))


def list_holes(boundary):
    return [shapely.Polygon(ring) for part in shapely.get_parts(boundary) for ring in part.interiors]


def test_boundary_window_cut_by_a_fix_removes_exactly_the_farmland(boundary_window_facts):
    before, after, farmland = (read_shape(boundary_window_facts[name]) for name in ("before", "after", "farmland"))
    overlap = shapely.intersection(before, farmland)
    assert overlap.area > 10_000
    assert before.area - after.area == pytest.approx(overlap.area, abs=ROUNDING_M2)
    assert shapely.intersection(after, farmland).area < ROUNDING_M2
    former = list_holes(before)
    (hole,) = [one for one in list_holes(after) if not any(one.equals(other) for other in former)]
    assert shapely.symmetric_difference(hole, overlap).area < ROUNDING_M2
    assert len(list_holes(after)) == len(former) + 1 and after.is_valid


def test_preview_of_a_boundary_window_changes_nothing_and_fits_the_screen(boundary_window_facts):
    assert boundary_window_facts["fix"] == "FIX010" and boundary_window_facts["fits"]
    assert (
        boundary_window_facts["rows_in_preview"] == boundary_window_facts["rows_before"]
        and boundary_window_facts["register_in_preview"] == []
    )
    assert any(row[2] not in ("", "0.00") for row in boundary_window_facts["areas"])
    assert any("REL002" in line for line in boundary_window_facts["outcome"])
    assert boundary_window_facts["apply"] == "切换编辑状态并应用"


def test_applied_boundary_window_resolves_its_finding_and_changes_no_other_row(boundary_window_facts):
    assert "county.windows.csv" in boundary_window_facts["message"]
    assert not boundary_window_facts["conflict_after"] and not boundary_window_facts["conflict_after_check"]
    pairs = list(zip(boundary_window_facts["rows_before"], boundary_window_facts["rows_after"], strict=True))
    assert [before[0] for before, after in pairs if before != after] == [
        row[0] for row in boundary_window_facts["rows_before"] if row[1] == boundary_window_facts["before"]
    ]


def test_window_register_and_findings_list_have_an_entry_for_the_new_boundary_window(boundary_window_facts):
    (row,) = boundary_window_facts["register_after"]
    overlap = shapely.intersection(
        read_shape(boundary_window_facts["before"]), read_shape(boundary_window_facts["farmland"])
    )
    # The register has the area on the ellipsoid.
    assert row["状态"] == "登记" and float(row["面积（m²）"]) == pytest.approx(overlap.area, rel=1e-3)
    assert boundary_window_facts["new_windows"] == 1
    assert len(boundary_window_facts["windows_after"]) == len(boundary_window_facts["windows_before"]) + 1
    shape, message = next(one for one in boundary_window_facts["windows_after"] if row["登记时间"] in one[1])
    assert shapely.symmetric_difference(read_shape(shape), overlap).area < ROUNDING_M2
    assert "已登记" in message and any(row["登记时间"] in text for text in boundary_window_facts["shown"])


def test_one_undo_reverts_shape_and_registration_of_a_boundary_window(boundary_window_facts):
    assert (
        boundary_window_facts["rows_undone"] == boundary_window_facts["rows_before"]
        and boundary_window_facts["conflict_undone"]
    )
    assert [row["状态"] for row in boundary_window_facts["register_undone"]] == ["登记", "撤销"]
    assert boundary_window_facts["windows_listed_after_undo"] == len(boundary_window_facts["windows_before"])
    shapes = [shape for shape, _message in boundary_window_facts["windows_undone"]]
    assert sorted(shapes) == sorted(shape for shape, _message in boundary_window_facts["windows_before"])
    assert not any("已登记" in message for _shape, message in boundary_window_facts["windows_undone"])


def test_messages_do_not_widen_the_main_window_beyond_the_screen(boundary_window_facts):
    assert len(boundary_window_facts["widths"]) == 2 and all(
        width <= screen for width, screen in boundary_window_facts["widths"]
    )


def test_cutting_a_boundary_window_logs_no_error_and_qgis_exits_with_code_zero(boundary_window_facts):
    assert boundary_window_facts["log"] == [] and boundary_window_facts["returncode"] == 0
