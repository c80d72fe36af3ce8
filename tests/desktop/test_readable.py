# SPDX-License-Identifier: GPL-2.0-or-later
"""Test in the real desktop that nothing scrolls sideways on a small screen, and that all texts are readable."""

import pytest

SMALL_SCREEN = "1024x768"
#: Contrast of text by WCAG 2.1, 1.4.3.
MIN_CONTRAST = 4.5


@pytest.mark.parametrize(
    ("name", "lang", "theme"),
    [("readable-en", "en", "Night Mapping"), ("readable-zh", "zh-Hans", "default")],
    ids=["English, dark", "Chinese, light"],
)
def test_dialogs_need_no_sideways_scrolling_on_a_small_screen_and_texts_have_enough_contrast(
    desktop, monkeypatch, name, lang, theme
):
    monkeypatch.setenv("SANXIAN_PICTURE", name)
    facts = desktop("readable", size=SMALL_SCREEN, theme=theme, lang=lang, timeout=400)
    assert not {window: areas for window, areas in facts["sideways"].items() if areas}
    assert {"panel-detail", "profile-errors", "document-error", "waiver-error", "package", "counties-forecast"} <= set(
        facts["sideways"]
    )
    kinds = {kind for _, kind, *_ in facts["contrast"]}
    assert {"text", "placeholder"} <= kinds and len(facts["contrast"]) > 150
    # WCAG exempts disabled texts.
    assert not [row for row in facts["contrast"] if row[-1] < MIN_CONTRAST and row[1] != "disabled"]
