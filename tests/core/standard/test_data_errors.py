# SPDX-License-Identifier: GPL-2.0-or-later
"""Errors in templates, profiles, standards and code lists name file and key."""

import pytest

from plugin.core.base.errors import DataError
from plugin.core.standard import load_standard
from plugin.core.standard.messages.texts import Texts
from plugin.core.standard.profile import load_profile

PROFILE_HEAD = 'id = "x"\nname = "某县"\narea_code = "140225"\n'
TARGET_SECTION = '[[targets]]\nindicator = "red_line_area"\ncomparison = ">="\nvalue = "1.00"\nunit = "km2"\nyear = 2035\nbinding = ""\nsource = ""\n'
TEMPLATE_HEAD = (
    'role = "TEST"\nname = "试"\nname_mark = "B"\ngeometry = "polygon"\noverlap = "never"\nconstraint = "O"\n'
    'fields_mark = "B"\nsource = "S"\n[[field]]\nname = "BSM"\nalias = "标识码"\ntype = "text"\nmark = "B"\n'
)


def assert_message_contains(error, *words):
    sentence = Texts("zh").explain_error(error)
    assert all(w in sentence for w in words), sentence
    assert all(w in Texts("en").explain_error(error) for w in words)


def test_unknown_profile_or_standard_is_refused_with_the_known_ones():
    with pytest.raises(DataError) as caught:
        load_profile("hunyuen")
    assert_message_contains(caught.value, "hunyuen", "hunyuan", "shanxi")
    with pytest.raises(DataError) as caught:
        load_standard("county")
    assert_message_contains(caught.value, "county_db", "survey_2020")


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('base = "nowhere"', "base"),
        ('standard = "nowhere"', "standard"),
        ('edition = "nowhere"', "edition"),
        ('edition = "1"\nincludes = ["nowhere"]', "includes"),
    ],
)
def test_file_that_names_an_unknown_profile_or_standard_is_named_with_the_key(tmp_path, line, key):
    # Included standards are searched next to the folder of the standard, where other tests have folders.
    folder = tmp_path / "own"
    folder.mkdir()
    path = folder / ("standard.toml" if key == "includes" else "县.toml")
    path.write_text(f"{PROFILE_HEAD}{line}\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_standard(str(folder)) if key == "includes" else load_profile(path)
    assert_message_contains(caught.value, path.name, key, "nowhere")
