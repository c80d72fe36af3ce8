# SPDX-License-Identifier: GPL-2.0-or-later
"""Map themes are data of a standard."""

import pytest

from plugin.core.errors import DataError
from plugin.core.standard import load_standard


def test_the_four_themes_of_the_county_standard():
    themes = load_standard().themes
    assert [t.name for t in themes.values()] == ["三条控制线", "规划分区", "历史文化", "用地"]
    assert themes["three_lines"].roles[-3:] == ("farmland", "red_line", "boundary")
    # Every layer of the heritage group is seen in the heritage theme, by its code or as the concept it answers.
    standard = load_standard()
    shown = {role for entry in themes["heritage"].roles for role in standard.concepts.get(entry, (entry,))}
    assert set(standard.groups["heritage"].roles) <= shown


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[themes.lines]\nname = "线"\nroles = ["red_line", "NIEMALS"]', "NIEMALS"),
        ('[themes.lines]\nname = "线"', "themes.lines.roles"),
        ('[themes.lines]\nname = "线"\nroles = "red_line"', "themes.lines.roles"),
        ('[themes.lines]\nname = "规划分区"\nroles = ["red_line"]', "规划分区"),
    ],
)
def test_a_broken_theme_is_named(tmp_path, text, says):
    (tmp_path / "standard.toml").write_text(
        f'id = "trial"\nedition = "1"\nname = "试"\nincludes = ["county_db"]\n{text}\n', encoding="utf-8"
    )
    with pytest.raises(DataError) as caught:
        load_standard(str(tmp_path))
    assert says in str(caught.value.params)
