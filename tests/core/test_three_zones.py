# SPDX-License-Identifier: GPL-2.0-or-later
"""三区: every planning zone in a space or told, whatever a county says; areas add up; nothing is dropped."""

import pytest

from plugin.core.errors import DataError
from plugin.core.profile import Norm, load_profile
from plugin.core.standard import load_standard
from plugin.core.three_zones.spaces import OUTSIDE, SPACES, UNMAPPED, space_map

STANDARD = load_standard()
HEAD = 'id = "x"\nname = "某县"\narea_code = "140225"\n'


def norm(tmp_path, text=""):
    path = tmp_path / "x.toml"
    path.write_text(HEAD + text, encoding="utf-8")
    return Norm(STANDARD, load_profile(path))


def test_every_zone_code_of_the_list_is_placed(tmp_path):
    spaces = space_map(norm(tmp_path))
    placed = {code: spaces.space(code) for code in STANDARD.code_lists["planning_zones"].codes}
    assert set(placed.values()) == {*SPACES, OUTSIDE}
    assert [placed[c] for c in ("100", "300", "411", "430", "540", "700")] == ["02", "01", "03", "03", "01", OUTSIDE]
    assert [spaces.name(code) for code in SPACES] == ["农业空间", "生态空间", "城镇空间"]


def test_a_county_changes_one_line_and_adds_another(tmp_path):
    spaces = space_map(norm(tmp_path, '[three_zones]\n"530" = "生态空间"\n"700" = "未对应"\n"Z1" = "城镇空间"\n'))
    assert [spaces.space(c) for c in ("530", "540", "700", "Z1")] == ["02", "01", UNMAPPED, "03"]


@pytest.mark.parametrize("code", ["", "550", "X"])
def test_a_code_of_no_line_is_nobodys(tmp_path, code):
    assert space_map(norm(tmp_path)).space(code) == UNMAPPED


@pytest.mark.parametrize("value", ['"生态空閒"', "3", '["生态空间"]'])
def test_a_slip_in_the_mapping_names_file_and_key(tmp_path, value):
    with pytest.raises(DataError) as caught:
        norm(tmp_path, f'[three_zones]\n"530" = {value}\n')
    assert caught.value.params["key"] == "three_zones.530" and caught.value.params["file"].endswith("x.toml")
