# SPDX-License-Identifier: GPL-2.0-or-later
"""The admission table (准入表): uses that zones and control lines admit.

An entry is 允许, 有条件 or 禁止. A table is a CSV or an Excel sheet with the columns zone, use, outcome, condition,
source, mark. ``zone`` is the code or the name of a planning zone, or a line of ``conformity.toml`` by its id or layer,
perhaps with a part (``heritage:core``); an unknown part is an error. ``use`` is ``*``, or a code or name of
用地用海分类, which includes the codes below it. The row of the finest zone applies, and among these that of the finest
use. Each of several overlapping zones or parts is judged, and the strictest outcome decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ...base.errors import InputError
from ...base.files.data import SOURCE_MARKS
from ...base.files.tables import FoundTable, FoundTableRow, SearchedColumn, read_table
from ...standard.profile import Norm
from ...standard.profile.load import find_file_of_profile, find_file_of_standard
from ...standard.template import CodeList
from .line_parts import list_parts
from .review_settings import ReviewSettings
from .reviewed_project import Admission, AdmissionRule

#: The setting with the name of the table.
SETTING = "projects.admission"
ANY_USE = "*"
ZONE_CODES, USE_CODES = "planning_zones", "land_use_2023"
_COLUMNS = (
    SearchedColumn("zone", ("zone", "规划分区", "分区", "控制线或分区")),
    SearchedColumn("use", ("use", "用途", "规划用途")),
    SearchedColumn("outcome", ("outcome", "准入", "结论")),
    SearchedColumn("condition", ("condition", "条件")),
    SearchedColumn("source", ("source", "依据", "来源")),
    SearchedColumn("mark", ("mark", "来源级别", "级别")),
    SearchedColumn("condition_en", ("condition_en",), is_required=False),
    SearchedColumn("source_en", ("source_en",), is_required=False),
)
_OUTCOME_BY_WORD = {
    "允许": Admission.ALLOWED,
    "有条件": Admission.CONDITIONAL,
    "禁止": Admission.PROHIBITED,
    "只列出": Admission.LISTED,
    **{str(one): one for one in (Admission.ALLOWED, Admission.CONDITIONAL, Admission.PROHIBITED, Admission.LISTED)},
}


@dataclass(frozen=True)
class AdmissionTable:
    """The rows that apply in a review.

    ``rules``: (zone or line, use) → row; ``file_name``: the table of planning zones.
    """

    rules: dict[tuple[str, str], AdmissionRule]
    file_name: str

    def find_rule(self, places: Iterable[str], uses: Iterable[str]) -> AdmissionRule | None:
        """Return the row that applies; None without one.

        ``places``: codes of a zone and those above it, or keys of a line, the finest first; ``uses``: codes of a use
        and those above it, the finest first. Rows for any use come after them.
        """
        uses = (*uses, ANY_USE)
        return next((self.rules[place, use] for place in places for use in uses if (place, use) in self.rules), None)


def load_admission(norm: Norm, settings: ReviewSettings) -> AdmissionTable:
    """Return the admission table of a norm.

    A profile's table replaces all rows on planning zones. A line that it does not mention keeps the rows of the
    standard, so that a table of zones does not switch off the control lines. Raise InputError and DataError with file
    and line.
    """
    standard_rules, standard_path = _read_rules(find_file_of_standard(norm, SETTING), norm, settings)
    path = find_file_of_profile(norm, SETTING)
    if path is None:
        return AdmissionTable(standard_rules, standard_path.name)
    rules, _ = _read_rules(path, norm, settings)
    mentioned = {place.partition(":")[0] for place, _ in rules}
    line_ids = {line.id for line in settings.lines}
    kept = {
        key: rule
        for key, rule in standard_rules.items()
        if (line := key[0].partition(":")[0]) in line_ids and line not in mentioned
    }
    return AdmissionTable({**kept, **rules}, path.name)


def _read_rules(path: Path, norm: Norm, settings: ReviewSettings) -> tuple[dict[tuple[str, str], AdmissionRule], Path]:
    """Return (zone or line, use) → row of a table, and its path. Raise InputError with file and line."""
    table = read_table(path, _COLUMNS)
    lists = norm.standard.code_lists
    # Each name of a line → its id: the id, the Chinese name and the codes of the layers; each also with a part.
    line_names: dict[str, str] = {}
    for line in (*settings.lines, *settings.lines_off):
        roles = norm.standard.concepts.get(line.concept, (line.concept,))
        for part in ("", *(f":{one}" for one in list_parts(line, norm))):
            line_names |= {f"{name}{part}": f"{line.id}{part}" for name in (*roles, line.name[0], line.id)}
    places = _Names(lists.get(ZONE_CODES), line_names)
    uses = _Names(lists.get(USE_CODES), {ANY_USE: ANY_USE})
    rules: dict[tuple[str, str], AdmissionRule] = {}
    for row in table.rows:
        rule = _read_rule(row, table, places, uses)
        key = rule.zone, rule.use
        if key in rules:
            raise InputError(
                "admission_twice", file=table.file_and_sheet, line=rule.line, first=rules[key].line, value=" ".join(key)
            )
        rules[key] = rule
    return rules, path


class _Names:
    """Codes by which a cell names a zone, a line or a use."""

    def __init__(self, codes: CodeList | None, others: dict[str, str]):
        self._by_text = dict(others)
        for entry in codes.entry_by_code.values() if codes else ():
            self._by_text.setdefault(entry.name, entry.code)
        for code in codes.entry_by_code if codes else ():
            self._by_text[code] = code

    def find_code(self, text: str) -> str:
        """Return the code of a cell; empty if its name or part is unknown.

        The code of a line has the part after a colon.
        """
        name, colon, part = (one.strip() for one in text.replace("：", ":").partition(":"))
        found = (self._by_text.get(one + colon + part, "") for one in (name, name.upper()))
        return next(filter(None, found), "")

    def list_examples(self) -> list[str]:
        """Return codes and words that a cell may have, for a message."""
        return sorted(dict.fromkeys(self._by_text.values()))[:40]


def _read_rule(row: FoundTableRow, table: FoundTable, places: _Names, uses: _Names) -> AdmissionRule:
    """Return the rule of a row. Raise InputError with file, line and column."""
    cells = row.text_by_column
    zone, use = places.find_code(cells["zone"]), uses.find_code(cells["use"])
    outcome = _OUTCOME_BY_WORD.get(cells["outcome"])
    if not zone:
        raise table.make_cell_error(row, "zone", cells["zone"], places.list_examples())
    if not use:
        raise table.make_cell_error(row, "use", cells["use"], uses.list_examples())
    if outcome is None:
        raise table.make_cell_error(row, "outcome", cells["outcome"], _OUTCOME_BY_WORD)
    if cells["mark"] not in SOURCE_MARKS:
        raise table.make_cell_error(row, "mark", cells["mark"], SOURCE_MARKS)
    if not cells["source"]:
        raise table.make_cell_error(row, "source", "")
    return AdmissionRule(
        zone,
        use,
        outcome,
        cells["condition"],
        cells["source"],
        cells["mark"],
        row.line_number,
        cells["condition_en"],
        cells["source_en"],
    )
