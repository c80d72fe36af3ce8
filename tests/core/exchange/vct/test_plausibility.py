# SPDX-License-Identifier: GPL-2.0-or-later
"""Patterns that find implausible texts among all values of a batch."""

import pytest

from plugin.core.exchange.vct import plausibility

PATTERNS = {
    **plausibility._load_placeholder_patterns(),
    **plausibility._load_name_patterns(),
    **plausibility._WRONG_CODE_PATTERN_BY_NOTE,
    **plausibility._LETTER_IN_CODE_PATTERN_BY_NOTE,
    **plausibility._WORD_PATTERN_BY_NOTE,
    **plausibility._CODE_PATTERN_BY_NOTE,
}


@pytest.mark.parametrize("key", PATTERNS)
@pytest.mark.parametrize("last", ["乙'", '"乙', "乙", "1e5", "12a", "???", "NULL", "&amp;", "国產"])
def test_plausibility_pattern_never_matches_across_two_values(key, last):
    """A pattern that reads on into the next values takes a time that grows with the square of their number."""
    values = ["甲", "140225", "", last]
    found = PATTERNS[key].search("\n".join(values))
    assert (found is not None) == any(PATTERNS[key].search(value) for value in values)
    assert found is None or "\n" not in found.group()
