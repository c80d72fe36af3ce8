# SPDX-License-Identifier: GPL-2.0-or-later
"""Nearly equal maps are recognised, also brightened; other maps of a series are not."""

import random
from dataclasses import replace

import pytest
from PIL import Image, ImageDraw, ImageEnhance

from plugin.core.package.maps.jpeg import (
    decode_jpeg,
    inspect_jpeg,
    make_map_description,
    measure_thumbnail_difference,
    write_map_description,
)
from plugin.core.package.rules.doc005_file_contents import file_contents

#: Not a multiple of the cells of a thumbnail, nor of the blocks of a jpg.
SIZE = (2477, 1751)
COLOURS = ("#f2e6c8", "#9bc27f", "#d9534f", "#6fa8dc", "#8e7cc3", "#ffd966")
LEAST_DIFFERENCE = file_contents.__kwdefaults__["least_map_difference"]


def draw_map(seed, title=10):
    """Return a picture of random areas with a frame, a legend at the lower left and a title bar."""
    chance = random.Random(seed)
    picture = Image.new("RGB", SIZE, "white")
    draw = ImageDraw.Draw(picture)
    for _ in range(60):
        x, y = chance.randrange(100, 2200), chance.randrange(200, 1500)
        draw.rectangle((x, y, x + chance.randrange(50, 400), y + chance.randrange(50, 300)), chance.choice(COLOURS))
    draw.rectangle((40, 40, SIZE[0] - 40, SIZE[1] - 40), outline="black", width=8)
    draw.rectangle((60, 1300, 500, 1700), "#dddddd", "black", 4)
    for n in range(title):
        draw.rectangle((800 + 80 * n, 70, 850 + 80 * n, 150), "black")
    return picture


def test_description_written_into_a_map_is_read_back_and_leaves_the_picture_unchanged(tmp_path):
    path = tmp_path / "140225浑源县02县域三条控制线图.jpg"
    draw_map(1).save(path, "JPEG", quality=85, dpi=(300, 300))
    before = inspect_jpeg(path)
    write_map_description(path, make_map_description("140225", "02", "县域三条控制线图"))
    after = inspect_jpeg(path)
    assert after.map_description == "140225 02 县域三条控制线图"
    assert replace(after, map_description="") == before
    assert Image.open(path).size == SIZE


def decode(picture, path, quality=85):
    picture.save(path, "JPEG", quality=quality)
    return decode_jpeg(path).thumbnail


CHANGES = {
    "compressed again": lambda picture: picture,
    "darker": lambda picture: ImageEnhance.Brightness(picture).enhance(0.9),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_compressed_or_brightened_copy_of_a_map_counts_as_nearly_equal(change, seed, tmp_path):
    picture = draw_map(seed)
    difference = measure_thumbnail_difference(
        decode(picture, tmp_path / "a.jpg"), decode(change(picture), tmp_path / "b.jpg", quality=60)
    )
    assert difference is not None and difference < LEAST_DIFFERENCE


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_map_with_another_theme_or_title_is_not_nearly_equal(seed, tmp_path):
    """Maps with another theme, or the same theme under another title, are different maps."""
    one = decode(draw_map(seed), tmp_path / "a.jpg")
    for other in (draw_map(seed + 10), draw_map(seed, title=9)):
        difference = measure_thumbnail_difference(one, decode(other, tmp_path / "b.jpg"))
        assert difference is None or difference >= LEAST_DIFFERENCE
