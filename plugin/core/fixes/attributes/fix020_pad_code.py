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
    declared = row.layer.template.find_field_by_name(finding.field)
    former = row.layer.get_texts_by_name(finding.field)[0]
    if declared is None or not declared.code_pad or not former.isdigit() or len(former) >= declared.code_pad:
        raise FixRefused("stale")
    value = former.ljust(declared.code_pad, "0")
    params = {"field": declared.name, "value": value, "former": former}
    return Edits([RowEdit(row.role, row.fid, attributes={declared.name: value})], params=params)
