# SPDX-License-Identifier: GPL-2.0-or-later
import base64
import threading

import pytest
import shapely
from qgis.core import QgsProject
from qgis.PyQt.QtCore import QThread
from qgis.PyQt.QtGui import QImage

from plugin.bridge import pictures
from plugin.bridge.layers import painting, styles
from plugin.bridge.pictures.overview import (
    CLOSE_UP_PIXELS,
    CONFLICT_SHARE_OF_VIEW,
    OVERVIEW_PIXELS,
    choose_close_up_frame,
)
from plugin.core.base.errors import Cancellation, Cancelled
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.cli.examples.plans import make_example_layer, make_example_norm, run_example
from plugin.core.model.report import Report
from plugin.core.model.rule import load_all_rules
from plugin.core.plan.loading.assembly import assemble_plan
from plugin.core.render.finding_lists import ReportPictures, select_largest_conflicts
from plugin.core.render.html import render_report
from plugin.paths import SAMPLE_FOLDER

ERROR_PINK = (213, 0, 88)


@pytest.fixture(scope="module")
def checked_sample(qgis_app):
    return check_plan(SAMPLE_FOLDER / "county.gpkg", RunOptions(profile="hunyuan"))


@pytest.fixture(scope="module")
def drawn_pictures(checked_sample):
    return pictures.draw_pictures(checked_sample.plan, checked_sample.report)


def decode_image(uri: str) -> QImage:
    head, _, body = uri.partition(",")
    assert head in ("data:image/png;base64", "data:image/jpeg;base64")
    image = QImage()
    assert image.loadFromData(base64.b64decode(body))
    return image


def measure_share(image: QImage, color: tuple[int, int, int], reach: int = 60) -> float:
    """Return the share of sampled image pixels whose colour is near a colour."""
    hits = total = 0
    for x in range(0, image.width(), 3):
        for y in range(0, image.height(), 3):
            pixel = image.pixelColor(x, y)
            total += 1
            hits += (
                sum(abs(a - b) for a, b in zip((pixel.red(), pixel.green(), pixel.blue()), color, strict=True)) < reach
            )
    return hits / total


def make_small_plan(**layers):
    norm = make_example_norm()
    return assemble_plan([make_example_layer(role, rows, norm) for role, rows in layers.items()], norm)


def test_report_pictures_of_the_sample_have_overview_close_ups_and_legend(checked_sample, drawn_pictures):
    assert drawn_pictures.problem == ""
    overview = decode_image(drawn_pictures.overview)
    assert overview.width() == OVERVIEW_PIXELS
    assert 0.7 < overview.height() / overview.width() < 1.4
    assert len(drawn_pictures.conflicts) == len(select_largest_conflicts(checked_sample.report)) == 12
    for uri in drawn_pictures.conflicts:
        image = decode_image(uri)
        assert (image.width(), image.height()) == (CLOSE_UP_PIXELS, 256)
        # The conflict is in the middle third.
        middle = image.copy(image.width() // 3, image.height() // 3, image.width() // 3, image.height() // 3)
        # The smallest conflict is its mark alone.
        assert measure_share(middle, ERROR_PINK) > 0.01
    assert [e.label for e in drawn_pictures.legend] == [
        "图上错误 49 处",
        "图上警告 31 处",
        "永久基本农田",
        "生态保护红线",
        "城镇开发边界",
        "乡镇界",
        "县界",
    ]
    for entry in drawn_pictures.legend:
        assert measure_share(decode_image(entry.image), (255, 255, 255), 30) < 0.97


def test_html_report_with_pictures_is_below_3_mb_and_has_no_remote_links(checked_sample, drawn_pictures):
    page = render_report(checked_sample.report, checked_sample.plan.norm, drawn_pictures)
    assert len(page.encode("utf-8")) < 3_000_000
    assert page.count("<img ") == 1 + 7 + 12
    assert "本报告未附图" not in page
    assert "http://" not in page and "https://" not in page


def test_report_pictures_contain_no_user_metadata(drawn_pictures):
    for uri in (drawn_pictures.overview, *drawn_pictures.conflicts, *(e.image for e in drawn_pictures.legend)):
        data = base64.b64decode(uri.partition(",")[2])
        for chunk in (b"tEXt", b"iTXt", b"zTXt", b"eXIf", b"Exif", b"http", b"/home", b"/root", b"Adobe"):
            assert chunk not in data
        assert decode_image(uri).textKeys() == []


def test_drawing_report_pictures_twice_gives_identical_images(checked_sample, drawn_pictures):
    again = pictures.draw_pictures(checked_sample.plan, checked_sample.report)
    assert again.legend == drawn_pictures.legend and again.conflicts == drawn_pictures.conflicts


def test_drawing_report_pictures_leaves_the_qgis_project_unchanged(checked_sample, drawn_pictures):
    assert QgsProject.instance().mapLayers() == {}
    assert not QgsProject.instance().isDirty()


def test_report_pictures_can_be_drawn_in_a_worker_thread(checked_sample, drawn_pictures):
    found = []

    class Worker(QThread):
        def run(self):
            found.append(pictures.draw_pictures(checked_sample.plan, checked_sample.report))

    worker = Worker()
    worker.start()
    assert worker.wait(120_000)
    assert found[0].problem == "" and found[0].conflicts == drawn_pictures.conflicts
    # A plain thread works too: drawing needs no event loop.
    thread = threading.Thread(
        target=lambda: found.append(pictures.draw_pictures(checked_sample.plan, checked_sample.report))
    )
    thread.start()
    thread.join(120)
    assert found[1].overview


def test_drawing_report_pictures_can_be_cancelled(checked_sample):
    with pytest.raises(Cancelled):
        pictures.draw_pictures(checked_sample.plan, checked_sample.report, cancellation=Cancellation(lambda: True))


def test_error_while_drawing_report_pictures_gives_a_message_with_error_type_but_without_error_text(
    checked_sample, monkeypatch
):
    def fail(*_, **__):
        raise RuntimeError("/home/someone/secret")

    monkeypatch.setattr(painting, "draw_layers", fail)
    made = pictures.draw_pictures(checked_sample.plan, checked_sample.report)
    assert made.overview == "" and made.problem == "图件未能生成（RuntimeError）。检查结果不受影响。"


def test_no_report_pictures_are_drawn_for_a_plan_without_shapes(qgis_app):
    assert pictures.draw_pictures(make_small_plan(YJJBNTBHTB=[None]), Report()) == ReportPictures()


@pytest.mark.parametrize("code", ["TOP001", "REL001", "REL003", "REL006", "LAW010", "TOP003"])
def test_pictures_of_each_conflict_rule_are_drawn_without_county_and_township_layers(qgis_app, code):
    """Draw the example of each rule, without county and townships."""
    rule = load_all_rules()[code]
    report = run_example(rule, next(e for e in rule.fails if e.finds))
    plan = make_small_plan(STBHHX=["POLYGON ((0 0, 500 0, 500 500, 0 500, 0 0))"])
    made = pictures.draw_pictures(plan, report)
    assert made.problem == "" and made.overview
    assert len(made.conflicts) == len(select_largest_conflicts(report))


def test_report_pictures_draw_layers_without_a_style_in_a_plain_style(qgis_app, monkeypatch):
    monkeypatch.setattr(styles, "has_style_entry", lambda name: False)
    made = pictures.draw_pictures(make_small_plan(STBHHX=["POLYGON ((0 0, 500 0, 500 500, 0 500, 0 0))"]), Report())
    assert made.problem == ""
    assert measure_share(decode_image(made.overview), (68, 68, 68), 120) > 0.001


def test_finding_takes_at_most_a_third_of_its_close_up_at_a_scale_of_at_most_1_to_500(checked_sample):
    for finding in select_largest_conflicts(checked_sample.report):
        sheet = choose_close_up_frame(finding)
        west, south, east, north = finding.geometry.bounds
        width, height = sheet.extent[2] - sheet.extent[0], sheet.extent[3] - sheet.extent[1]
        assert max((east - west) / width, (north - south) / height) <= CONFLICT_SHARE_OF_VIEW + 1e-9
        assert width / (sheet.width_mm / 1000) >= 500 - 1e-6
        assert width / sheet.width_px == pytest.approx(height / sheet.height_px, rel=0.01)


@pytest.mark.parametrize(
    ("most", "length"), [(0.7, 0.5), (1, 1), (19.9, 10), (4999, 2000), (5000, 5000), (12_345, 10_000)]
)
def test_scale_bar_length_is_a_round_number(most, length):
    assert painting.round_down_length(most) == pytest.approx(length)


@pytest.mark.parametrize("name", ["GHFQDM", "A#B", "A&B", "A=B:C", "面积 (m²)"])
def test_report_picture_layer_keeps_the_name_of_a_class_field_with_special_characters(qgis_app, name):
    layer = painting.make_styled_layer(
        "x", QgsProject.instance().crs(), ["first", name], [(shapely.box(0, 0, 1, 1), "ab")]
    )
    assert layer.fields().names() == ["first", name]
    assert [f.attributes() for f in layer.getFeatures()] == [["a", "b"]]


def test_failed_report_pictures_are_logged_and_do_not_stop_the_report(checked_sample, monkeypatch, qgis_log):
    def broken(*args):
        raise ValueError("on purpose")

    monkeypatch.setattr(pictures, "PictureData", broken)
    found = pictures.draw_pictures(checked_sample.plan, checked_sample.report)
    assert "ValueError" in found.problem and not found.overview
    assert any("Traceback" in text and "on purpose" in text for text in qgis_log)
