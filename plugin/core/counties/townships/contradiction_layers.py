# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the versions of contradicting rows, and new seams, to layers of a GeoPackage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import shapely

from ...exchange.gdal_setup import create_layer, define_field, raise_if_refused
from ...standard.messages.texts import Texts
from .decide import ContradictionKind
from .describe_rows import RowContents
from .log import LoggedContradiction, MergeLog
from .stored_rows import list_fields

#: Fields of all layers: number in the table, kind, version, and whether it was written.
_MARK_FIELDS = ("M_NO", "M_KIND", "M_VERSION", "M_CHOICE")
SEAMS_LAYER = "seams"


def write_contradiction_layers(gdal: Any, log: MergeLog, contents: RowContents, path: Path, texts: Texts) -> None:
    """Write all versions of contradicting rows, a layer for each layer of the county, and the new seams.

    Raise RuntimeError if the driver refuses.
    """
    database = raise_if_refused(gdal.GetDriverByName("GPKG").Create(str(path), 0, 0, 0, gdal.GDT_Unknown))
    by_layer: dict[str, list[LoggedContradiction]] = {}
    for one in log.contradictions:
        if one.kind is not ContradictionKind.TWO_PACKAGES:
            by_layer.setdefault(one.contradiction.layer.package_name, []).append(one)
    for name, contradictions in by_layer.items():
        _write_versions(database, name, contradictions, contents, texts)
    if log.seams:
        _write_seams(database, log, texts)
    del database


def _write_versions(
    database: Any, name: str, contradictions: Sequence[LoggedContradiction], contents: RowContents, texts: Texts
) -> None:
    """Write the versions of the rows of a layer, with their values as text."""
    from osgeo import ogr

    first = contradictions[0].contradiction
    sources = [contents.get_layer(first.layer, version) for version in first.versions]
    layer = create_layer(
        database,
        name,
        next(one for one in sources if one is not None).GetSpatialRef(),
        ogr.wkbUnknown,
        [define_field(field, "String") for field in (*_MARK_FIELDS, *first.layer.fields)],
        ["FID=M_FID"],
    )
    for one in contradictions:
        for version in one.contradiction.versions:
            row = contents.read_version(one.contradiction.layer, version)
            if row is None:
                continue
            feature = ogr.Feature(layer.GetLayerDefn())
            label = version.package.label if version.package else texts.get("townships", "county")
            marks = (
                str(one.number),
                texts.get("township_contradictions", one.kind),
                label,
                texts.get("township_choices", one.choice),
            )
            for field, value in (*zip(_MARK_FIELDS, marks, strict=True), *row.cells.items()):
                if value is not None and field in list_fields(layer):
                    feature.SetField(field, value)
            if row.shape_bytes:
                raise_if_refused(feature.SetGeometry(raise_if_refused(ogr.CreateGeometryFromWkb(row.shape_bytes))))
            raise_if_refused(layer.CreateFeature(feature))


def _write_seams(database: Any, log: MergeLog, texts: Texts) -> None:
    """Write the new seams in degrees on CGCS2000."""
    from osgeo import ogr, osr

    reference = osr.SpatialReference()
    raise_if_refused(reference.ImportFromEPSG(4490))
    fields = [define_field(field, "String") for field in ("M_NO", "M_KIND", "M_LAYER", "M_FIRST", "M_SECOND")]
    layer = create_layer(database, SEAMS_LAYER, reference, ogr.wkbUnknown, fields, ["FID=M_FID"])
    for number, seam in enumerate(log.seams, 1):
        feature = ogr.Feature(layer.GetLayerDefn())
        feature.SetField("M_NO", str(number))
        feature.SetField("M_KIND", texts.get("township_seams", seam.kind))
        feature.SetField("M_LAYER", seam.layer)
        for field, (name, keys) in zip(("M_FIRST", "M_SECOND"), seam.sides, strict=True):
            feature.SetField(field, f"{name} {','.join(keys)}".strip())
        geometry = ogr.CreateGeometryFromWkb(shapely.to_wkb(seam.geometry))
        raise_if_refused(feature.SetGeometry(raise_if_refused(geometry)))
        raise_if_refused(layer.CreateFeature(feature))
