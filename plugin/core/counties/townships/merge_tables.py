# SPDX-License-Identifier: GPL-2.0-or-later
"""What a merge writes of packages, contradictions, changes and seams: columns of the workbook and of the layers.

The layers of a GeoPackage have the versions of contradicting rows, and new seams.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import shapely

from ...exchange.gdal_setup import create_layer, define_field, raise_if_refused
from ...model.rule import Severity
from ...render.tables.report_table import TableColumn, make_record, make_table, write_tables_workbook
from ...standard.messages.texts import Texts
from .decide import ContradictionKind, Outcome
from .log import LoggedContradiction, LoggedVersion, MergeLog, RowContents, describe_note
from .stored_rows import list_fields
from .work_package import EditedPackage

SEAMS_LAYER = "seams"


def write_merge_workbook(log: MergeLog, path: Path, texts: Texts) -> None:
    """Write all tables of a merge to a new workbook. Raise OutputError."""
    columns, notes = _make_contradiction_columns(texts), [texts.get("townships", "contradictions_note")]
    tables = [
        make_table(
            "township_packages",
            [
                TableColumn("township_package", width_in_characters=24, value=lambda one: _name_package(one, texts)),
                TableColumn("township_person", width_in_characters=12, value=lambda one: one.person),
                TableColumn("township_rows", width_in_characters=10, value=lambda one: one.manifest.row_count),
                TableColumn(
                    "township_changed_count",
                    width_in_characters=10,
                    value=lambda package: sum(
                        one.edit.package is package and one.edit.outcome is Outcome.APPLIED for one in log.changes
                    ),
                ),
                TableColumn(
                    "township_contradiction_count",
                    width_in_characters=10,
                    value=lambda package: sum(
                        any(version.package is package for version in one.versions) for one in log.contradictions
                    ),
                ),
                TableColumn(
                    "township_notes",
                    width_in_characters=60,
                    value=lambda package: "\n".join(
                        describe_note(note, texts) for note in log.notes if note.package is package
                    ),
                ),
            ],
            log.packages,
        ),
        make_table(
            "township_contradictions",
            columns,
            [(one, version) for one in log.contradictions for version in one.versions],
            lambda item: item[0].contradiction.kind,
            notes=notes,
        ),
        make_table("township_changes", _make_change_columns(texts), log.changes, lambda one: one.kind),
    ]
    if log.has_seams:
        notes = [
            texts.get("townships", "seams_note", count=log.former_seam_count),
            *(gap.render(texts) for gap in log.gaps),
        ]
        tables.append(
            make_table(
                "township_seams",
                _make_seam_columns(texts),
                enumerate(log.seams, 1),
                lambda item: item[1].kind,
                notes=notes,
            )
        )
    write_tables_workbook(path, tables, "", texts)


def _make_change_columns(texts: Texts) -> list[TableColumn]:
    """Return the columns of a change of a row."""
    return [
        TableColumn(
            "township_package", width_in_characters=24, value=lambda one: _name_package(one.edit.package, texts)
        ),
        TableColumn("township_person", width_in_characters=12, value=lambda one: one.edit.package.person),
        TableColumn("layer", width_in_characters=16, value=lambda one: one.edit.layer.name),
        TableColumn("township_key", width_in_characters=22, value=lambda one: one.edit.key),
        TableColumn("township_new_key", width_in_characters=22, value=lambda one: one.edit.new_key),
        TableColumn(
            "township_change", width_in_characters=16, value=lambda one: texts.get("township_changes", one.kind)
        ),
        TableColumn("township_fields", width_in_characters=30, value=lambda one: ", ".join(one.fields)),
        TableColumn("township_area_before", "m2", width_in_characters=16, value=lambda one: one.area_before_m2),
        TableColumn("township_area_after", "m2", width_in_characters=16, value=lambda one: one.area_after_m2),
        TableColumn(
            "township_outcome",
            width_in_characters=20,
            value=lambda one: texts.get("township_outcomes", one.edit.outcome),
        ),
    ]


def _name_package(package: EditedPackage, texts: Texts) -> str:
    """Return code and name of the township of a package."""
    return package.manifest.label if package.manifest.code else texts.get("townships", "county_package")


def _make_contradiction_columns(texts: Texts) -> list[TableColumn]:
    """Return the columns of a version in a contradiction: an item is both; keys are the fields of a layer."""
    county = texts.get("townships", "county")

    def describe_values(item: tuple[LoggedContradiction, LoggedVersion]) -> str:
        # The differing values, one on each line.
        one, version = item
        if version.is_deleted:
            return texts.get("townships", "deleted")
        empty = texts.get("versions", "empty")
        lines = [f"{name}: {empty if value is None else value}" for name, value in version.values]
        if one.has_other_shape:
            lines.append(texts.get("townships", "other_shape"))
        return "\n".join(lines)

    return [
        TableColumn("number", width_in_characters=6, key="M_NO", value=lambda item: str(item[0].number)),
        TableColumn(
            "township_contradiction",
            width_in_characters=26,
            key="M_KIND",
            value=lambda item: texts.get("township_contradictions", item[0].contradiction.kind),
        ),
        TableColumn("layer", width_in_characters=16, value=lambda item: item[0].contradiction.layer.name),
        TableColumn("township_key", width_in_characters=22, value=lambda item: item[0].contradiction.key),
        TableColumn(
            "township_version",
            width_in_characters=24,
            key="M_VERSION",
            value=lambda item: item[1].package.manifest.label if item[1].package else county,
            shown=lambda item: _name_package(item[1].package, texts) if item[1].package else county,
        ),
        TableColumn(
            "township_person",
            width_in_characters=12,
            value=lambda item: item[1].package.person if item[1].package else "",
        ),
        TableColumn("township_values", width_in_characters=50, value=describe_values),
        TableColumn("township_area", "m2", width_in_characters=16, value=lambda item: item[1].area_m2),
        TableColumn(
            "township_choice",
            width_in_characters=20,
            key="M_CHOICE",
            value=lambda item: texts.get("township_choices", item[0].contradiction.choice),
        ),
    ]


def _make_seam_columns(texts: Texts) -> list[TableColumn]:
    """Return the columns of a seam: an item has its number before it; keys are the fields of the layer."""

    def make_side_column(n: int, side: str) -> TableColumn:
        return TableColumn(
            f"township_{side}",
            width_in_characters=34,
            key=f"M_{side.upper()}",
            value=lambda item: f"{item[1].sides[n].county} {','.join(item[1].sides[n].keys)}".strip(),
            shown=lambda item: f"{item[1].sides[n].county}\n{', '.join(item[1].sides[n].keys)}".strip(),
        )

    return [
        TableColumn("number", width_in_characters=6, key="M_NO", value=lambda item: str(item[0])),
        TableColumn(
            "township_seam",
            width_in_characters=16,
            key="M_KIND",
            value=lambda item: texts.get("township_seams", item[1].kind),
        ),
        TableColumn(
            "township_severity",
            width_in_characters=8,
            value=lambda item: texts.get("townships", "note" if item[1].severity is Severity.INFO else "warning"),
        ),
        TableColumn(
            "layer",
            width_in_characters=18,
            key="M_LAYER",
            value=lambda item: item[1].concept,
            # The layer of the border has no code.
            shown=lambda item: (
                texts.get("townships", "border")
                if item[1].concept == "county"
                else texts.get_concept_name(item[1].concept)
            ),
        ),
        *(make_side_column(n, side) for n, side in enumerate(("first", "second"))),
        TableColumn(
            "township_length",
            "m",
            width_in_characters=14,
            value=lambda item: item[1].length_m,
            decimals=2,
        ),
        TableColumn("township_area", "m2", width_in_characters=16, value=lambda item: item[1].area_m2),
    ]


def write_contradiction_layers(gdal: Any, log: MergeLog, contents: RowContents, path: Path, texts: Texts) -> None:
    """Write all versions of contradicting rows, a layer for each layer of the county, and the new seams.

    Raise RuntimeError if the driver refuses.
    """
    database = raise_if_refused(gdal.GetDriverByName("GPKG").Create(str(path), 0, 0, 0, gdal.GDT_Unknown))
    by_layer: dict[str, list[LoggedContradiction]] = {}
    for one in log.contradictions:
        if one.contradiction.kind is not ContradictionKind.TWO_PACKAGES:
            by_layer.setdefault(one.contradiction.layer.package_name, []).append(one)
    columns = _make_contradiction_columns(texts)
    for name, contradictions in by_layer.items():
        first = contradictions[0].contradiction
        _write_layer(
            database,
            name,
            contents.open_layer(first.layer, first.versions[0]).GetSpatialRef(),
            columns,
            first.layer.fields,
            (
                (make_record(columns, (one, version)) | row.cells, row.shape_bytes)
                for one in contradictions
                for version in one.contradiction.versions
                if (row := contents.read(one.contradiction.layer, version)) is not None
            ),
        )
    if log.seams:
        from osgeo import osr

        reference = osr.SpatialReference()
        raise_if_refused(reference.ImportFromEPSG(4490))
        columns = _make_seam_columns(texts)
        rows = ((make_record(columns, item), shapely.to_wkb(item[1].geometry)) for item in enumerate(log.seams, 1))
        _write_layer(database, SEAMS_LAYER, reference, columns, (), rows)
    del database


def _write_layer(
    database: Any,
    name: str,
    reference: Any,
    columns: list[TableColumn],
    fields: Iterable[str],
    rows: Iterable[tuple[dict[str, Any], bytes]],
) -> None:
    """Write a layer whose values are texts, in the fields of columns and in others.

    ``rows``: values by field, and shape (WKB, empty for none) of each row.
    """
    from osgeo import ogr

    names = [*(column.key for column in columns if column.key), *fields]
    layer = create_layer(
        database, name, reference, ogr.wkbUnknown, [define_field(field, "String") for field in names], ["FID=M_FID"]
    )
    for values, shape_bytes in rows:
        feature = ogr.Feature(layer.GetLayerDefn())
        for field, value in values.items():
            if value is not None and field in list_fields(layer):
                feature.SetField(field, value)
        if shape_bytes:
            raise_if_refused(feature.SetGeometry(raise_if_refused(ogr.CreateGeometryFromWkb(shape_bytes))))
        raise_if_refused(layer.CreateFeature(feature))
