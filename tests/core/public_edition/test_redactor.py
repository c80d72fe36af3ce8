# SPDX-License-Identifier: GPL-2.0-or-later
"""Coordinates, paths and names in texts; figures remain."""

import pytest

from plugin.core.check import RunOptions
from plugin.core.errors import DataError
from plugin.core.public_edition.coordinates import make_finder_of_extent
from plugin.core.public_edition.edition import load_public_edition
from plugin.core.public_edition.file_parts import find_picture_data
from plugin.core.public_edition.redactor import Redactor

FINDER = make_finder_of_extent((38448275, 4358356, 38498236, 4411492), (113.39, 39.35, 113.98, 39.83))


@pytest.fixture(scope="module")
def redactor():
    edition = load_public_edition(RunOptions(standard="county_db").resolve_norm())
    return Redactor(
        edition,
        FINDER,
        "zh",
        ["县管网图层"],
        ["浑源.gpkg"],
        persons=["张三"],
        crs_labels=["TM 111°E", "Xian 1980 / GK Zone 19"],
    )


@pytest.mark.parametrize(
    "text",
    [
        "1号 × 2号 12 m² (38460123, 4370456)",
        "位于 X=4370456.123，Y=460123.456",
        "纵坐标 4370456.1",
        "东经113.6°",
        "113°41′22″",
        "113.6512, 39.4871",
        "POINT (38460123 4370456)",
        "MULTIPOLYGON (((1 2, 3 4, 5 6, 1 2)))",
        "38460123.5",
        "图层 ZXCQSZGYSSX 重叠",
        "市政公用设施（线）重叠",
        "见县管网图层",
        "浑源.gpkg 未读",
        "/home/zhang/数据/a.gpkg",
        r"D:\机密 资料\a.gpkg",
        "坐标系是 EPSG:4526（38 带）",
        "位于460123.12，4370456.7处",
        "X为460123.12、Y为4370456.7",
        "东坐标x460123.12",
        "460123.12米，4370456.7米",
        "460123.12m和4370456.7m",
        "4370456.7N 460123.12E",
        "适用范围 113.5–116.5°E",
        r"数据来自D:\机密\库\县.gdb",
        r"位于\\server\机密\县.gdb",
        "读取/home/zhang/县.gpkg失败",
        "/home/zhang san/数据/x.gpkg",
        "坐标系 EPSG：4526",
        "中央经线：东经113°",
        "中央子午线为113度",
        "CGCS2000 / 3-degree Gauss-Kruger zone 38",
        "CGCS2000_3_Degree_GK_Zone_38",
        "3度带 38 带",
        "位于第38带",
        "高斯克吕格投影38带",
        "带号为38",
        "采用38带坐标",
        "TM 113°E",
        "读入 TM 111°E",
        "转自 Xian 1980 / GK Zone 19",
        "登记人 张三）",
    ],
)
def test_redactor_takes_out_coordinates_names_and_paths(redactor, text):
    redacted = redactor.redact_text(text)
    assert redacted != text and redactor.find_leaks(text) and not redactor.find_leaks(redacted)
    for secret in (
        "38460123",
        "4370456",
        "113",
        "39.48",
        "ZXCQ",
        "（线）",
        "管网",
        "浑源.gpkg",
        "机密",
        "4526",
        "zhang",
        "san/",
        "server",
        "zone 38",
        "Zone_38",
        "38 带",
        "38带",
        "111",
        "1980",
        "张三",
        "460123",
        "116.5",
    ):
        assert secret not in redacted


@pytest.mark.parametrize(
    "text",
    [
        "面积 4370456.12 m²",
        "面积 4\u2009370\u2009456.12 公顷",
        "乡镇 140225100，编号 140225211000000001",
        "113.65 公顷，39.48%",
        "角度小于 10°",
        "2026-11-26 09:57",
        "460123",
        "km/h",
        "耕地/园地/林地各 3 块",
        "面积为38460123.5平方米，长4370456.7米",
        "采用 CGCS2000 坐标系",
        "防护林带 38 处",
        "共 38 带状绿地",
        "亩/公顷/ha",
    ],
)
def test_redactor_keeps_figures_and_codes(redactor, text):
    assert redactor.redact_text(text) == text


@pytest.mark.parametrize(
    "entry",
    [
        {"longitude": "113.45"},
        {"west": "113.39", "east": 113.98},
        {"x": 460123.5},
        {"extent": [38448275, 4358356, 38498236, 4411492]},
        {"bbox": ["113.39", "39.35", "113.98", "39.83"]},
        {"geometry": [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]},
        {"author": "李四", "by": "李四", "attachment": "李四.pdf"},
    ],
)
def test_entries_of_coordinates_and_persons_are_blanked(redactor, entry):
    assert not any(redactor.redact_value(entry).values())


def test_entries_that_count_points_remain(redactor):
    entry = {"points": 12, "areas": [1, 2, 3, 4], "place": "东关村", "count": "12"}
    assert redactor.redact_value(entry) == entry


def test_county_replaces_the_list_and_a_misspelt_layer_is_refused(tmp_path):
    profile, own = tmp_path / "county.toml", tmp_path / "名单.toml"
    profile.write_text(
        'id = "x"\nname = "X"\narea_code = "140225"\nbase = "hunyuan"\n[public_edition]\nlist = "名单.toml"\n',
        encoding="utf-8",
    )
    head = 'mark = "A"\nsource = "文"\nelements = []\nfields = ["GC"]\nlargest_scale = 5000\n[[layers]]\nzh = "基"\nen = "b"\n'
    own.write_text(head + 'of = ["farmland"]\nnames = ["*等高线*"]\n', encoding="utf-8")
    edition = load_public_edition(RunOptions(profile=str(profile)).resolve_norm())
    assert "YJJBNTBHTB" in edition.hidden_roles and edition.largest_scale == 5000 and edition.is_confirmed
    assert edition.find_kind("", "2021等高线_0.5m") is not None and edition.find_kind("CZKFBJ", "边界") is None
    own.write_text(head + 'of = ["farmlnd"]\nnames = []\n', encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_public_edition(RunOptions(profile=str(profile)).resolve_norm())
    assert caught.value.key == "public_layer_unknown" and caught.value.params["value"] == "farmlnd"


def test_pictures_with_other_data_than_pixels_are_found():
    plain = b"\xff\xd8\xff\xe0\x00\x04JF\xff\xda"
    assert list(find_picture_data(plain)) == []
    assert list(find_picture_data(plain[:2] + b"\xff\xe1\x00\x06Exif" + plain[2:])) == ["JPEG 0xe1"]
    assert list(find_picture_data(b"\x89PNG\r\n\x1a\n\x00\x00\x00\x01tEXta1234")) == ["tEXt"]
