# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np

from ...model.findings import Finding
from ..edits import Edits, FixRefused, NewField, RowEdit
from ..fix_declaration import FixExample, Safety, fix
from ..state import EditingState

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"


@fix(
    "FIX026",
    "add-missing-field",
    title="Add a field of the template",
    solves={"SCH002": ("missing",)},
    safety=Safety.NEVER,
    messages={"": "Add the field {field}; {count} rows get a value, {empty} have none"},
    examples=[
        FixExample("the deduction follows from gross area and rate", "SCH002", {"layer": [{"wkt": SQUARE_WKT, "gross_area": 1000.0, "deduction_rate": 0.1, "net_area": 900.0}]},
                   {"layer": [{"wkt": SQUARE_WKT}]}, roles={"layer": "GDBHMB"}),
    ],
)  # fmt: skip
def add_missing_field(finding: Finding, *, state: EditingState) -> Edits:
    """Add a field of the template.

    What it does
        Adds the field with the template's type and length. A deduction (KCMJ) is gross area × rate, rounded to 0.01
        m²; any other field gets the template's default.
    When it is safe
        Never, because the structure of the layer changes.
    Limits
        Rules that read the field check it in the next whole check. A shapefile keeps ten bytes of a name.
    """
    layer = state.plan.layers.get(finding.role)
    template_field = layer.template.find_field_by_name(finding.field) if layer is not None else None
    if layer is None or template_field is None or template_field.name in state.new_fields.get(finding.role, ()):
        raise FixRefused("stale")
    values: list[float | str | None] = [template_field.default or None] * len(layer)
    if template_field.meaning == "deduction_area":
        deductions = np.round(layer.numbers("gross_area") * np.nan_to_num(layer.numbers("deduction_rate")), 2)
        values = [float(one) if np.isfinite(one) else None for one in deductions]
    elif template_field.type in ("integer", "real") and template_field.default:
        values = [float(template_field.default)] * len(layer)
    rows = [
        RowEdit(layer.role, fid, attributes={template_field.name: value})
        for number, (fid, value) in enumerate(zip(layer.fids, values, strict=True))
        if value is not None and state.get_row_by_number(layer.role, number) is not None
    ]
    params = {"field": template_field.name, "count": len(rows), "empty": len(layer) - len(rows)}
    return Edits(rows, [NewField(layer.role, template_field.name)], params=params)
