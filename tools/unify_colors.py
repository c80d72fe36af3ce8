# SPDX-License-Identifier: GPL-2.0-or-later
"""Uniform text of styles and layouts of each QGIS version."""

import re

#: Red, green, blue and alpha as shares, which QGIS 3.40 writes with 17 digits and QGIS 3.44 with 7 decimals.
_SHARES = re.compile(r"(?<=,rgb:)[\d.]+(?:,[\d.]+){3}")


def unify_colors(text: str) -> str:
    """Return the text with the shares of every colour at 7 decimals."""
    return _SHARES.sub(lambda found: ",".join(map(_round, found[0].split(","))), text)


def _round(share: str) -> str:
    return f"{float(share):.7f}".rstrip("0").rstrip(".")
