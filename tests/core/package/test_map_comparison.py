# SPDX-License-Identifier: GPL-2.0-or-later
"""Maps of a package compared with maps drawn again from its layers."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from plugin.core.cancellation import NEVER_CANCELLED
from plugin.core.check import RunOptions, check_plan
from plugin.core.errors import OutputError
from plugin.core.exchange.gdal_setup import load_gdal
from plugin.core.package.generator import compute_generator_digest
from plugin.core.package.inspection.collect_facts import collect_package_facts
from plugin.core.package.inspection.map_comparison import MapComparer, measure_difference
from plugin.core.package.maps.slots import RenderedMap
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.standard.map_set import MissingMapReason
from tests.core.small_plan import convert_to_source_layers

SPEC = load_package_spec("county")
MAP_PATH = "4-规划图件/140225浑源县02县域三条控制线图.jpg"
DRAWN_WITH = "QGIS 3.40, 一种字体"
#: Reduced pixels of a sheet: a frame around three areas.
PIXELS = np.full((3, 120, 160), 255, np.uint8)
PIXELS[:, 30:90, 20:60], PIXELS[0, 30:90, 60:100], PIXELS[:, 8:12, 130:150] = 120, 40, 20


def paint_rows(pixels, row_slice, column_slice, level=255):
    painted = pixels.copy()
    painted[:, row_slice, column_slice] = level
    return painted


def write_jpg(path, pixels):
    """Write reduced pixels as a jpg of eight times their size."""
    full = np.ascontiguousarray(pixels.repeat(8, axis=1).repeat(8, axis=2))
    with load_gdal() as gdal:
        picture = gdal.GetDriverByName("MEM").Create("", full.shape[2], full.shape[1], 3)
        for n, band in enumerate(full, 1):
            picture.GetRasterBand(n).WriteRaster(0, 0, full.shape[2], full.shape[1], band.tobytes())
        gdal.GetDriverByName("JPEG").CreateCopy(str(path), picture, options=["QUALITY=92"])
    return path


@pytest.fixture(scope="module")
def plan():
    return check_plan(convert_to_source_layers(), RunOptions(profile="hunyuan", rules=("SCH001",))).plan


@pytest.fixture
def compare_with_redrawn_map(plan):
    return partial(compare_map, plan)


@pytest.fixture
def package_folder(tmp_path):
    folder = tmp_path / "140225浑源县国土空间总体规划"
    (folder / MAP_PATH).parent.mkdir(parents=True)
    write_jpg(folder / MAP_PATH, PIXELS)
    return folder


def compare_map(plan, folder, drawn=PIXELS, row=(), head=(), draw=None):
    """Return the only compared map of a package whose map is drawn again as ``drawn``."""

    def draw_picture(job):
        for request in job.requests:
            write_jpg(job.target_folder / request.file_name, drawn)
            yield RenderedMap(request, (request.file_name,), "EPSG:4526", 240000, programs=DRAWN_WITH)

    facts = collect_package_facts(folder, SPEC)
    manifest = {
        "profile": {"id": plan.norm.profile.id},
        "standard": {"id": plan.norm.standard.id},
        "secrecy": "内部",
        "maps": [{"file": MAP_PATH, "origin": "made", "drawn_with": DRAWN_WITH, **dict(row)}],
        **dict(head),
    }
    comparer = MapComparer(folder, draw or draw_picture, "zh", NEVER_CANCELLED)
    compared = comparer(replace(facts, manifest=manifest), plan)
    assert comparer(replace(facts, manifest=manifest), plan) is compared
    return compared[0] if compared else None


def test_map_equal_to_the_one_drawn_again_gives_no_difference(compare_with_redrawn_map, package_folder):
    assert (
        compare_with_redrawn_map(package_folder)[:2] == (MAP_PATH, "")
        and compare_with_redrawn_map(package_folder).difference is None
    )


def test_map_symbol_painted_over_is_reported_at_its_place(compare_with_redrawn_map, package_folder):
    write_jpg(package_folder / MAP_PATH, paint_rows(PIXELS, slice(6, 14), slice(128, 152)))
    difference = compare_with_redrawn_map(package_folder).difference
    pixel_mm = 8 * 25.4 / 300
    assert 130 * pixel_mm < difference.x_mm < 150 * pixel_mm and 6 * pixel_mm < difference.y_mm < 14 * pixel_mm
    assert 0.3 < difference.area_cm2 < 1


def test_small_symbol_at_another_place_counts_as_a_map_difference(compare_with_redrawn_map, package_folder):
    moved = paint_rows(paint_rows(PIXELS, slice(100, 104), slice(40, 44), 0), slice(50, 52), slice(70, 72))
    assert compare_with_redrawn_map(package_folder, moved).difference is not None


def test_map_of_another_size_counts_as_a_map_difference(compare_with_redrawn_map, package_folder):
    assert compare_with_redrawn_map(package_folder, PIXELS[:, :100]).difference is not None


def test_noise_and_recompression_of_a_jpg_do_not_count_as_a_map_difference():
    noise = np.random.default_rng(1).integers(-8, 9, PIXELS.shape)
    assert measure_difference(PIXELS, np.clip(PIXELS.astype(int) + noise, 0, 255)) is None


@pytest.mark.parametrize(
    ("row", "reason"), [({"drawn_with": "QGIS 3.44"}, "programs"), ({"drawn_with": ""}, "programs_unknown")]
)
def test_map_difference_is_not_reported_if_other_programs_drew_the_map(
    compare_with_redrawn_map, package_folder, row, reason
):
    other = compare_with_redrawn_map(package_folder, paint_rows(PIXELS, slice(0, 9), slice(0, 9), 0), row=row)
    assert other.reason == reason and other.difference is None


def test_equal_map_drawn_by_another_qgis_version_has_the_result_of_one_drawn_by_this_version(
    compare_with_redrawn_map, package_folder
):
    assert (
        compare_with_redrawn_map(package_folder, row={"drawn_with": "QGIS 3.44"})[1:]
        == compare_with_redrawn_map(package_folder)[1:]
    )


@pytest.mark.parametrize(
    ("head", "reason"), [({"profile": {"id": "other"}}, "profile"), ({"standard": {"id": "x"}}, "standard")]
)
def test_map_drawn_with_another_profile_or_standard_is_not_compared(
    compare_with_redrawn_map, package_folder, head, reason
):
    assert (
        compare_with_redrawn_map(package_folder, paint_rows(PIXELS, slice(0, 9), slice(0, 9), 0), head=head).reason
        == reason
    )


def test_supplied_map_is_not_drawn_again(compare_with_redrawn_map, package_folder):
    assert compare_with_redrawn_map(package_folder, row={"origin": "given"}) is None


@pytest.mark.parametrize("crs", ["unknown", "USER:100000", "TM 113.5°E"])
def test_map_with_an_unknown_crs_is_not_compared_and_the_reason_states_the_crs(
    compare_with_redrawn_map, package_folder, crs
):
    compared = compare_with_redrawn_map(package_folder, row={"crs": crs})
    assert (compared.reason, compared.params) == ("crs", {"crs": crs})


def test_map_with_missing_layers_is_not_drawn_again_and_the_reason_names_the_map(
    compare_with_redrawn_map, package_folder
):
    def draw_nothing(job):
        yield from (RenderedMap(one, missing_reason=MissingMapReason("not_wanted")) for one in job.requests)

    compared = compare_with_redrawn_map(package_folder, draw=draw_nothing)
    assert compared.reason == "not_drawn" and "县域三条控制线图" in compared.params["detail"]


def test_error_while_a_map_is_drawn_again_gives_the_reason_not_drawn_and_names_the_file(
    compare_with_redrawn_map, package_folder
):
    def fail(job):
        raise OutputError("output_unwritable", target="a.jpg", detail="refused")
        yield

    compared = compare_with_redrawn_map(package_folder, draw=fail)
    assert compared.reason == "not_drawn" and "a.jpg" in compared.params["detail"]


@pytest.mark.parametrize(
    ("drawn_with", "generator"), [("QGIS 3.44, 一种字体", "other"), ("", compute_generator_digest())]
)
def test_map_difference_is_reported_if_manifest_entries_on_the_drawing_programs_contradict_each_other(
    compare_with_redrawn_map, package_folder, drawn_with, generator
):
    head = {"tool": {"versions": {"qgis": "3.40"}, "generator": generator}}
    other = paint_rows(PIXELS, slice(0, 9), slice(0, 9), 0)
    assert (
        compare_with_redrawn_map(package_folder, other, row={"drawn_with": drawn_with}, head=head).difference
        is not None
    )
