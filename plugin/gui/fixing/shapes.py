# SPDX-License-Identifier: GPL-2.0-or-later
"""The shapes of proposals for the map."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from qgis.core import QgsCoordinateReferenceSystem, QgsGeometry

from .map_preview import FixShapes


def make_fix_shapes(
    proposals: Iterable[Any], rows_before: Mapping[Any, Any], crs: QgsCoordinateReferenceSystem
) -> FixShapes:
    """Return the shapes that proposals (`core.fixes.proposal.Proposal`) change, for the maps.

    ``rows_before``: (layer code, feature id) → row before the fixes; ``crs``: CRS of the check, which all layers have
    whose shapes a fix may change.
    """
    from ...core.exchange.layer_changes import UNCHANGED

    shapes = FixShapes(crs)
    for proposal in proposals:
        for edit in proposal.edits:
            row_before = rows_before.get((edit.role, edit.fid))
            if edit.shape is UNCHANGED and not edit.is_deleted:
                continue
            if not edit.is_new and row_before is not None and row_before.feature.wkb is not None:
                shapes.before.append(_convert_wkb_to_geometry(row_before.feature.wkb))
            if edit.shape is not UNCHANGED and edit.shape is not None:
                shapes.after.append(_convert_wkb_to_geometry(edit.shape.wkb))
        for area in proposal.areas:
            shapes.moved_out += [_convert_wkb_to_geometry(area.moved_out.wkb)] if area.moved_out is not None else []
            shapes.moved_in += [_convert_wkb_to_geometry(area.moved_in.wkb)] if area.moved_in is not None else []
        if proposal.finding.geom_kind != "none":
            shapes.place.append(_convert_wkb_to_geometry(proposal.finding.geometry.wkb))
    return shapes


def make_finding_shapes(finding: Any, crs: QgsCoordinateReferenceSystem) -> FixShapes:
    """Return the location of a finding as shapes for the maps, without a fix."""
    place = [] if finding.geom_kind == "none" else [_convert_wkb_to_geometry(finding.geometry.wkb)]
    return FixShapes(crs, place=place)


def _convert_wkb_to_geometry(wkb: bytes) -> QgsGeometry:
    geometry = QgsGeometry()
    geometry.fromWkb(wkb)
    return geometry
