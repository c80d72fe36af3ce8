# SPDX-License-Identifier: GPL-2.0-or-later
"""What was not checked is told once, however many layers it holds for."""

from __future__ import annotations

import pytest

from plugin.core.engine.outcome import render_reasons
from plugin.core.messages.texts import Texts


def untold(layers: int, fields: int = 2) -> list[tuple[str, dict]]:
    return [
        ("length_untold", {"layer": f"L{n}", "role": f"R{n}", "count": fields, "fields": "BSM, YSDM"})
        for n in range(layers)
    ]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_many_layers_are_told_in_one_sentence_with_their_number(lang):
    (said,) = render_reasons(untold(22), Texts(lang))
    assert "22" in said and "44" in said
    assert [name in said for name in ("L0", "L4", "L5")] == [True, True, False]


def test_two_layers_have_their_own_sentences():
    said = render_reasons(untold(2), Texts("zh"))
    assert len(said) == 2 and all("BSM, YSDM" in one for one in said)


def test_reasons_without_a_common_sentence_are_all_told():
    lost = [("layer_unusable", {"layer": name, "role": name}) for name in ("XZQ", "DLTB", "CZKFBJ")]
    said = render_reasons([*lost, *untold(3), lost[0]], Texts("zh"))
    assert [("XZQ" in one, "DLTB" in one) for one in said[:2]] == [(True, False), (False, True)]
    assert len(said) == 4
