# SPDX-License-Identifier: GPL-2.0-or-later
from ...model.findings import Finding
from ..area_fields import derive_net_area_fields, get_area_field_allowance_m2, measure_shape_areas_m2
from ..dividing import require_shape
from ..edits import Edits, FixRefused, RowEdit
from ..fix_declaration import FixExample, Safety, fix
from ..state import EditingState

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
#: Statutory area of `SQUARE_WKT` where examples are.
SQUARE_M2 = 9997.54


@fix(
    "FIX024",
    "measure-area-field",
    title="Measure an area field again",
    solves={"ATT013": ()},
    safety=Safety.FORMAL,
    messages={"": "Write {field} = {value} m² instead of {former} m²"},
    examples=[
        FixExample("the plane's area", "ATT013", {"layer": [{"wkt": SQUARE_WKT, "area": 10000.0}]}, {"layer": [{"wkt": SQUARE_WKT, "area": SQUARE_M2}]}, safe=True),
        FixExample("a large difference is confirmed by a person", "ATT013", {"layer": [{"wkt": SQUARE_WKT, "area": 20000.0}]}, {"layer": [{"wkt": SQUARE_WKT, "area": SQUARE_M2}]}),
        FixExample("the net area follows", "ATT013", {"layer": [{"wkt": SQUARE_WKT, "gross_area": 10000.0, "deduction_rate": 0.1, "deduction_area": 1000.0, "net_area": 9000.0}]},
                   {"layer": [{"wkt": SQUARE_WKT, "gross_area": SQUARE_M2, "net_area": 8997.79}]}, safe=True, rules=("ATT003",), roles={"layer": "GDBHMB"}),
        FixExample("an adjusted area stays", "ATT013", {"layer": [{"wkt": SQUARE_WKT, "area": 10000.0}]}, refused="adjusted", settings={"closure.limit_share": 0.001}),
    ],
)  # fmt: skip
def measure_area_field(finding: Finding, *, state: EditingState, max_safe_share: float = 0.01) -> Edits:
    """Measure an area field again.

    What it does
        Writes the statutory ellipsoidal area (图斑椭球面积) of the shape, rounded as the template asks. Where the field
        is a gross area, deduction and net area follow by the row's rate.
    When it is safe
        If the field differs from the shape by at most max_safe_share of its area; a larger difference may mean that
        the shape is wrong.
    Limits
        A difference that the allowance of ATT013 or an adjustment to the control area (平差, closure.limit_share)
        explains is left as it is.
    """
    row = state.get_finding_row(finding)
    require_shape(row)
    template_field = row.layer.template.find_field_by_name(finding.field)
    if template_field is None or not row.layer.has_field(template_field.meaning):
        raise FixRefused("stale")
    former_area = float(row.layer.numbers(template_field.meaning)[0])
    (area,) = measure_shape_areas_m2(state, row, row.stored_shape)
    difference = abs(former_area - area)
    if not difference > get_area_field_allowance_m2(state):
        raise FixRefused("stale")
    if difference <= float(state.norm.get("closure.limit_share")) * area:
        raise FixRefused("adjusted", role=row.role, key=row.key, field=template_field.name)
    value = round(area, 2 if template_field.decimals is None else template_field.decimals)
    attributes = {template_field.name: value}
    if template_field.meaning == "gross_area":
        attributes |= derive_net_area_fields(row, value)
    edits = Edits(
        [RowEdit(row.role, row.fid, attributes=attributes)],
        params={"field": template_field.name, "value": value, "former": former_area},
    )
    if difference > max_safe_share * area:
        edits.review_reasons.append("area_differs")
    return edits
