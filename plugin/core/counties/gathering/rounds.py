# SPDX-License-Identifier: GPL-2.0-or-later
"""Two rounds of a gathering compared: which findings of each county are corrected, new or still open.

Findings are compared by fingerprint, as waivers and work lists do.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import methodcaller
from pathlib import Path

from ...base.errors import InputError
from ...base.files.data import read_json, read_record
from ...render.tables.report_table import ReportTable, TableColumn, make_row, make_table
from ...standard.messages.texts import Texts
from ..county_record import GATHERING_JSON
from .gathered_counties import GATHERING_SCHEMA, GatheredCounty
from .returned_findings import ReturnedFinding, make_finding_columns
from .round_states import CountyRound, FormerRound, RoundState

#: Findings of the run itself have no rule.
_RUN_FAMILY = "RUN"
_FORMER_TYPE = {
    "schema": str,
    "times": {"written": str},
    "counties": [{"area_code": str, "name": str, "area_name": str, "findings?": list}],
}


def read_former_round(path: str) -> FormerRound | None:
    """Return the round of a gathering.json, or of the folder that has it; None for an empty path.

    Raise InputError for a file without findings, such as one of an earlier version, and DataError.
    """
    if not path.strip():
        return None
    file = Path(path)
    file = file / GATHERING_JSON if file.is_dir() else file
    data = read_json(file, _FORMER_TYPE)
    if data["schema"] != GATHERING_SCHEMA or any("findings" not in one for one in data["counties"]):
        raise InputError("gather_former", value=str(file))
    counties = {}
    for number, one in enumerate(data["counties"]):
        where = f"counties[{number}].findings"
        findings = tuple(read_record(ReturnedFinding, row, file=file, where=where) for row in one["findings"])
        # A package that was not read has no code.
        counties[one["area_code"] or one["name"]] = (one["area_name"] or one["name"], findings)
    return FormerRound(data["times"]["written"], counties)


def compare_rounds(former: FormerRound, counties: Iterable[GatheredCounty]) -> list[CountyRound]:
    """Return each county of the two rounds with all its findings.

    A former finding is corrected only if its rule examined everything in this round.
    """
    present = {one.area_code or one.name: one for one in counties}
    rounds = []
    for code in sorted({*former.counties, *present}):
        name, former_findings = former.counties.get(code, ("", ()))
        county = present.get(code)
        compared = CountyRound(code, county.label if county is not None else name, len(former_findings))
        inspection = county.inspection if county is not None else None
        now = {one.fingerprint: one for one in inspection.findings} if inspection is not None else {}
        known = {one.fingerprint for one in former_findings}
        for one in former_findings:
            if one.fingerprint in now:
                state = RoundState.OPEN
            elif inspection is not None and one.fingerprint in inspection.waived:
                state = RoundState.WAIVED
            elif inspection is not None and (one.code in inspection.examined or _is_about_read_run(one, county)):
                state = RoundState.CORRECTED
            else:
                state = RoundState.UNCHECKED
            compared.findings.append((state, now.get(one.fingerprint, one)))
        compared.findings += [(RoundState.NEW, one) for key, one in now.items() if key not in known]
        rounds.append(compared)
    return rounds


def _is_about_read_run(one: ReturnedFinding, county: GatheredCounty | None) -> bool:
    """Return True for a finding on a run if the county was inspected in this round."""
    return one.code.startswith(_RUN_FAMILY) and county is not None and bool(county.summary)


def make_round_tables(rounds: Iterable[CountyRound], former: FormerRound, texts: Texts) -> list[ReportTable]:
    """Return the table of counties with the numbers of findings by state, and the table of all findings."""
    rounds = list(rounds)
    county_columns = [
        TableColumn("gather_county", width_in_characters=24, key="name"),
        TableColumn("division_code", width_in_characters=12, key="area_code"),
        TableColumn("round_former", "count", width_in_characters=10, key="former_count"),
        *(
            TableColumn(f"round_{state}", "count", width_in_characters=10, value=methodcaller("count", state))
            for state in RoundState
        ),
    ]
    columns = make_finding_columns(texts)
    first = [
        TableColumn("gather_county", width_in_characters=16, value=lambda one: one[0]),
        TableColumn("round_state", width_in_characters=10, value=lambda one: texts.get("columns", f"round_{one[1]}")),
    ]
    details = make_table("gathering_round_findings", [*first, *columns])
    states = list(RoundState)
    for one in rounds:
        for state, finding in sorted(one.findings, key=lambda pair: states.index(pair[0])):
            row = make_row(columns, finding, code=finding.fingerprint)
            row.values[:0] = make_row(first, (one.name, state)).values
            details.rows.append(row)
    notes = [texts.get("gathering_returns", "round_note", time=former.written.replace("T", " ")[:16])]
    return [
        make_table("gathering_rounds", county_columns, rounds, lambda one: one.area_code, notes=notes),
        details,
    ]
