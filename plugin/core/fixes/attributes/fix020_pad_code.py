# SPDX-License-Identifier: GPL-2.0-or-later
from ...model.findings import Finding
from ..edits import Edits, FixRefused, RowEdit
from ..model import FixExample, Safety, fix
from ..state import EditingState

SQUARE_WKT = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"


@fix(
    "FIX020",
    "pad-code",
    title="Pad a code to its full length",
    solves={"ATT008": ()},
    safety=Safety.FORMAL,
    messages={"": "Write {field} = {value} instead of {former}"},
    examples=[
        FixExample("four digits", "ATT008", {"layer": [{"wkt": SQUARE_WKT, "land_use": "0103"}]}, {"layer": [{"wkt": SQUARE_WKT, "land_use": "010300"}]}, safe=True, roles={"layer": "ZXCQGHYDYH"}),
    ],
)  # fmt: skip
def pad_code(finding: Finding, *, state: EditingState) -> Edits:
    """Pad a code to its full length.

    What it does
        Appends zeros to a code of the list up to the number of digits in the template (0103 becomes 010300).
    When it is safe
        Always, as the code means the same.
    Limits
        Codes that are not in the list are ATT002's.
    """
    row = state.get_finding_row(finding)
    template_field = row.layer.template.find_field_by_name(finding.field)
    former_code = row.layer.get_texts_by_name(finding.field)[0]
    if (
        template_field is None
        or not template_field.code_pad
        or not former_code.isdigit()
        or len(former_code) >= template_field.code_pad
    ):
        raise FixRefused("stale")
    value = former_code.ljust(template_field.code_pad, "0")
    params = {"field": template_field.name, "value": value, "former": former_code}
    return Edits([RowEdit(row.role, row.fid, attributes={template_field.name: value})], params=params)
