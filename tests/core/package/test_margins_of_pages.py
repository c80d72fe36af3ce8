# SPDX-License-Identifier: GPL-2.0-or-later
"""Margins on report pages of several versions: a sign in version 0.1.0, a word in later ones."""

import pytest

from plugin.core.package.inspection.pages import compare_report_page, read_page
from tests.core.report_fixtures import make_report


def make_page(margin):
    cells = f"<td>扩展倍数 N1</td><td>≤ 1.25</td><td>1.3165</td><td>{margin}</td>"
    return f'<table><tr data-indicator="expansion_ratio_n1">{cells}</tr></table>'


@pytest.fixture
def find_differences(monkeypatch):
    """Return a function that compares the margin on a page with the margin that the data give."""

    def find(printed, expected):
        monkeypatch.setattr("plugin.core.render.html.render_report", lambda report, norm: make_page(expected))
        differences = compare_report_page(read_page(make_page(printed)), make_report(), None)
        return [one for one in differences if one.part_key == "figures"]

    return find


@pytest.mark.parametrize(
    ("printed", "expected"),
    [("−0.0665", "超出 0.0665"), ("+0.0699", "余 0.0699"), ("−0.37", "缺 0.37 km²"), ("-0.37", "0.37 km² short")],
)
def test_signed_margin_of_an_earlier_version_equals_the_margin_with_a_word(find_differences, printed, expected):
    assert find_differences(printed, expected) == []


@pytest.mark.parametrize(
    ("printed", "expected"), [("+0.0665", "超出 0.0665"), ("余 0.37", "缺 0.37"), ("0.1", "余 0.2")]
)
def test_margin_with_another_sign_or_figure_differs(find_differences, printed, expected):
    assert len(find_differences(printed, expected)) == 1
