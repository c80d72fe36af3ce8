# SPDX-License-Identifier: GPL-2.0-or-later
"""Forms of boundary-point files as data: one TOML file for each layout, which an office can copy and change."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal

from ....paths import BOUNDARY_POINTS_FOLDER
from ...base.errors import DataError
from ...base.files.data import check_keys, check_known, find_data_file, read_record, read_toml
from .settings import SETTINGS_FILE, load_settings, normalise_word

#: Chooses the form from the content of a file, or the form that a layer was imported with.
AUTOMATIC = "auto"
TEXT_KIND, TABLE_KIND = "text", "table"
#: Items of a parcel by the names that forms use.
PARCEL_ITEMS = (
    "count", "area", "number", "name", "kind", "sheet", "use", "land_class", "parcel_type", "land_type",
    "quality_before", "quality_after", "remark",
)  # fmt: skip
POINT_ITEMS = ("point", "ring", "north", "east")
#: Codec for each encoding that a form may name.
CODEC_BY_ENCODING = {"GBK": "gbk", "UTF-8": "utf-8"}
LINE_ENDS = {"crlf": "\r\n", "lf": "\n"}


@dataclass(frozen=True)
class Numbering:
    """How the points of a parcel are numbered that is not as imported.

    ``prefix``: before the number. ``closing``: the closing point is named as the ``first`` point, has the ``next``
    number, or there is ``none``. ``counts_closing``: 界址点数 includes closing points. ``restarts``: each ring begins
    with number 1. ``start``: ``north-west``, or ``stored`` for the first vertex. ``direction`` of outer rings; holes
    run in the other direction.
    """

    prefix: str
    closing: Literal["first", "next", "none"]
    counts_closing: bool
    restarts: bool
    start: Literal["north-west", "stored"]
    direction: Literal["clockwise", "anticlockwise", "stored"]


@dataclass(frozen=True)
class PointForm:
    """A layout of boundary-point files.

    ``id``: stem of the form's file; ``titles``: language → name; ``is_automatic``: may be chosen by the content of a
    file. ``header_section``, ``parcel_section``: headings of the two parts, empty for a form without parts. ``header``:
    (key, value) of each line that is written for a layer without a stored header; values may have placeholders.
    ``parcel_items``, ``point_items``: items of a line (of a row, for tables) in order. ``headings_by_item``: possible
    headings of each column of a table, the first is written. ``datum``, ``zone``: stated for all files of this form,
    empty and 0 if the files state them. ``zone_number``: eastings are written ``with`` it, ``without``, or ``stored``.
    """

    id: str
    path: Path
    titles: dict[str, str] = field(hash=False)
    kind: str
    is_automatic: bool
    encoding: str
    line_end: str
    separator: str
    header_section: str
    parcel_section: str
    header: tuple[tuple[str, str], ...]
    parcel_items: tuple[str, ...]
    end_mark: str
    point_items: tuple[str, ...]
    headings_by_item: dict[str, tuple[str, ...]] = field(hash=False)
    numbering: Numbering
    coordinate_decimals: int
    area_decimals: int
    area_unit: str
    zone_number: str
    datum: str = ""
    zone: int = 0

    def get_title(self, lang: str) -> str:
        """Return the name of the form in a language."""
        return self.titles[lang]

    @property
    def stored_items(self) -> tuple[str, ...]:
        """Return the order of a point's cells as `parcels.PointRow` has them."""
        return POINT_ITEMS if self.kind == TABLE_KIND else self.point_items

    def find_item(self, heading: str) -> str:
        """Return the item of a column of a table by its heading; empty if unknown."""
        word = normalise_word(heading)
        return next((item for item, words in self.headings_by_item.items() if word in map(normalise_word, words)), "")


def list_form_ids() -> list[str]:
    """Return the ids of the forms that the plugin has, the most usual one of each kind first."""
    return sorted(path.stem for path in BOUNDARY_POINTS_FOLDER.glob("*.toml") if path != SETTINGS_FILE)


def load_form(name: str) -> PointForm:
    """Return a form by its id, or by the path of a .toml file.

    Raises
    ------
    DataError
        The form does not exist (the error lists the ids), or its file has an error (with file and key).
    """
    ids = list_form_ids()
    path = find_data_file(name, BOUNDARY_POINTS_FOLDER, ids, "boundary_form_unknown", [AUTOMATIC, *ids])
    return _read_form(path, path.stat().st_mtime_ns)


def load_automatic_forms(kind: str) -> list[PointForm]:
    """Return the forms of a kind that may be chosen by the content of a file."""
    forms = [load_form(name) for name in list_form_ids()]
    return [form for form in forms if form.kind == kind and form.is_automatic]


@dataclass(frozen=True)
class _Sections:
    header: str = ""
    parcels: str = ""


@dataclass(frozen=True)
class _HeaderLine:
    key: str
    value: str


@dataclass(frozen=True)
class _Line:
    items: tuple[str, ...]
    end_mark: str = ""


@dataclass(frozen=True)
class _Numbers:
    coordinate_decimals: int
    area_decimals: int
    area_unit: str
    zone_number: Literal["with", "without", "stored"]


@dataclass(frozen=True)
class _Crs:
    datum: str = ""
    zone: int = 0


@dataclass(frozen=True)
class FormFile:
    """The content of a form's file."""

    name: str
    kind: Literal["text", "table"]
    mark: Literal["A", "B", "C"]
    source: str
    encoding: Literal["GBK", "UTF-8"]
    line_end: Literal["crlf", "lf"]
    separator: str
    point: _Line
    numbering: Numbering
    numbers: _Numbers
    name_en: str = ""
    automatic: bool = True
    sections: _Sections = _Sections()
    header: tuple[_HeaderLine, ...] = ()
    parcel: _Line = _Line(())
    headings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    crs: _Crs = _Crs()


@lru_cache(maxsize=32)
def _read_form(path: Path, modified_ns: int) -> PointForm:
    """Read a form from its file; cached until the file is modified."""
    file = read_record(FormFile, read_toml(path), file=path)
    check_known(file.numbers.area_unit, load_settings().area_units, path, "numbers.area_unit")
    check_keys(file.headings, required=(), allowed=(*PARCEL_ITEMS, *POINT_ITEMS), file=path, where="headings")
    for key, items, known in (("parcel", file.parcel.items, PARCEL_ITEMS), ("point", file.point.items, POINT_ITEMS)):
        for position, item in enumerate(items):
            # A repeated item is an error too.
            check_known(item, [one for one in known if one not in items[:position]], path, f"{key}.items")
    form = PointForm(
        id=path.stem,
        path=path,
        titles={"zh": file.name, "en": file.name_en or file.name},
        kind=file.kind,
        is_automatic=file.automatic,
        encoding=file.encoding,
        line_end=LINE_ENDS[file.line_end],
        separator=file.separator,
        header_section=file.sections.header,
        parcel_section=file.sections.parcels,
        header=tuple((line.key, line.value) for line in file.header),
        parcel_items=file.parcel.items,
        end_mark=file.parcel.end_mark,
        point_items=file.point.items,
        headings_by_item=file.headings,
        numbering=file.numbering,
        coordinate_decimals=file.numbers.coordinate_decimals,
        area_decimals=file.numbers.area_decimals,
        area_unit=file.numbers.area_unit,
        zone_number=file.numbers.zone_number,
        datum=file.crs.datum,
        zone=file.crs.zone,
    )
    missing = [f"point.items: {item}" for item in ("point", "north", "east") if item not in form.point_items]
    if form.kind == TABLE_KIND:
        items = (*form.parcel_items, *form.point_items)
        missing += [f"headings.{item}" for item in items if not form.headings_by_item.get(item)]
    elif len(form.separator) != 1:
        missing.append("separator")
    elif form.parcel_items and not (form.end_mark and form.parcel_section):
        missing.append("sections.parcels, parcel.end_mark")
    if missing:
        raise DataError("data_key_missing", file=str(form.path), key=missing[0])
    return form


def make_layout(form: PointForm) -> FileLayout:
    """Return the layout of a file in a form: a table in UTF-8 has a byte order mark, without which Excel garbles it."""
    has_mark = form.encoding == "UTF-8" and form.kind == TABLE_KIND
    return FileLayout(CODEC_BY_ENCODING[form.encoding], has_mark, form.line_end)


@dataclass(frozen=True)
class FileLayout:
    """How a text file was written, which an export repeats.

    ``codec``: Python's name of the encoding; ``has_mark``: it begins with a byte order mark; ``line_end``: of its first
    line; ``ends_with_line_end``: its last line has one too. ``header``: all lines before the parcels, unchanged.
    """

    codec: str
    has_mark: bool = False
    line_end: str = "\n"
    ends_with_line_end: bool = True
    header: tuple[str, ...] = ()

    @property
    def encoding_name(self) -> str:
        """Return the name of the encoding for users: GBK for its superset too."""
        return "GBK" if self.codec in ("gbk", "gb18030") else self.codec.upper()
