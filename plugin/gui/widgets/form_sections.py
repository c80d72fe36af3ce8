# SPDX-License-Identifier: GPL-2.0-or-later
"""Boxes of a form with their contents."""

from __future__ import annotations

from typing import Any

from .layout import fill_layout
from .sections import FormSection


def make_section(title: str, *contents: Any, about: str = "", wraps: bool = False) -> FormSection:
    """Return a box of a form; ``contents``: items of `fill_layout` below its title; others as of `FormSection`."""
    section = FormSection(title, about, wraps=wraps)
    fill_layout(section.layout_, *contents)
    return section
