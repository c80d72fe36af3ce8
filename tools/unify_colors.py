# SPDX-License-Identifier: GPL-2.0-or-later
"""Rewrite colours in styles and layouts, which each version of QGIS writes in another way."""

import re

#: Red, green, blue and alpha as shares, which QGIS 3.40 writes with 17 digits and QGIS 3.44 with 7 decimals.
_COLOR_COMPONENTS_PATTERN = re.compile(r"(?<=,rgb:)[\d.]+(?:,[\d.]+){3}")


def unify_colors(text: str) -> str:
    """Return a style's text with the colour components rounded to 7 decimals."""
    return _COLOR_COMPONENTS_PATTERN.sub(lambda found: ",".join(map(_round_component, found[0].split(","))), text)


def _round_component(share: str) -> str:
    """Return a share (0–1) with at most 7 decimals."""
    return f"{float(share):.7f}".rstrip("0").rstrip(".")
