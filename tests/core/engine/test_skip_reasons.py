# SPDX-License-Identifier: GPL-2.0-or-later
"""Reasons of skipped rules: many layers with one reason share one sentence."""

from __future__ import annotations

import pytest

from plugin.core.engine.outcome import render_reasons
from plugin.core.messages.texts import Texts


def make_missing_field_reasons(layers: int, fields: int = 2) -> list[tuple[str, dict]]:
    return [
        ("length_untold", {"layer": f"L{n}", "role": f"R{n}", "count": fields, "fields": "BSM, YSDM"})
        for n in range(layers)
    ]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_layers_skipped_for_the_same_reason_share_one_sentence_with_their_count(lang):
    (message,) = render_reasons(make_missing_field_reasons(22), Texts(lang))
    assert "22" in message and "44" in message
    assert [name in message for name in ("L0", "L4", "L5")] == [True, True, False]


def test_two_layers_skipped_for_the_same_reason_have_one_sentence_each():
    message = render_reasons(make_missing_field_reasons(2), Texts("zh"))
    assert len(message) == 2 and all("BSM, YSDM" in one for one in message)


def test_different_reasons_for_skipping_layers_are_listed_in_separate_sentences():
    lost = [("layer_unusable", {"layer": name, "role": name}) for name in ("XZQ", "DLTB", "CZKFBJ")]
    message = render_reasons([*lost, *make_missing_field_reasons(3), lost[0]], Texts("zh"))
    assert [("XZQ" in one, "DLTB" in one) for one in message[:2]] == [(True, False), (False, True)]
    assert len(message) == 4
