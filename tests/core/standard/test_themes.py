# SPDX-License-Identifier: GPL-2.0-or-later
"""Map themes and the layer tree that a standard defines."""

import pytest

from plugin.core.errors import DataError
from plugin.core.standard import list_standard_ids, load_standard
from plugin.core.standard.layer_tree import (
    find_branch,
    find_delivery_constraint,
    find_strictest_constraint,
    list_branches,
    list_theme_roles,
    list_themes,
)


def test_county_standard_has_four_map_themes():
    themes = load_standard().themes
    assert [t.name for t in themes.values()] == ["三条控制线", "规划分区", "历史文化", "用地"]
    assert themes["three_lines"].roles[-3:] == ("farmland", "red_line", "boundary")
    # The heritage theme shows every layer of the heritage group, by code or concept.
    standard = load_standard()
    shown = {role for entry in themes["heritage"].roles for role in standard.concepts.get(entry, (entry,))}
    assert set(standard.groups["heritage"].roles) <= shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[themes.lines]\nname = "线"\nroles = ["red_line", "NIEMALS"]', "NIEMALS"),
        ('[themes.lines]\nname = "线"', "themes.lines.roles"),
        ('[themes.lines]\nname = "线"\nroles = "red_line"', "themes.lines.roles"),
        ('[themes.lines]\nname = "规划分区"\nroles = ["red_line"]', "规划分区"),
        ('[tree.lines]\nname = "线"\nroles = ["NIEMALS"]', "NIEMALS"),
        ('[tree.lines]\nname = "线"\nroles = ["STBHHX"]\nalso = ["STBHHX"]', "STBHHX"),
        ('[tree.lines]\nname = "线"\nroles = ["STBHHX"]\nchosen = "yes"', "tree.lines.chosen"),
    ],
)
def test_invalid_map_theme_or_layer_tree_branch_is_refused_with_its_name(tmp_path, text, expected):
    (tmp_path / "standard.toml").write_text(
        f'id = "trial"\nedition = "1"\nname = "试"\nincludes = ["county_db"]\n{text}\n', encoding="utf-8"
    )
    with pytest.raises(DataError) as caught:
        load_standard(str(tmp_path))
    assert expected in str(caught.value.params)


@pytest.mark.parametrize("name", list_standard_ids())
def test_every_layer_is_in_one_branch_of_the_layer_tree(name):
    standard = load_standard(name)
    placed = [role for branch in list_branches(standard) for role in branch.roles + branch.roles_of_other_editions]
    assert set(standard.templates) <= set(placed) and len(placed) == len(set(placed))
    assert any(branch.is_chosen for branch in list_branches(standard))


def test_layer_tree_of_the_county_standard_has_the_expected_branches_and_delivery_constraints():
    standard = load_standard()
    chosen = {b.name: b for b in list_branches(standard) if b.is_chosen}
    assert list(chosen) == ["三条控制线", "历史文化保护线", "其他底线", "规划分区", "基础数据"]
    asked = {b.name: find_strictest_constraint(b, standard) for b in list_branches(standard)}
    assert asked["三条控制线"] == asked["规划分区"] == asked["基础数据"] == "M"
    assert (asked["历史文化保护线"], asked["中心城区四线"]) == ("C", "O")
    # Required by its concept although its table has it as optional.
    assert (
        find_delivery_constraint("YJJBNTBHTB", standard) == "M" and find_delivery_constraint("HLFXKZX", standard) == "C"
    )
    assert find_branch("YJJBNTBHHX", standard).name == "三条控制线"
    # Layers created by default are those that a delivery of the three lines needs.
    made = {role for b in chosen.values() for role in b.roles}
    for concept in standard.scopes["three_lines"].mandatory_concepts:
        assert made & set(standard.concepts[concept]), concept


def test_standard_without_a_layer_tree_inherits_it_for_its_layers():
    standard = load_standard("three_lines_2022")
    found = {b.name: b for b in list_branches(standard)}
    assert not standard.layer_tree and next(iter(found)) == "三条控制线" and found["三条控制线"].is_chosen
    assert found["三条控制线"].roles == ("CZKFBJ", "STBHHX", "YJJBNTBHTB", "GDBHMB")
    assert set(found["三条控制线"].roles_of_other_editions) == {"YJJBNT", "YJJBNTTB"}
    assert set(found["基础数据"].roles) == {"DLTB", "XZQ", "XZQJX"} and not found["基础数据"].roles_of_other_editions
    assert list_branches(load_standard("pbf_2021"))[0].roles == ("YJJBNTTB", "YJJBNT")
    assert [t.name for t in list_themes(standard)] == ["三条控制线", "规划分区", "历史文化", "用地"]


def test_map_theme_shows_the_first_existing_layer_of_each_concept_and_never_only_the_outline():
    standard = load_standard()
    theme = standard.themes["three_lines"]
    assert list_theme_roles(theme, standard, ["YJJBNTBHTB", "YJJBNT", "XZQX", "DLTB"]) == ["XZQX", "YJJBNTBHTB"]
    assert list_theme_roles(standard.themes["land_use"], standard, ["XZYDYH", "DLTB"]) == ["DLTB"]
    # County and townships alone are only an outline.
    assert list_theme_roles(standard.themes["heritage"], standard, ["XZQX", "XZQXZ", "DLTB"]) == []
