# SPDX-License-Identifier: GPL-2.0-or-later
"""Read projects from a layer: attributes, shapes in the plan's plane, and notes on what is wrong."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from ...base.errors import NEVER_CANCELLED, Cancellation, InputError
from ...base.files.cells import format_column
from ...engine.context import trim_code_padding
from ...geometry.crs import find_coordinate_problem, make_crs_label, make_lonlat_transformer
from ...geometry.edge_densification import reproject_densified
from ...geometry.statutory_area import measure_statutory_area
from ...geometry.validity import extract_polygons, find_invalidity_reason
from ...plan.io import read_source
from ...plan.layer import SourceLayer
from ...standard.messages.texts import Message
from ...standard.options import MIN_WIDTH_M
from ...standard.profile import Norm
from . import use_control
from .review_sentences import count_loose_parts
from .review_settings import USE_CODES, ReviewSettings
from .reviewed_project import SECTION, NoteLevel, Project, ProjectDoubt, ProjectNote, SupplyMode, name_place

#: Digits to which 用地用海分类 codes are padded in databases.
_USE_CODE_PAD = 6
_M2_PER_UNIT = {"declared_m2": 1.0, "declared_ha": 10_000.0, "declared_mu": 10_000.0 / 15}
_CODE_IN_TEXT = re.compile(r"[（(]?\s*(\d{2,6})\s*[)）]?")
#: A distance (m) from the line to the edge, as a share of the width.
_HALF = 0.5
#: Two areas or widths that differ by less, as a share, are one: 0.12 ha may be 1234 m².
_ROUNDING_SHARE = 0.05


@dataclass(frozen=True)
class ReadProjects:
    """Projects of a source and notes; ``row_count``: rows of the source, those left out included."""

    projects: tuple[Project, ...]
    notes: tuple[ProjectNote, ...]
    row_count: int
    source: str


@dataclass(frozen=True)
class ProjectRows:
    """Rows of projects: shapes in a CRS, and texts of fields with a meaning.

    ``name``: name of the source in notes; ``shapes`` (n,): None for a row without one; ``columns``: meaning → fields
    with their n texts; ``broken``, ``with_arcs``: positions of rows whose shape cannot be represented, or had arcs,
    which were divided by ``curve_step`` (degrees); ``records``: code and all fields of each row of a layer of use
    control.
    """

    name: str
    crs: CRS
    shapes: NDArray
    columns: dict[str, list[tuple[str, list[str]]]]
    broken: frozenset[int] = frozenset()
    with_arcs: frozenset[int] = frozenset()
    curve_step: float = 0.0
    records: tuple[tuple[str, dict[str, Any]], ...] = ()


def read_project_layer(path: str | Path, name: str = "") -> SourceLayer:
    """Return the layer of a file that has the projects; without a name the only one with rows.

    Raise InputError if it is missing, or if the file has several layers and no name is given.
    """
    layers = [
        one
        for one in read_source(path, select_layer=lambda one: not name or one.name.upper() == name.upper())
        if not name or one.name.upper() == name.upper()
    ]
    if not layers:
        raise InputError("projects_layer_missing", source=str(path), layer=name)
    for one in layers:
        one.require_usable()
    usable = [one for one in layers if len(one.frame) and not one.problem] or layers[:1]
    if len(usable) > 1:
        raise InputError("projects_layer_choice", source=str(path), layers=", ".join(one.name for one in usable))
    return usable[0]


def read_projects(
    source: SourceLayer,
    norm: Norm,
    settings: ReviewSettings,
    plane_crs: CRS,
    *,
    width_m: float | None = None,
    use: str = "",
    cancellation: Cancellation = NEVER_CANCELLED,
) -> ReadProjects:
    """Return the projects of a layer. A row with an error is left out, and a note names its remedy.

    Parameters
    ----------
    plane_crs
        The plane (m) of the plan: lines and points are widened there, with flat ends for lines.
    width_m
        Width of lines, diameter of points, for rows without a value in a field of the width.
    use
        Code or name of the use, for rows without one.

    Raises
    ------
    InputError
        The layer has no CRS, its coordinates contradict it, it has no rows, or cannot be read.
    """
    frame, name = source.frame, source.full_name
    source.require_usable()
    if not len(frame):
        raise InputError("projects_empty", source=name)
    if source.crs is None:
        raise InputError("projects_no_crs", source=name)
    by_name = {str(field).upper(): field for field in frame.columns if field != frame.geometry.name}
    columns = {
        meaning: [
            (str(found), [text.strip() for text in format_column(frame[found])])
            for field in names
            if (found := by_name.get(field)) is not None
        ]
        for meaning, names in settings.fields.items()
    }
    template = use_control.find_template(source.name)
    for meaning, field in use_control.list_fields(template).items() if template else ():
        if field in by_name:
            column = (str(by_name[field]), [text.strip() for text in format_column(frame[by_name[field]])])
            columns[meaning] = [column, *(one for one in columns[meaning] if one[0].upper() != field)]
    fids = [int(fid) for fid in frame.index]
    return read_project_rows(
        (
            ProjectRows(
                name,
                source.crs,
                frame.geometry.to_numpy(),
                columns,
                frozenset(position for position, fid in enumerate(fids) if fid in set(source.broken_fids)),
                frozenset(position for position, fid in enumerate(fids) if fid in source.curve_texts),
                source.curve_step,
                use_control.read_records(source, template) if template else (),
            )
        ),
        norm,
        settings,
        plane_crs,
        width_m=width_m,
        use=use,
        cancellation=cancellation,
    )


def read_project_rows(
    rows: ProjectRows,
    norm: Norm,
    settings: ReviewSettings,
    plane_crs: CRS,
    *,
    width_m: float | None = None,
    use: str = "",
    cancellation: Cancellation = NEVER_CANCELLED,
) -> ReadProjects:
    """Return the projects of rows, as `read_projects` does for a layer. Raise InputError and Cancelled."""
    bounds = shapely.total_bounds(rows.shapes)
    if np.isfinite(bounds).all() and find_coordinate_problem(rows.crs, bounds):
        raise InputError("projects_coordinates", source=rows.name, crs=make_crs_label(rows.crs))
    reader = _ProjectReader(rows, norm, settings, plane_crs, width_m, use)
    projects = []
    for position in range(len(rows.shapes)):
        cancellation.raise_if_cancelled()
        project = reader.read_row(position)
        if project is not None:
            projects.append(project)
    return ReadProjects(tuple(projects), tuple(reader.notes), len(rows.shapes), rows.name)


class _ProjectReader:
    """Reads rows of projects; ``notes`` grows while rows are read."""

    def __init__(
        self,
        rows: ProjectRows,
        norm: Norm,
        settings: ReviewSettings,
        plane_crs: CRS,
        width_m: float | None,
        use: str,
    ):
        self.rows, self.width_m, self.use = rows, width_m, use
        self.settings = settings
        self.notes: list[ProjectNote] = []
        self._codes = norm.standard.code_lists.get(USE_CODES)
        self._crs_label = make_crs_label(rows.crs)
        self._to_lonlat = make_lonlat_transformer(rows.crs)
        self._plane_to_lonlat = make_lonlat_transformer(plane_crs)
        self._empty_words = frozenset(norm.get("attributes.empty_words"))
        self._placeholder_words = tuple(norm.get("attributes.placeholder_words"))
        self._raw: NDArray = shapely.force_2d(rows.shapes)
        self._plane = np.full(len(self._raw), None, dtype=object)
        # None is not valid.
        self._is_usable: NDArray = ~shapely.is_empty(self._raw) & shapely.is_valid(self._raw)
        self._plane[self._is_usable] = reproject_densified(self._raw[self._is_usable], rows.crs, plane_crs).shapes

    def _list_texts(self, meaning: str, position: int) -> list[tuple[str, str]]:
        """Return (field, text) of a row's fields with a meaning.

        Empty fields and words such as 无 are left out.
        """
        is_number = meaning in ("width", *_M2_PER_UNIT)
        texts = [(field, column[position]) for field, column in self.rows.columns.get(meaning, ())]
        return [(field, text) for field, text in texts if text and (is_number or text not in self._empty_words)]

    def _get(self, meaning: str, position: int) -> str:
        """Return the first text of a row with a meaning; empty without one."""
        return next((text for _, text in self._list_texts(meaning, position)), "")

    def _list_doubts(self, position: int) -> list[ProjectDoubt]:
        """Return the doubts from contradicting fields of a row, and note each."""
        doubts = []
        for meanings in (("use",), ("supply",), ("width",), ("approval",), tuple(_M2_PER_UNIT)):
            given = [(meaning, *one) for meaning in meanings for one in self._list_texts(meaning, position)]
            for first, second in combinations(given, 2):
                # Numbers are equal but for rounding; of two codes or texts, one begins with the other.
                one = self._read_value(first[0], first[2])
                other = self._read_value(second[0], second[2])
                if not (
                    str(one).startswith(str(other)) or str(other).startswith(str(one))
                    if isinstance(one, str) or isinstance(other, str)
                    else math.isclose(one, other, rel_tol=_ROUNDING_SHARE)
                ):
                    params = dict(zip(("one", "value", "other", "other_value"), first[1:] + second[1:], strict=True))
                    self._note(NoteLevel.WARNING, "contradiction", position, **params)
                    doubts.append(
                        ProjectDoubt(meanings[0], Message(SECTION, "contradiction", params), (first[1:], second[1:]))
                    )
                    break
        return doubts

    def _read_value(self, meaning: str, text: str) -> float | str:
        """Return what a text means: code of a use, mode of supply, approval or number.

        An unknown text means itself.
        """
        if meaning == "use":
            return self.find_use(text) or text
        if meaning == "supply":
            return self._find_supply(text)
        if meaning == "approval":
            return text if self.settings.approval.fullmatch(text) else "-"
        number = _parse_number(text)
        return text if number is None else number * _M2_PER_UNIT.get(meaning, 1.0)

    def _note(self, level: NoteLevel, key: str, position: int, meaning: str = "", **params: Any) -> None:
        """Add a note on a row."""
        # The field with a text, else one that the source has, else one that it may have.
        given = [field for field, _ in (*self._list_texts(meaning, position), *self.rows.columns.get(meaning, ()))]
        field = [*given, *self.settings.fields.get(meaning, ("",))][0]
        name = self._get("name", position) or self._get("number", position)
        shown = {"where": name_place(self.rows.name, position + 1, name), "field": field, **params}
        self.notes.append(ProjectNote(level, Message(SECTION, f"note_{key}", shown), position + 1, name, field))

    def read_row(self, position: int) -> Project | None:
        """Return the project of a row; None, with a note, if it cannot be reviewed."""
        shape, kind, width, statutory, loose = self._read_shape(position)
        if shape is None:
            return None
        doubts = self._list_doubts(position)
        doubtful = {one.meaning for one in doubts}
        if loose is not None:
            doubts.append(ProjectDoubt("shape", Message(SECTION, "loose", count_loose_parts(shapely.get_parts(loose)))))
        name, number = self._get("name", position), self._get("number", position)
        if not name:
            self._note(NoteLevel.WARNING, "no_name", position, "name", shown=number or f"#{position + 1}")
        if position in self.rows.with_arcs:
            self._note(NoteLevel.INFO, "arcs", position, degrees=self.rows.curve_step)
        code, use_name, text = self._read_use(position, is_doubtful="use" in doubtful)
        plan, supply_text, approval = (self._get(name, position) for name in ("plan", "supply", "approval"))
        supply = SupplyMode.UNKNOWN if "supply" in doubtful else self._find_supply(supply_text)
        if supply_text and supply is SupplyMode.UNKNOWN and "supply" not in doubtful:
            self._note(NoteLevel.WARNING, "bad_supply", position, "supply", value=supply_text)
        declared = None if "declared_m2" in doubtful else self._read_declared(position)
        if "approval" in doubtful:
            approval = ""
        elif approval and not self.settings.approval.fullmatch(approval):
            self._note(NoteLevel.WARNING, "bad_approval", position, "approval", value=approval)
            approval = ""
        return Project(
            row=position + 1,
            name=name,
            number=number,
            applicant=self._get("applicant", position),
            use_code=code,
            use_name=use_name,
            use_text=text,
            supply=supply,
            kind=kind,
            width_m=width,
            shape=shape,
            statutory_m2=statutory,
            declared_m2=declared,
            approval=approval,
            supplement_plan="" if any(word in plan for word in self._placeholder_words) else plan,
            source=self.rows.name,
            crs=self._crs_label,
            doubts=tuple(doubts),
            loose=loose,
            plot=self._get("plot", position),
            state=self._get("state", position),
            date=self._get("date", position),
            record=self.rows.records[position] if self.rows.records else None,
        )

    def _read_shape(self, position: int) -> tuple[Any, str, float | None, float, Any]:
        """Return land, kind, width (m), statutory area (m²), and parts without land.

        Lines and points have the land of their width; without one, those beside polygons have none. The land is None,
        with a note, if the row cannot be reviewed.
        """
        nothing = None, "", None, 0.0, None
        raw = self._raw[position]
        is_broken = position in self.rows.broken
        if is_broken or raw is None or raw.is_empty:
            self._note(NoteLevel.ERROR, "broken" if is_broken else "no_shape", position)
            return nothing
        if not self._is_usable[position]:
            self._note(NoteLevel.ERROR, "invalid", position, reason=Message("words", find_invalidity_reason(raw)[0]))
            return nothing
        kind = ("point", "line", "polygon")[int(shapely.get_dimensions(raw))]
        shape = extract_polygons(self._plane[position])
        parts = shapely.get_parts(shapely.get_parts(self._plane[position]))
        parts = parts[shapely.get_dimensions(parts) < 2]
        if shape is not None:
            parts = shapely.difference(parts, shape)
        parts = shapely.get_parts(parts[~shapely.is_empty(parts)])
        loose = shapely.geometrycollections(parts) if len(parts) else None
        width = None
        if loose is not None and (kind != "polygon" or self.width_m is not None or self._get("width", position)):
            width = self._read_width(position, kind)
            if width is None:
                return nothing
            # The land of a line has flat ends; that of a point is a circle.
            parts = shapely.get_parts(loose)
            is_line = shapely.get_dimensions(parts) == 1
            lines = shapely.buffer(
                shapely.multilinestrings(parts[is_line]), width * _HALF, cap_style="flat", join_style="mitre"
            )
            land = (
                lines
                if is_line.all()
                else shapely.union(lines, shapely.buffer(shapely.multipoints(parts[~is_line]), width * _HALF))
            )
            shape, loose = extract_polygons(land if shape is None else shapely.union(shape, land)), None
        measured, to_lonlat = (
            (extract_polygons(raw), self._to_lonlat) if width is None else (shape, self._plane_to_lonlat)
        )
        statutory = float(measure_statutory_area(np.array([measured], dtype=object), to_lonlat)[0]) if measured else 0.0
        if shape is None or statutory <= 0:
            self._note(NoteLevel.ERROR, "no_shape", position)
            return nothing
        return shape, kind, width, statutory, loose

    def _read_width(self, position: int, kind: str) -> float | None:
        """Return the largest width (m) given for a line, or diameter of a point.

        Return None, with a note, if it is unknown.
        """
        texts = [text for _, text in self._list_texts("width", position)]
        if not texts:
            if self.width_m is not None:
                return self.width_m
            self._note(NoteLevel.ERROR, f"no_width_{kind}", position, "width")
            return None
        widths = {text: _parse_number(text) or 0.0 for text in texts}
        worst = min(texts, key=widths.__getitem__)
        if widths[worst] < MIN_WIDTH_M:
            self._note(NoteLevel.ERROR, "bad_width", position, "width", value=worst, limit=MIN_WIDTH_M)
            return None
        return max(widths.values())

    def _read_declared(self, position: int) -> float | None:
        """Return the declared area (m²); None if none is declared, or with a note if it is not a number."""
        for meaning, factor in _M2_PER_UNIT.items():
            text = self._get(meaning, position)
            number = _parse_number(text)
            if number is not None and number >= 0:
                return number * factor
            if text:
                self._note(NoteLevel.WARNING, "bad_area", position, meaning, value=text)
        return None

    def _find_supply(self, text: str) -> SupplyMode:
        """Return the mode of supply whose word is in a text; UNKNOWN without one."""
        return next(
            (mode for mode, words in self.settings.supply_words.items() if any(word in text.upper() for word in words)),
            SupplyMode.UNKNOWN,
        )

    def _read_use(self, position: int, *, is_doubtful: bool) -> tuple[str, str, str]:
        """Return code, name and text of the use; the code is empty, with a note, if it is missing or unknown."""
        texts = [text for _, text in self._list_texts("use", position)] or [self.use.strip()]
        if is_doubtful:
            return "", "", texts[0]
        # Of fields that agree the one with the finest code counts.
        text = max(texts, key=lambda one: len(self.find_use(one)))
        code = self.find_use(text)
        if code and self._codes:
            return code, self._codes.entry_by_code[code].name, text
        self._note(NoteLevel.WARNING, "bad_use" if text else "no_use", position, "use", value=text)
        return "", "", text

    def find_use(self, text: str) -> str:
        """Return the code of a use by code, name, or both (``商业用地（0901）``); empty if unknown or contradictory."""
        if self._codes is None:
            return ""
        entries = self._codes.entry_by_code
        if trim_code_padding(text, _USE_CODE_PAD) in entries:
            return trim_code_padding(text, _USE_CODE_PAD)
        match = _CODE_IN_TEXT.search(text)
        rest = _CODE_IN_TEXT.sub("", text).strip() if match else text
        named = [entry.code for entry in entries.values() if entry.name == rest]
        if match:
            code = trim_code_padding(match[1], _USE_CODE_PAD)
            return code if code in entries and (not rest or code in named) else ""
        # A parent and its only child may have one name: the parent is the more general.
        return min(named, key=len, default="")


def _parse_number(text: str) -> float | None:
    """Return a number written with or without separators of thousands; None for other texts."""
    try:
        number = float(re.sub(r"[,，\s\u202f]", "", text))
    except ValueError:
        return None
    return number if np.isfinite(number) else None
