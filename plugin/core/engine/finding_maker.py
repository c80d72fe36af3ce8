# SPDX-License-Identifier: GPL-2.0-or-later
"""Findings on rows and on parts of rows, with their keys, areas and shapes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..geometry.parts import Parts
from ..model.findings import Finding
from ..plan.layer import Layer
from .geometry_queries import GeometryQueries


@dataclass
class FindingMaker:
    """Makes a rule's findings; code, severity and sentence are added when the rule is done."""

    geometry: GeometryQueries

    def by_place(self, findings: list[Finding]) -> list[Finding]:
        """These may come several on one row (or on none): what names each for good is its place."""
        for finding in findings:
            finding.by_place = True
        return findings

    def row(self, layer: Layer, position: int, **more: Any) -> Finding:
        """A finding on one row: role, key, and the feature id where the key does not tell it apart."""
        params = dict(more.pop("params", {}))
        if position in layer.unsure_keys:
            params.setdefault("fid", layer.fids[position])
        return Finding(role=layer.role, key=layer.keys[position], params=params, **more)

    def pairs(self, a: Layer, b: Layer, parts: Parts, *, net: bool = False, **more: Any) -> list[Finding]:
        """One finding a part: ``a`` is the finding's own side, ``b`` the related one.

        With ``net``, the occupied net area too: shared ÷ row × net area of the row (永农数据库标准, A8), both areas measured
        alike: a row that is covered whole loses just its net area.
        """
        areas = self.geometry.areas_of(parts, a, b)
        net_of_row, share = (a.numbers("net_area"), self.geometry.shares_of(parts, a)) if net else (None, None)
        found = []
        for n, (i, j) in enumerate(zip(parts.left.tolist(), parts.right.tolist(), strict=True)):
            finding = self.row(
                a, i, area_m2=float(areas[n]), width_m=float(parts.width[n]), geometry=parts.geometry[n], **more
            )
            finding.related_role = b.role
            if j >= 0:
                finding.related_keys = [b.keys[j]]
                if j in b.unsure_keys:
                    finding.params["related_fid"] = b.fids[j]
            if net_of_row is not None and share is not None and np.isfinite(net_of_row[i]) and a.statutory[i] > 0:
                finding.net_area_m2 = float(share[n] * net_of_row[i])
            found.append(finding)
        return found
