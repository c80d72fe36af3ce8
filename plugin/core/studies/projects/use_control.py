# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers of use control (用途管制: XS_…, ZZ_…, LSYD_…): reading and writing projects by their standard fields.

The templates are in ``use_control-1128`` of the standards, of mark B: the standard itself was not read. They are no
edition of a plan, so that no check chooses them. XS_XMKJFW is also a layer of a county's database and described there.
Areas are hectares with four decimals where the standard states it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from ....paths import STANDARDS_FOLDER
from ...base.errors import OutputError
from ...exchange.create import create_database
from ...model.indicator import SQUARE_METRES
from ...plan.io.file import DRIVER_ERRORS
from ...plan.io.geopackage_writing import append_rows
from ...plan.layer import SourceLayer
from ...standard import load_standard
from ...standard.template import Template, TemplateField, load_template
from .reviewed_project import ConformityResult, ProjectResult

#: Prefix of the meanings of these templates; without it, a meaning is one of fields of projects, a line, or the area.
PREFIX, AREA = "project_", "area"
#: The layer that is written of projects that are not read from one.
DEFAULT_ROLE = "XS_XMKJFW"
#: Meaning → attribute of a project.
_ATTRIBUTES = {
    "name": "name", "number": "number", "plot": "plot", "applicant": "applicant", "use": "use_code",
}  # fmt: skip
_DTYPES = {"text": object, "real": "float64", "integer": "Int64", "date": "datetime64[ms]"}


def find_template(layer_name: str) -> Template | None:
    """Return the template of a layer of use control by its code; None for another layer."""
    paths = sorted(STANDARDS_FOLDER.glob("use_control-*/templates/*.toml"))
    path = next((one for one in paths if one.stem == layer_name.upper()), None)
    if path is not None:
        return load_template(path, "use_control")
    return load_standard().templates[DEFAULT_ROLE] if layer_name.upper() == DEFAULT_ROLE else None


def list_fields(template: Template) -> dict[str, str]:
    """Return the meaning of a project's field → its name in a layer of use control, areas by their unit."""
    fields = {_get_meaning(field): field for field in template.fields if field.meaning}
    area = fields.pop(AREA, None)
    names = {meaning: field.name for meaning, field in fields.items() if meaning in _ATTRIBUTES}
    return names | ({f"declared_{area.unit}": area.name} if area is not None and area.unit else {})


def _get_meaning(field: TemplateField) -> str:
    """Return the meaning of a field of projects; the name of a project is that of a feature of a county."""
    return field.meaning.removeprefix(PREFIX).removeprefix("feature_")


def read_records(source: SourceLayer, template: Template) -> tuple[tuple[str, dict[str, Any]], ...]:
    """Return code of the layer and field → value of each row, for all fields of the template that it has."""
    by_name = {str(name).upper(): name for name in source.frame.columns}
    columns = {one.name: source.frame[by_name[one.name]] for one in template.fields if one.name in by_name}
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    return tuple(
        (template.role, {name: None if pd.isna(value) else value for name, value in zip(columns, row, strict=True)})
        for row in rows
    )


def write_use_control(result: ConformityResult, path: Path) -> None:
    """Write the reviewed projects to a new GeoPackage as a layer of use control, in the plane of the plan.

    Fields keep what was read. Empty ones get what the review knows: names, numbers, and areas whose unit is stated.
    Raise OutputError.
    """
    role = next((one.project.record[0] for one in result.results if one.project.record), DEFAULT_ROLE)
    template = find_template(role)
    if template is None:
        raise OutputError("output_unwritable", target=path.name, detail=role)
    create_database(path, [template], result.plan.plane_crs, code_lists={})
    try:
        # A text in a field of numbers or dates is refused.
        rows = [{field.name: _make_value(field, one) for field in template.fields} for one in result.results]
        frame = gpd.GeoDataFrame(
            pd.DataFrame(rows, columns=[field.name for field in template.fields], dtype=object),
            geometry=[one.project.shape for one in result.results],
            crs=result.plan.plane_crs,
        )
        append_rows(frame.astype({field.name: _DTYPES[field.type] for field in template.fields}), path, role)
    except (*DRIVER_ERRORS, ValueError, TypeError) as error:
        raise OutputError("output_unwritable", target=path.name, detail="refused") from error


def _make_value(field: TemplateField, one: ProjectResult) -> Any:
    """Return the value of a field for a project; None if it is unknown."""
    project, meaning = one.project, _get_meaning(field)
    value = project.record[1].get(field.name) if project.record else None
    if value in (None, "") and meaning in _ATTRIBUTES:
        value = getattr(project, _ATTRIBUTES[meaning]) or None
    elif value in (None, "") and field.unit in SQUARE_METRES and field.meaning:
        line = one.find_line(meaning)
        area = project.statutory_m2 if meaning == AREA else line.leading_m2 if line else None
        value = None if area is None else area / SQUARE_METRES[field.unit]
    return round(float(value), field.decimals) if field.type == "real" and value not in (None, "") else value
