# SPDX-License-Identifier: GPL-2.0-or-later
"""Texts that name a CRS, its zone or its central meridian."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..geometry import crs as crs_care

if TYPE_CHECKING:
    from pyproj import CRS

    from ..plan.plan import Plan

_ZONE = r"(?:1[3-9]|2\d|3\d|4[0-5])"
_MERIDIAN = r"\d{2,3}(?:\.\d+)?\s?[°º度]?\s?E?"
_GAUSS = r"(?:Gauss(?:[\s_–-]*Kr(?:u|ü|ue)ger)?|高斯(?:[\s–—-]*克吕格)?(?:投影)?|\bGK\b|(?<=_)GK(?=_))"
#: The datum alone is not found: all plans are in CGCS2000.
CRS_TEXT = re.compile(
    r"EPSG\s?[:：]{1,2}\s?\d{4,6}(?:[\s\u3000]*[（(]?\d{2}\s?(?:带|zone)[）)]?)?"
    rf"|(?:CGCS[\s_]?2000[\s_/]*)?(?:[36][\s_-]?(?:degree|度|°)[\s_-]*(?:带|分带)?[\s_]*)?{_GAUSS}"
    rf"(?:[\s_,，]*(?:zone|CM|第|带号)?[\s_:：]*\d{{1,3}}\s?[EN°带]*)?"
    rf"|CGCS[\s_]?2000[\s_/]+(?:[36][\s_-]?degree[\w\s-]*|zone[\s_]*\d+|{_ZONE}\s?带)"
    rf"|[36]\s?(?:度|°)\s?(?:分带|带)(?:[\s第]*{_ZONE}\s?带)?|第\s?{_ZONE}\s?(?:号)?带|(?<![\d.]){_ZONE}\s?带(?![宽状有来动头领回入出走])"
    rf"|带号[\s:：为]*{_ZONE}(?!\d)|(?<![A-Za-z])zone[\s:]*{_ZONE}(?!\d)"
    rf"|(?:中央经线|中央子午线|central\s+meridian)[\s:：=为是of]*(?:东经)?\s?{_MERIDIAN}"
    r"|(?<![A-Za-z])TM\s?\d{2,3}(?:\.\d+)?\s?°?\s?E",
    re.IGNORECASE,
)
_UNNAMED = ("", "unknown", "unnamed", "undefined")


def list_crs_labels(plan: Plan) -> list[str]:
    """Return the labels of all CRS of a plan, as messages and provenance write them."""
    known: list[CRS | None] = [plan.crs, plan.plane_crs]
    labels: set[str] = set()
    for layer in dict.values(plan.layers):
        known += [layer.crs, layer.known_crs]
        labels |= {layer.source.described_crs, *layer.source.shape_crs}
    for crs in known:
        if crs is not None:
            labels |= {crs_care.make_crs_label(crs), crs.name}
    return sorted(label for label in labels if label.strip().lower() not in _UNNAMED)
