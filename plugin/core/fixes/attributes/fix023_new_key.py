# SPDX-License-Identifier: GPL-2.0-or-later
from ...model.findings import Finding
from ..edits import Edits, FixRefused, RowEdit
from ..fix_declaration import FixExample, Safety, fix
from ..state import EditingState

SQUARE_WKT = "POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))"
OTHER_SQUARE_WKT = "POLYGON ((10 0, 19 0, 19 9, 10 9, 10 0))"
EXAMPLE_KEY_FORMAT = "1402250000{:08d}"


@fix(
    "FIX023",
    "new-key",
    title="Give a feature the next free key",
    solves={"ATT001": ("missing", "repeated")},
    safety=Safety.FORMAL,
    messages={
        "": "Number the feature without a key {value}",
        "repeated": "Give {count} of the features with key {key} new numbers ({values}); the first one keeps it",
    },
    examples=[
        FixExample("no number", "ATT001", {"layer": [{"wkt": SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(1)}, {"wkt": OTHER_SQUARE_WKT, "key": None}]},
                   {"layer": [{"wkt": SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(1)}, {"wkt": OTHER_SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(2)}]}, safe=True),
        FixExample("number above those of the other layers", "ATT001", {"layer": [{"wkt": SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(1)}, {"wkt": OTHER_SQUARE_WKT, "key": None}], "zones": [{"wkt": SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(50)}]},
                   {"layer": [{"wkt": SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(1)}, {"wkt": OTHER_SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(51)}], "zones": [{"wkt": SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(50)}]}, safe=True),
        FixExample("same number twice", "ATT001", {"layer": [{"wkt": SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(7)}, {"wkt": OTHER_SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(7)}]},
                   {"layer": [{"wkt": SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(7)}, {"wkt": OTHER_SQUARE_WKT, "key": EXAMPLE_KEY_FORMAT.format(8)}]}),
        FixExample("a sealed layer is only explained", "ATT001", {"parcels": [{"wkt": SQUARE_WKT, "key": None}]}, refused="sealed"),
    ],
)  # fmt: skip
def assign_new_key(finding: Finding, *, state: EditingState) -> Edits:
    """Give a feature the next free key.

    What it does
        A feature without 标识码 (BSM) gets the next free number: one above the highest in all layers. Of several features with one number, the
        first one in the file keeps it and the others get new ones. A used number is never assigned again.
    When it is safe
        Where the number was missing. Which of several features keeps its number decides what versions, waivers and
        tables refer to, so a person confirms it.
    Limits
        A layer whose numbers follow another scheme is numbered by county, 0000 and a running number.
    """
    field_name = finding.field or "BSM"
    if finding.case == "missing":
        row = state.get_finding_row(finding)
        if row.key:
            raise FixRefused("stale")
        value = state.reserve_new_key(row.role)
        return Edits([RowEdit(row.role, row.fid, attributes={field_name: value})], params={"value": value})
    rows = [
        state.get_row_by_number(finding.role, number)
        for number in state.find_row_numbers_with_key(finding.role, finding.key)
    ]
    others = [row for row in rows if row is not None][1:]
    if not others:
        raise FixRefused("stale")
    edits = [RowEdit(row.role, row.fid, attributes={field_name: state.reserve_new_key(row.role)}) for row in others]
    values = [edit.attributes[field_name] for edit in edits]
    return Edits(
        edits,
        case="repeated",
        params={"count": len(others), "key": finding.key, "values": values},
        review_reasons=["key_repeated"],
    )
