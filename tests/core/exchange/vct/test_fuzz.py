# SPDX-License-Identifier: GPL-2.0-or-later
"""Randomly damaged VCT files: an error with a line or a complete result.

Reading never crashes, and the number of features never changes without a note.
"""

import random
from functools import cache

import numpy as np
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st

from plugin.core.errors import InputError
from plugin.core.exchange.vct.read import read_vct
from plugin.core.exchange.vct.write import write_vct
from plugin.core.messages.texts import Texts
from tests.core.vct_files import TWO_SQUARES_TEXT, find_line_number, make_vct_layer, replace_in_squares, write_vct_text

pytestmark = pytest.mark.slow  # thousands of files

X, Y = 37_500_000.0, 4_150_000.0


@cache
def make_full_file():
    """Return the bytes of a VCT file with every kind of record.

    It has points, lines, annotation, squares with a common edge, a hole, and a feature of two parts.
    """
    import tempfile
    from pathlib import Path

    def make_square(x, y=0.0, width=100.0):
        return shapely.box(X + x, Y + y, X + x + width, Y + y + width)

    ring = make_square(300).difference(make_square(320, 20, 40))
    shapes = [make_square(0), make_square(100), ring, shapely.union(make_square(500), make_square(700))]
    layers = [
        make_vct_layer(
            "D", shapely.points([[X, Y], [X + 1.25, Y + 2]]), MC=("text", ["站", "井"]), N=("integer", [1, 2])
        ),
        make_vct_layer("X", [shapely.linestrings([[X, Y], [X + 9, Y], [X + 9, Y + 9]])], MC=("text", ["路"])),
        make_vct_layer("A", shapes, BSM=("text", list("1234")), MJ=("real", [1.5, 2.25, 3.0, 4.0])),
        make_vct_layer("ZJ", shapely.points([[X, Y]]), VCT_TEXT=("text", ["浑源"]), VCT_ANGLE=("real", [30.0])),
    ]
    with tempfile.TemporaryDirectory() as folder:
        write_vct(Path(folder) / "a.vct", layers)
        return (Path(folder) / "a.vct").read_bytes()


def count_rows_and_shapes(data, path):
    """Return the number of rows and of shapes by layer, None if reading is refused.

    A refusal must have a line and a message in both languages.
    """
    path.write_bytes(data)
    try:
        found = read_vct(path)
    except InputError as error:
        assert error.key.startswith("vct_"), error
        for lang in ("zh", "en"):
            assert len(Texts(lang).explain_error(error)) > 10
        assert error.params["line"] > 0
        return None, []
    for one in found:
        shapes = one.frame.geometry.to_numpy()
        assert np.isfinite(shapely.get_coordinates(shapes)).all()
    note_keys = [key for one in found for key, _ in one.notices]
    return {one.name: (len(one.frame), int(one.frame.geometry.notna().sum())) for one in found}, note_keys


@pytest.fixture(scope="module")
def vct_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("vct")


def assert_no_silent_loss(data, path):
    found, note_keys = count_rows_and_shapes(data, path)
    wanted, _ = count_rows_and_shapes(make_full_file(), path)
    if found is not None and found != wanted:
        # Rows without shapes, shapes without rows and unknown sections are noted.
        assert set(note_keys) & {"vct_note_no_row", "vct_note_no_shape", "vct_note_section"}, (found, wanted)


@given(st.data())
def test_vct_reader_never_loses_features_silently_when_bytes_change(vct_folder, data):
    content = bytearray(make_full_file())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    assert_no_silent_loss(bytes(content), vct_folder / "a.vct")


@given(st.data())
def test_vct_reader_never_loses_features_silently_when_ranges_of_bytes_move_repeat_or_vanish(vct_folder, data):
    content = make_full_file()
    a, b = sorted(data.draw(st.integers(0, len(content))) for _ in range(2))
    at = data.draw(st.integers(0, len(content)))
    rest = content[:a] + content[b:]
    assert_no_silent_loss(
        data.draw(st.sampled_from([rest, rest[:at] + content[a:b] + rest[at:], content[:b] + content[a:]])),
        vct_folder / "a.vct",
    )


@given(
    st.integers(0, 10**9),
    st.sampled_from(
        [b"-1", b"0", b"1", b"999999999999", b"9" * 400, b"nan", b"inf", b"1e9", b"", b"\xff\xfe", "１".encode("gbk")]
    ),
)
def test_vct_reader_never_loses_features_silently_when_a_number_is_replaced(vct_folder, seed, value):
    """Replace a random number by a huge, negative or invalid one."""
    import re

    content, chance = make_full_file(), random.Random(seed)
    found = chance.choice(list(re.finditer(rb"-?\d+(?:\.\d+)?", content)))
    assert_no_silent_loss(content[: found.start()] + value + content[found.end() :], vct_folder / "a.vct")


@given(st.integers(0, 3), st.randoms())
def test_vct_reader_never_loses_features_silently_when_lines_are_swapped(vct_folder, swaps, chance):
    lines = make_full_file().split(b"\r\n")
    for _ in range(swaps):
        a, b = chance.randrange(len(lines)), chance.randrange(len(lines))
        lines[a], lines[b] = lines[b], lines[a]
    assert_no_silent_loss(b"\r\n".join(lines), vct_folder / "a.vct")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n"], ids=["LF", "CRLF", "blank lines"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["", "BOM"])
def test_vct_file_with_other_line_ends_and_a_byte_order_mark_is_read(tmp_path, end, mark):
    path = tmp_path / "a.vct"
    path.write_bytes(mark + TWO_SQUARES_TEXT.replace("\n", end).encode("gbk"))
    (found,) = read_vct(path)
    assert found.frame["GHFQDM"].tolist() == ["510", "520"] and found.frame.area.tolist() == [10_000, 10_000]


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        # Counts of a thousand million in every place of a count.
        (replace_in_squares(("\n1\n1\n11\n2\n375", "\n1\n1000000000\n11\n2\n375")), "vct_count_value", None),
        (replace_in_squares(("\n11\n2\n375", "\n11\n1000000000\n375")), "vct_position", None),
        (replace_in_squares(("21\n2\n-1", "21\n1000000000\n-1")), None, None),
        (replace_in_squares(("YDYHGHFQ,2", "YDYHGHFQ,1000000000")), "vct_field", None),
        (replace_in_squares(("YDYHGHFQ,2", "YDYHGHFQ," + "9" * 5000)), "vct_number", find_line_number(TWO_SQUARES_TEXT, "YDYHGHFQ,2")),
        (replace_in_squares(("YDYHGHFQ,2", "YDYHGHFQ,⑵")), "vct_table", find_line_number(TWO_SQUARES_TEXT, "YDYHGHFQ,2")),
        (replace_in_squares(("BSM,Char,18", "BSM,Char," + "9" * 5000)), "vct_number", find_line_number(TWO_SQUARES_TEXT, "BSM,Char,18")),
        # A ring that begins with a hole's mark, or ends with one, or has nothing between two.
        (replace_in_squares(("21\n2\n-1,-2", "21\n1\n0")), "vct_no_ring", find_line_number(TWO_SQUARES_TEXT, "11", 4)),
        (replace_in_squares(("21\n2\n-1,-2", "21\n2\n-1,-1")), "vct_gap", find_line_number(TWO_SQUARES_TEXT, "11", 4)),
        (replace_in_squares(("Offset:0,0", "Offset:inf,0")), "vct_head_offset", find_line_number(TWO_SQUARES_TEXT, "Offset:0,0")),
        (replace_in_squares(("0,3,37", "0,inf,37")), "vct_head_value", 13),
        (replace_in_squares(("37500200,4150100\n37500200,", "37500200,1e300\n37500200,")), "vct_position_value", find_line_number(TWO_SQUARES_TEXT, "37500200,4150100")),
        (replace_in_squares(("\n2\n37500100,4150000\n37500100,4150100\n", "\n2\n37500100,4150000\n37500100,4150000\n")), "vct_open_ring", find_line_number(TWO_SQUARES_TEXT, "11", 4)),
        (replace_in_squares(("21\n2\n1,3", "21\n2\n1," + "9" * 30)), "vct_number", find_line_number(TWO_SQUARES_TEXT, "1,3")),
        (replace_in_squares(("\n11\n2090", "\n" + "9" * 30 + "\n2090")), "vct_number", None),
        (replace_in_squares(("37500050.000000,4150050.000000", "nan,inf")), "vct_position_value", None),
        (replace_in_squares(("GHFQDM,Char,3", "GHFQDM,Int,3"), (",510\n", f",{'9' * 30}\n")), "vct_value", find_line_number(TWO_SQUARES_TEXT, "11,140122000000000001,510")),
        (replace_in_squares(("ExtentMin:37500000,4150000", "ExtentMin:nan,x")), "", None),
    ],
)  # fmt: skip
def test_vct_file_with_an_impossible_count_or_number_is_refused_with_the_line_if_that_is_known(
    tmp_path, text, key, line
):
    path = write_vct_text(tmp_path / "a.vct", text)
    if key == "":
        assert len(read_vct(path)[0].frame) == 2
        return
    with pytest.raises(InputError) as caught:
        read_vct(path)
    assert key is None or caught.value.key == key, caught.value
    assert line is None or caught.value.params["line"] == line


def test_vct_polygon_with_zero_area_is_read_as_a_shape_of_area_zero(tmp_path):
    """Read a polygon without area, which the rules on geometry report later."""
    (found,) = read_vct(write_vct_text(tmp_path / "a.vct", replace_in_squares(("21\n2\n-1,-2", "21\n2\n-1,1"))))
    assert found.frame.geometry[0].area == 0 and found.frame.geometry[1].area == 10_000


@example(b"HeadBegin\r\n")
@given(st.binary(max_size=300))
def test_random_bytes_are_refused_as_a_vct_file(vct_folder, data):
    assert count_rows_and_shapes(data, vct_folder / "a.vct")[0] is None
