# SPDX-License-Identifier: GPL-2.0-or-later
"""What a review applies: lines, layers and fields of projects (``conformity.toml``), and the admission table (准入表).

An entry of the table is 允许, 有条件 or 禁止. A table is a CSV or an Excel sheet with the columns zone, use, outcome,
condition, source, mark. ``zone`` is the code or the name of a planning zone, or a line of ``conformity.toml`` by its id
or layer, perhaps with a part (``heritage:core``); an unknown part is an error. ``use`` is ``*``, or a code or name of
用地用海分类, which includes the codes below it. The row of the finest zone applies, and among these that of the finest
use. Each of several overlapping zones or parts is judged, and the strictest outcome decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from ....paths import STANDARDS_FOLDER
from ...base.errors import InputError
from ...base.files.data import (
    EVERY_KEY,
    SOURCE_MARKS,
    SourceMark,
    check_known,
    one_of,
    read_toml_record,
)
from ...base.files.tables import SearchedColumn, read_table
from ...engine.context import RuleContext, trim_code_padding
from ...figures.heritage_sites import KIND_CODE_LIST_ID, classify_heritage_parts, find_core_rows
from ...plan.layer import Layer
from ...standard.profile import Norm
from ...standard.profile.load import find_file_of_profile, find_file_of_standard
from ...standard.template import CodeList
from .review_sentences import CONTROL, CORE, INSIDE, OTHER_USE, OUTSIDE, PARTLY, SAME_USE
from .reviewed_project import Admission, AdmissionRule, AreaBasis, BilingualText, Outcome, ProjectState, SupplyMode

FILE_NAME = "conformity.toml"
#: Settings of a profile: a file with further lines, and the lines that are switched off.
LINES_SETTING, OFF_SETTING = "projects.lines", "projects.lines_off"
#: How the rows of a line are distinguished.
PARTS_NONE, PARTS_BOUNDARY, PARTS_HERITAGE, PARTS_RESERVES, PARTS_USE, PARTS_WORDS = PART_KINDS = (
    "none", "boundary", "heritage", "reserves", "use", "words",
)  # fmt: skip
#: Rows of the layer that belong to a line: all, or those of 耕地 by their land-use code.
ROWS_ALL, ROWS_CULTIVATED = ROW_KINDS = ("all", "cultivated")
_AbsentOutcome = Annotated[Outcome, one_of(Outcome.UNDETERMINED, Outcome.CONDITIONAL, Outcome.LISTED)]
#: Meanings of fields of projects.
FIELD_MEANINGS = (
    "name", "number", "applicant", "use", "supply", "width", "approval", "plan",
    "declared_m2", "declared_ha", "declared_mu", "plot", "state", "date",
)  # fmt: skip


@dataclass(frozen=True)
class LineSpec:
    """A control line of the review.

    ``concept``: a concept or a layer code; ``zh``, ``en``: its name; ``parts``, ``rows``: of `PART_KINDS`, `ROW_KINDS`;
    ``absent``: how a missing layer counts for the whole, LISTED not at all; ``needs_approval``: occupied land is
    不符合, with an approving document 有条件; ``unconfirmed``: outcome of a rule of mark C, None for the usual one;
    ``words``: part → words in kind or name of a row, for parts by words.
    """

    id: str
    concept: str
    zh: str
    en: str
    basis: AreaBasis
    parts: Annotated[str, one_of(*PART_KINDS)]
    absent: _AbsentOutcome
    needs_approval: bool = field(default=False, metadata={"key": "approval"})
    unconfirmed: _AbsentOutcome | None = None
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)
    rows: Annotated[str, one_of(*ROW_KINDS)] = ROWS_ALL

    @property
    def name(self) -> BilingualText:
        """Return the name in Chinese and in English."""
        return BilingualText(self.zh, self.en)


@dataclass(frozen=True)
class LinesFile:
    """The content of a profile's file with further lines."""

    line: tuple[LineSpec, ...]


@dataclass(frozen=True)
class ApprovalWords:
    """What makes a text an approval: words, or a ``number`` of a document (pattern) without ``no_issuer``."""

    words: tuple[str, ...]
    number: str
    no_issuer: tuple[str, ...]


@dataclass(frozen=True)
class ArchaeologySettings:
    """Concepts of areas where relics may lie under ground, and of ranges of heritage; mark of the notice on them."""

    mark: SourceMark
    area: str
    ranges: tuple[str, ...]


@dataclass(frozen=True)
class ReviewFile(LinesFile):
    """The content of ``conformity.toml``."""

    fields: dict[Annotated[str, one_of(*FIELD_MEANINGS), EVERY_KEY], tuple[str, ...]]
    supply: dict[Annotated[str, one_of(SupplyMode.GRANT, SupplyMode.ALLOCATION), EVERY_KEY], tuple[str, ...]]
    state: dict[Annotated[str, one_of(*ProjectState), EVERY_KEY], tuple[str, ...]]
    approval: ApprovalWords
    archaeology: ArchaeologySettings


@dataclass(frozen=True)
class ReviewSettings:
    """The content of ``conformity.toml``.

    ``lines_off``: lines that the county switches off, which rows of admission may name; ``fields``: meaning → names of
    fields, in capitals; ``supply_words``: mode of supply → words; ``state_words``: state in the list of projects →
    words, first the one that is written; ``approval``: matches a text that is an approval, and no other.
    """

    lines: tuple[LineSpec, ...]
    fields: dict[str, tuple[str, ...]]
    supply_words: dict[SupplyMode, tuple[str, ...]]
    state_words: dict[ProjectState, tuple[str, ...]]
    approval: re.Pattern[str]
    archaeology: ArchaeologySettings
    lines_off: tuple[LineSpec, ...]


def load_review_settings(norm: Norm) -> ReviewSettings:
    """Return the review settings of a standard.

    If it has none, they are those of the first included standard that has them. A profile adds lines, or replaces lines
    by their id, with a file; it can switch off those that do not count when their layer is missing. Raise DataError
    with file and key for an invalid value.
    """
    standard = norm.standard
    folders = [one.folder for one in standard.list_with_included_standards()]
    folder = next((one for one in folders if (one / FILE_NAME).exists()), STANDARDS_FOLDER / "common-2021")
    file = read_toml_record(ReviewFile, folder / FILE_NAME)
    lines = {line.id: line for line in file.line}
    path = find_file_of_profile(norm, LINES_SETTING)
    if path is not None:
        for number, line in enumerate(read_toml_record(LinesFile, path).line, 1):
            check_known(line.concept, (*standard.concepts, *standard.templates), path, f"line[{number}].concept")
            lines[line.id] = line
    off = tuple(norm.get(OFF_SETTING))
    for line_id in off:
        check_known(
            line_id,
            tuple(one.id for one in lines.values() if one.absent is Outcome.LISTED),
            norm.profile.path or folder / FILE_NAME,
            OFF_SETTING,
        )
    switched_off = tuple(lines.pop(line_id) for line_id in dict.fromkeys(off))
    words, barred = ("|".join(map(re.escape, texts)) for texts in (file.approval.words, file.approval.no_issuer))
    document = f"(?:(?!.*(?:{barred})){file.approval.number})"
    return ReviewSettings(
        tuple(lines.values()),
        {meaning: tuple(name.upper() for name in file.fields[meaning]) for meaning in FIELD_MEANINGS},
        {SupplyMode(mode): words_of_mode for mode, words_of_mode in file.supply.items()},
        {ProjectState(state): words_of_state for state, words_of_state in file.state.items()},
        re.compile(rf"(?:{words}|{document}(?:[、，,；;]{document})*)", re.IGNORECASE),
        file.archaeology,
        switched_off,
    )


#: The setting with the name of the admission table.
ADMISSION_SETTING = "projects.admission"
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


@dataclass(frozen=True)
class RowParts:
    """The part of each row of a layer.

    ``part_of_row``, ``kind_of_row`` (n,): part and code of its kind, empty if unknown; ``names`` (n,): names of sites.
    """

    line_id: str
    part_of_row: NDArray
    kind_of_row: NDArray
    names: NDArray
    parents: dict[str, tuple[str, ...]]
    is_by_use: bool = False

    @property
    def groups(self) -> NDArray:
        """Return (n,) group of each row: a part and kind, judged with all its land."""
        pairs = [f"{part}:{kind}" for part, kind in zip(self.part_of_row, self.kind_of_row, strict=True)]
        return np.unique(np.array(pairs, dtype=object), return_inverse=True)[1]

    def list_places(self, row: int, uses: Sequence[str]) -> tuple[str, ...]:
        """Return the keys of the admission table for a row, the finest first.

        ``uses``: code of the project's use and those above it. Planned land use is the same if it is among them.
        """
        kind, part = str(self.kind_of_row[row]), str(self.part_of_row[row])
        if self.is_by_use:
            part = "" if not kind or not uses else SAME_USE if kind in uses else OTHER_USE
            kind = ""
        parts = (*self.parents.get(kind, (kind,) if kind else ()), *((part,) if part else ()))
        return (*(f"{self.line_id}:{one}" for one in parts), self.line_id)


def list_parts(spec: LineSpec, norm: Norm) -> tuple[str, ...]:
    """Return the parts of a line that a row of the admission table may name."""
    if spec.parts == PARTS_HERITAGE:
        kinds = norm.standard.code_lists.get(KIND_CODE_LIST_ID)
        return (CORE, CONTROL, *(kinds.entry_by_code if kinds else ()))
    known = {PARTS_BOUNDARY: (INSIDE, OUTSIDE, PARTLY), PARTS_RESERVES: (CORE,), PARTS_USE: (SAME_USE, OTHER_USE)}
    return known.get(spec.parts, tuple(spec.words))


def find_row_parts(spec: LineSpec, layer: Layer, ctx: RuleContext) -> RowParts:
    """Return the parts of the rows of a line's layer."""
    nothing = np.full(len(layer), "", dtype=object)
    names = np.array(layer.text("feature_name"), dtype=object) if layer.has_field("feature_name") else nothing
    if spec.parts == PARTS_HERITAGE:
        classified = classify_heritage_parts(layer, ctx)
        codes = ctx.norm.standard.code_lists.get(KIND_CODE_LIST_ID)
        kinds = np.array(read_codes(layer, "feature_kind"), dtype=object)
        parents = {kind: codes.list_code_and_parents(kind) for kind in set(kinds.tolist())} if codes else {}
        return RowParts(
            spec.id,
            np.array([part if part in (CORE, CONTROL) else "" for part in classified.part_of_row], dtype=object),
            np.array([kind if parents.get(kind) else "" for kind in kinds], dtype=object),
            names,
            parents,
        )
    if spec.parts == PARTS_USE:
        return RowParts(
            spec.id,
            nothing,
            np.array(read_codes(layer, "land_use"), dtype=object),
            np.array(layer.text("land_use_name"), dtype=object),
            {},
            True,
        )
    if spec.parts == PARTS_WORDS:
        parts = [
            next((part for part, words in spec.words.items() if any(word in f"{kind} {name}" for word in words)), "")
            for kind, name in zip(layer.text("feature_kind"), names, strict=True)
        ]
        return RowParts(spec.id, np.array(parts, dtype=object), nothing, names, {})
    if spec.parts == PARTS_RESERVES and layer.has_field("feature_name"):
        return RowParts(spec.id, np.where(find_core_rows(layer, ctx.norm), CORE, "").astype(object), nothing, names, {})
    return RowParts(spec.id, nothing, nothing, names, {})


def read_codes(layer: Layer, meaning: str) -> list[str]:
    """Return the code of each row in the field of a meaning, without padding."""
    field = layer.template.find_field(meaning)
    pad = field.code_pad if field is not None else 0
    return [trim_code_padding(code, pad) for code in layer.text(meaning)]


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
    standard_path, path = find_file_of_standard(norm, ADMISSION_SETTING), find_file_of_profile(norm, ADMISSION_SETTING)
    standard_rules = _read_rules(standard_path, norm, settings)
    if path is None:
        return AdmissionTable(standard_rules, standard_path.name)
    rules = _read_rules(path, norm, settings)
    kept_lines = {line.id for line in settings.lines} - {place.partition(":")[0] for place, _ in rules}
    kept = {key: rule for key, rule in standard_rules.items() if key[0].partition(":")[0] in kept_lines}
    return AdmissionTable(kept | rules, path.name)


def _read_rules(path: Path, norm: Norm, settings: ReviewSettings) -> dict[tuple[str, str], AdmissionRule]:
    """Return (zone or line, use) → row of a table. Raise InputError with file and line."""
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
        cells = row.text_by_column
        zone, use = places.find_code(cells["zone"]), uses.find_code(cells["use"])
        if not zone:
            raise table.make_cell_error(row, "zone", cells["zone"], places.list_examples())
        if not use:
            raise table.make_cell_error(row, "use", cells["use"], uses.list_examples())
        if cells["outcome"] not in _OUTCOME_BY_WORD:
            raise table.make_cell_error(row, "outcome", cells["outcome"], _OUTCOME_BY_WORD)
        if cells["mark"] not in SOURCE_MARKS:
            raise table.make_cell_error(row, "mark", cells["mark"], SOURCE_MARKS)
        if not cells["source"]:
            raise table.make_cell_error(row, "source", "")
        rule = AdmissionRule(
            zone,
            use,
            _OUTCOME_BY_WORD[cells["outcome"]],
            BilingualText(cells["condition"], cells["condition_en"] or cells["condition"]),
            BilingualText(cells["source"], cells["source_en"] or cells["source"]),
            cells["mark"],
            row.line_number,
        )
        first = rules.setdefault((zone, use), rule)
        if first is not rule:
            raise InputError(
                "admission_twice", file=table.file_and_sheet, line=rule.line, first=first.line, value=f"{zone} {use}"
            )
    return rules


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
