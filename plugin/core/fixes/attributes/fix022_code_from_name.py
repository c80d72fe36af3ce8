# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import trim_code_padding
from ...model.findings import Finding
from ..dividing import require_text_field
from ..edits import Edits, FixRefused, RowEdit
from ..fix_declaration import FixExample, Safety, fix
from ..state import EditingState

SQUARE_WKT = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"


@fix(
    "FIX022",
    "code-from-name",
    title="Write the code that the code list has for the name",
    solves={"ATT002": ("unknown",)},
    safety=Safety.FORMAL,
    messages={"": "Write {field} = {value} ({name}) instead of {former}"},
    examples=[
        FixExample("a code that is not in the list", "ATT002", {"layer": [{"wkt": SQUARE_WKT, "land_use": "0999", "land_use_name": "旱地"}]}, {"layer": [{"wkt": SQUARE_WKT, "land_use": "0103"}]}, safe=True, roles={"layer": "GDBHMB"}),
        FixExample("a zone's code is confirmed by a person", "ATT002", {"zones": [{"wkt": SQUARE_WKT, "zone_code": "999", "zone_name": "农田保护区"}]}, {"zones": [{"wkt": SQUARE_WKT, "zone_code": "300"}]}),
        FixExample("no name that helps", "ATT002", {"layer": [{"wkt": SQUARE_WKT, "land_use": "0999", "land_use_name": "空地"}]}, refused="no_code_for_name", roles={"layer": "GDBHMB"}),
    ],
)  # fmt: skip
def write_code_from_name(finding: Finding, *, state: EditingState) -> Edits:
    """Write the code that the code list has for the name.

    What it does
        Replaces a code that is not in the list by the code whose name is next to it.
    When it is safe
        If exactly one code has this name; and never for planning zones.
    Limits
        Without a field for the name, or with a name that no code or several codes have, a person must correct the code.
    """
    row = state.get_finding_row(finding)
    template_field = row.layer.template.find_field_by_name(finding.field)
    if template_field is None or not template_field.codes:
        raise FixRefused("stale")
    codes = state.norm.standard.code_lists[template_field.codes].entry_by_code
    former_code = row.layer.get_texts_by_name(template_field.name)[0]
    if trim_code_padding(former_code, template_field.code_pad) in codes:
        raise FixRefused("stale")
    name = row.layer.get_texts_by_name(template_field.code_name)[0] if template_field.code_name else ""
    matching_entries = [one for one in codes.values() if name and one.name == name]
    if len(matching_entries) != 1:
        raise FixRefused("no_code_for_name", role=row.role, key=row.key, value=former_code, name=name)
    code = matching_entries[0].code
    value = code.ljust(template_field.code_pad, "0") if template_field.code_pad and code.isdigit() else code
    require_text_field(row, template_field.name, value)
    params = {"field": template_field.name, "value": value, "former": former_code, "name": name}
    return Edits([RowEdit(row.role, row.fid, attributes={template_field.name: value})], params=params)
