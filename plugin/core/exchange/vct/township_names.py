# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare the names of townships in a VCT file with the names that other tables state for the same code."""

from __future__ import annotations

from collections import Counter

from .batch import VctRowBatch
from .settings import FileRemarks, load_settings

#: Digits of a township's code, and of a village's code, which begins with it.
_TOWNSHIP_DIGITS, _VILLAGE_DIGITS = 9, 12
_CODE_FIELD = "XZQDM"
_NAME_ENDING, _CODE_ENDING = "MC", "DM"
#: Shorter names are part of other words.
_MIN_NAME_CHARACTERS = 2


class TownshipNames:
    """Names of townships by code, and the names that other tables state for these codes.

    `collect_names` collects both; `report_contradictions` adds a remark if other tables mostly state another name for a
    code.
    """

    def __init__(self) -> None:
        settings = load_settings()
        self._tables = {name.upper() for name in settings.division_tables}
        self._name, self._place_fields = settings.division_name, [name.upper() for name in settings.place_names]
        #: Table → code → name and line.
        self._townships: dict[str, dict[str, tuple[str, int]]] = {}
        #: Code of a township and name of a place → number of rows.
        self._places: Counter[tuple[str, str]] = Counter()

    def collect_names(self, batch: VctRowBatch) -> None:
        """Collect the townships and the place names of a batch of rows."""
        columns = {column.name.upper(): k for k, column in enumerate(batch.table.columns)}
        is_division = batch.table.name.upper() in self._tables
        if is_division and {_CODE_FIELD, self._name} <= columns.keys():
            townships = self._townships.setdefault(batch.table.name, {})
            for row, line in zip(batch.row_values, batch.line_numbers, strict=True):
                code, name = (str(row[columns[field]] or "").strip() for field in (_CODE_FIELD, self._name))
                if len(code) == _TOWNSHIP_DIGITS and len(name) >= _MIN_NAME_CHARACTERS:
                    townships[code] = name, line
        for field in self._place_fields:
            code_field = field.removesuffix(_NAME_ENDING) + _CODE_ENDING
            if {field, code_field} <= columns.keys():
                self._count_place_names(columns[code_field], columns[field], batch)

    def _count_place_names(self, code_column: int, name_column: int, batch: VctRowBatch) -> None:
        """Count the place names of a batch by the code of their township."""
        for row in batch.row_values:
            code = str(row[code_column] or "").strip()
            # The name of a township itself is compared by its own table.
            if row[name_column] and len(code) >= _VILLAGE_DIGITS:
                self._places[code[:_TOWNSHIP_DIGITS], str(row[name_column]).strip()] += 1

    def report_contradictions(self, remarks: FileRemarks) -> None:
        """Add a remark for each table of townships with names that other tables contradict."""
        for table, townships in self._townships.items():
            township_names = {name for name, _ in townships.values()}
            for code, (name, line) in townships.items():
                agreeing = contradicting = 0
                example = ""
                for (place_code, place), count in self._places.items():
                    if place_code != code:
                        continue
                    if name in place:
                        agreeing += count
                    elif any(other in place for other in township_names):
                        contradicting += count
                        example = example or place
                if contradicting > agreeing:
                    value = f"{code} {name} → {example}"
                    remarks.add_example("vct_note_township_name", line, value, 1, table=table, field=self._name)
