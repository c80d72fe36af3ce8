# SPDX-License-Identifier: GPL-2.0-or-later
"""Values in messages, displayed by their type and not by their placeholder."""

import json

import pytest

from plugin.core.messages.texts import CodeListName, ConceptName, IndicatorName, Texts
from plugin.core.model.findings import Finding


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_message_shows_a_value_by_its_type_not_by_its_placeholder_name(lang):
    texts = Texts(lang)
    names = {
        ConceptName("farmland"): texts.get_concept_name("farmland"),
        CodeListName("planning_zones"): texts.get_setting_name("codes.planning_zones"),
        IndicatorName("red_line_area"): texts.get_indicator_name("red_line_area"),
    }
    for value, name in names.items():
        assert name != value
        # One placeholder, three kinds of values: its name plays no part.
        finding = Finding("STBHHX", code="REL011", params={"concept": value})
        assert name in texts.format_message(finding, {})
        plain = Finding("STBHHX", code="REL011", params={"concept": str(value)})
        assert str(value) in texts.format_message(plain, {})


def test_typed_message_value_is_a_plain_string_in_json_and_comparisons():
    finding = Finding("STBHHX", params={"concept": ConceptName("farmland")})
    assert json.dumps(finding.params) == '{"concept": "farmland"}'
    assert finding.params == {"concept": "farmland"}
