# SPDX-License-Identifier: GPL-2.0-or-later
"""Pictures of maps: whether they can be decoded, and the description that the plugin writes into its own."""

from dataclasses import replace

from plugin.core.examples.package_files import make_jpeg
from plugin.core.package.maps.jpeg import (
    DecodedJpeg,
    decode_jpeg,
    inspect_jpeg,
    make_map_description,
    write_map_description,
)


def test_description_written_into_a_map_is_read_back_and_leaves_the_picture_unchanged(tmp_path):
    path = tmp_path / "140225浑源县02县域三条控制线图.jpg"
    path.write_bytes(make_jpeg())
    before, decoded = inspect_jpeg(path), decode_jpeg(path)
    write_map_description(path, make_map_description("140225", "02", "县域三条控制线图"))
    after = inspect_jpeg(path)
    assert after.map_description == "140225 02 县域三条控制线图"
    assert replace(after, map_description="") == before
    assert decode_jpeg(path) == decoded


def test_gdal_decodes_a_jpeg_map_and_marks_a_jpeg_with_missing_bytes_as_unsound(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(make_jpeg())
    found = decode_jpeg(path)
    assert found.is_sound and found.max_difference > 100
    path.write_bytes(make_jpeg(drawn=False))
    assert decode_jpeg(path) == DecodedJpeg(max_difference=0)
    path.write_bytes(make_jpeg()[:20000] + make_jpeg()[24000:])
    assert decode_jpeg(path) == DecodedJpeg(is_sound=False)


def test_jpeg_map_is_not_decoded_without_the_jpg_driver_of_gdal(tmp_path, monkeypatch):
    from osgeo import gdal

    path = tmp_path / "a.jpg"
    path.write_bytes(b"no picture")
    monkeypatch.setattr(gdal, "GetDriverByName", lambda name: None)
    assert decode_jpeg(path) == DecodedJpeg(is_sound=True, max_difference=None)
