# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import trim_code_padding
from ...model.findings import Finding
from ..edits import Edits, FixRefused, RowEdit
from ..fix_declaration import FixExample, Safety, fix
from ..state import EditingState

SQUARE_WKT = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"


@fix(
    "FIX021",
    "name-from-code",
    title="Write the name that the code list has for the code",
    solves={"ATT002": ("name",)},
    safety=Safety.FORMAL,
    messages={"": "Write {field} = {value} instead of {former}"},
    examples=[
        FixExample("a name that no code has", "ATT002", {"layer": [{"wkt": SQUARE_WKT, "land_use": "0103", "land_use_name": "旱田"}]}, {"layer": [{"wkt": SQUARE_WKT, "land_use_name": "旱地"}]}, safe=True, roles={"layer": "GDBHMB"}),
        FixExample("the name of another code", "ATT002", {"layer": [{"wkt": SQUARE_WKT, "land_use": "0103", "land_use_name": "水田"}]}, {"layer": [{"wkt": SQUARE_WKT, "land_use_name": "旱地"}]}, roles={"layer": "GDBHMB"}),
        FixExample("a sealed layer is only explained", "ATT002", {"layer": [{"wkt": SQUARE_WKT, "land_use": "0103", "land_use_name": "旱田"}]}, refused="sealed", roles={"layer": "DLTB"}),
    ],
)  # fmt: skip
def write_name_from_code(finding: Finding, *, state: EditingState) -> Edits:
    """Write the name that the code list has for the code.

    What it does
        Replaces the name next to a code by the name that the code list has for it.
    When it is safe
        If the present name belongs to no other code, so that the code cannot be the wrong one; and never for planning
        zones.
    Limits
        The code itself stays; FIX022 corrects it where the name is right.
    """
    row = state.get_finding_row(finding)
    template_field = next(
        (one for one in row.layer.template.fields if one.code_name == finding.field and one.codes), None
    )
    if template_field is None:
        raise FixRefused("stale")
    codes = state.norm.standard.code_lists[template_field.codes].entry_by_code
    code = trim_code_padding(row.layer.get_texts_by_name(template_field.name)[0], template_field.code_pad)
    former_name = row.layer.get_texts_by_name(finding.field)[0]
    if code not in codes or codes[code].name == former_name:
        raise FixRefused("stale")
    params = {"field": finding.field, "value": codes[code].name, "former": former_name}
    edits = Edits([RowEdit(row.role, row.fid, attributes={finding.field: codes[code].name})], params=params)
    if any(one.name == former_name for one in codes.values()):
        edits.review_reasons.append("name_of_another_code")
    return edits
