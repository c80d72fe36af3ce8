# SPDX-License-Identifier: GPL-2.0-or-later
from ...model.findings import Finding
from ..dividing import require_text_field
from ..edits import Edits, FixRefused, RowEdit
from ..fix_declaration import FixExample, Safety, fix
from ..state import EditingState

SQUARE_WKT = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"


@fix(
    "FIX020",
    "pad-code",
    title="Pad a code to its full length",
    solves={"ATT008": (), "ATT002": ("unknown_zeros",)},
    safety=Safety.FORMAL,
    messages={"": "Write {field} = {value} instead of {former}"},
    examples=[
        FixExample("four digits", "ATT008", {"layer": [{"wkt": SQUARE_WKT, "land_use": "0103"}]}, {"layer": [{"wkt": SQUARE_WKT, "land_use": "010300"}]}, safe=True, roles={"layer": "ZXCQGHYDYH"}),
        FixExample("a code that was stored as a number", "ATT002", {"layer": [{"wkt": SQUARE_WKT, "land_use": "103"}]}, {"layer": [{"wkt": SQUARE_WKT, "land_use": "0103"}]}, safe=True, roles={"layer": "GDBHMB"}),
        FixExample("a field of numbers", "ATT002", {"layer": [{"wkt": SQUARE_WKT, "land_use": 103}]}, refused="number_field", roles={"layer": "GDBHMB"}),
    ],
)  # fmt: skip
def pad_code(finding: Finding, *, state: EditingState) -> Edits:
    """Pad a code to its full length.

    What it does
        Appends zeros to a code of the list up to the number of digits in the template (0103 becomes 010300), or
        restores the leading zeros that a number lost (103 becomes 0103).
    When it is safe
        Always, as the code means the same.
    Limits
        Other codes that are not in the list are ATT002's. A field of numbers cannot store a leading zero (SCH002).
    """
    row = state.get_finding_row(finding)
    template_field = row.layer.template.find_field_by_name(finding.field)
    code_list = state.norm.standard.code_lists.get(template_field.codes) if template_field else None
    former_code = row.layer.get_texts_by_name(finding.field)[0]
    if template_field is None or code_list is None or not former_code.isdigit():
        raise FixRefused("stale")
    value = (
        former_code.ljust(template_field.code_pad, "0")
        if former_code in code_list.entry_by_code
        else code_list.restore_leading_zeros(former_code, template_field.code_pad)
    )
    if value in ("", former_code):
        raise FixRefused("stale")
    require_text_field(row, template_field.name, value)
    params = {"field": template_field.name, "value": value, "former": former_code}
    return Edits([RowEdit(row.role, row.fid, attributes={template_field.name: value})], params=params)
