# SPDX-License-Identifier: GPL-2.0-or-later
"""Edits of values in TOML text keep comments, order and unknown keys."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from plugin.core.base.errors import DataError
from plugin.core.base.files.toml_text import TomlText
from plugin.paths import PROFILES_FOLDER

PROFILE_TEXT = """# The county's own file.
id = "x" # named by hand
name = '某县'

[ratio]
limit = 1.25  # 004:101
"odd key" = [ # why
  "a", # first
]

# About the secrecy.
[document]
"密级" = "内部"
[[document.maps]]
no = 1

# First task.
[[targets]]
indicator = "red_line_area" # from the text
value = "1.00"

# Second task.
[[targets]]
indicator = "boundary_area"
value = "2.00"
note = \"\"\"two
[lines] = # no comment
\"\"\"

[marks]
"ratio.limit" = "A"
"""
PROFILE_PATH = Path("某县.toml")


def list_nonblank_lines(text):
    return [line for line in text.splitlines() if line.strip()]


def test_changing_a_toml_value_preserves_every_other_line():
    file = TomlText(PROFILE_TEXT, PROFILE_PATH)
    file.set_value(("ratio", "limit"), 1.2)
    file.set_value(("targets", 1, "value"), "2.50")
    assert file.text == PROFILE_TEXT.replace("1.25", "1.2").replace('"2.00"', '"2.50"')


def test_new_toml_keys_join_their_table_and_new_tables_are_appended():
    file = TomlText(PROFILE_TEXT, PROFILE_PATH)
    file.set_value(("ratio", "form"), "n2")
    file.set_value(("base",), "shanxi")
    file.set_value(("confirmed", "items"), ["ratio.form"])
    added = [line for line in list_nonblank_lines(file.text) if line not in list_nonblank_lines(PROFILE_TEXT)]
    assert added == ['base = "shanxi"', 'form = "n2"', "[confirmed]", 'items = ["ratio.form"]']
    assert [
        line for line in list_nonblank_lines(file.text) if line in list_nonblank_lines(PROFILE_TEXT)
    ] == list_nonblank_lines(PROFILE_TEXT)
    assert (
        file.text.index("base =") < file.text.index("[ratio]") < file.text.index("form =") < file.text.index("# About")
    )


def test_adding_and_removing_toml_rows_changes_only_their_lines():
    file = TomlText(PROFILE_TEXT, PROFILE_PATH)
    file.append_row("targets", {"indicator": "farmland_area", "value": "3"})
    assert [row["indicator"] for row in file.table["targets"]] == ["red_line_area", "boundary_area", "farmland_area"]
    file.remove_row("targets", 0)
    removed = set(list_nonblank_lines(PROFILE_TEXT)) - set(list_nonblank_lines(file.text))
    assert removed == {'indicator = "red_line_area" # from the text', 'value = "1.00"'}
    for position in (1, 0):
        file.remove_row("targets", position)
    assert "targets" not in file.table and file.table["document"] == {"密级": "内部", "maps": [{"no": 1}]}


def test_toml_edit_that_would_lose_a_comment_is_refused():
    file = TomlText(PROFILE_TEXT, PROFILE_PATH)
    with pytest.raises(DataError) as error:
        file.set_value(("ratio", "odd key"), ["b"])
    assert error.value.params["key"] == "ratio.odd key" and file.text == PROFILE_TEXT


def test_comments_above_a_removed_toml_row_and_above_the_next_one_stay():
    file = TomlText(PROFILE_TEXT, PROFILE_PATH)
    file.remove_row("targets", 1)
    file.append_row("targets", {"indicator": "farmland_area"})
    assert file.text.index("# First") < file.text.index("farmland_area") < file.text.index("# Second")


@pytest.mark.parametrize("end", ["# by hand\n", "\n# by hand\n\n# by another\n"])
def test_comments_at_the_end_of_a_file_stay_when_the_last_toml_table_goes(end):
    file = TomlText('id = "x"\n\n[[targets]]\nvalue = "1"\n' + end, PROFILE_PATH)
    file.append_row("targets", {"value": "2"})
    file.set_value(("ratio", "limit"), 1.2)
    file.remove_row("targets", 1)
    file.remove_row("targets", 0)
    comments = [line for line in file.text.splitlines() if line.startswith("#")]
    assert comments == [line for line in end.splitlines() if line]


def test_toml_edit_preserves_line_endings():
    file = TomlText(PROFILE_TEXT.replace("\n", "\r\n").rstrip(), PROFILE_PATH)
    file.set_value(("marks", "ratio.form"), "A")
    assert file.text.count("\n") == file.text.count("\r\n") and file.text.endswith('"ratio.form" = "A"\r\n')


@pytest.mark.parametrize("path", sorted(PROFILES_FOLDER.glob("*.toml")), ids=lambda p: p.stem)
def test_text_of_a_shipped_profile_is_unchanged_after_each_value_is_replaced_and_restored(path):
    """Replace each value and restore it; the text must be equal again."""
    text = path.read_text(encoding="utf-8")
    file = TomlText(text, path)
    for position, row in enumerate(file.table["targets"] if "targets" in file.table else []):
        for key, value in row.items():
            if isinstance(value, str):
                file.set_value(("targets", position, key), "另一个")
                file.set_value(("targets", position, key), value)
    for key in ("id", "name", "area_code"):
        value = file.table[key]
        file.set_value((key,), "另一个")
        file.set_value((key,), value)
    assert file.text == text


random_toml_values = st.recursive(
    st.booleans() | st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [("ratio", "limit"), ("name",), ("a", "b", "c d"), ("targets", 0, "value"), ("document", "密级")]
            ),
            random_toml_values,
        )
    )
)
def test_toml_edits_preserve_unrelated_keys(changes):
    file = TomlText(PROFILE_TEXT, PROFILE_PATH)
    for place, value in changes:
        file.set_value(place, value)
    for place, value in dict(changes).items():
        found = file.table
        for part in place:
            found = found[part]
        assert found == value
    assert file.table["document"]["maps"] == [{"no": 1}] and "# About the secrecy." in file.text
    assert tomllib.loads(file.text) == file.table
