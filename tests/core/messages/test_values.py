# SPDX-License-Identifier: GPL-2.0-or-later
"""Values that a message shows by their type, whatever its placeholder is called."""

import json

import pytest

from plugin.core.messages.texts import CodeListName, ConceptName, IndicatorName, Texts
from plugin.core.model.findings import Finding


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_type_of_a_value_decides_how_a_message_shows_it(lang):
    texts = Texts(lang)
    names = {
        ConceptName("farmland"): texts.concept("farmland"),
        CodeListName("planning_zones"): texts.setting("codes.planning_zones"),
        IndicatorName("red_line_area"): texts.indicator("red_line_area"),
    }
    for value, name in names.items():
        assert name != value
        # One placeholder, three kinds of values: its name plays no part.
        finding = Finding("STBHHX", code="REL011", params={"concept": value})
        assert name in texts.message(finding, {})
        plain = Finding("STBHHX", code="REL011", params={"concept": str(value)})
        assert str(value) in texts.message(plain, {})


def test_a_typed_value_is_a_plain_string_in_json_and_in_comparisons():
    finding = Finding("STBHHX", params={"concept": ConceptName("farmland")})
    assert json.dumps(finding.params) == '{"concept": "farmland"}'
    assert finding.params == {"concept": "farmland"}
