# SPDX-License-Identifier: GPL-2.0-or-later
"""VCT files with impossible counts and numbers; `tests.fuzz` reads randomly damaged ones."""

import pytest

from plugin.core.base.errors import InputError
from plugin.core.exchange.vct.database import convert_vct_to_database
from tests.core.vct_files import TWO_SQUARES_TEXT, find_line_number, read_vct, replace_in_squares, write_vct_text


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


@pytest.mark.parametrize("rows", ["", "ZJ\n21\n22\nTableEnd\n"])
def test_table_without_fields_and_shapes_is_remarked_and_not_imported(tmp_path, rows):
    text = replace_in_squares(
        ("TableStructureEnd", "ZJ,0\n0\nTableStructureEnd"), ("AttributeEnd", f"{rows}AttributeEnd")
    )
    made = convert_vct_to_database(write_vct_text(tmp_path / "a.vct", text), tmp_path / "a.gpkg")
    assert made.row_counts == {"YDYHGHFQ": 2} and ("vct_note_no_class", "ZJ") in [
        (key, params.get("table")) for key, params in made.notes
    ]
