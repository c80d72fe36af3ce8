# SPDX-License-Identifier: GPL-2.0-or-later
"""Forms of boundary-point files as data: one TOML file for each layout, which an office can copy and change."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from ....paths import BOUNDARY_POINTS_FOLDER
from ...errors import DataError
from ...files.data import SOURCE_MARKS, check_keys, check_type, read_toml
from .model import FileLayout
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
_CLOSINGS, _STARTS = ("first", "next", "none"), ("north-west", "stored")
_DIRECTIONS, _ZONE_NUMBERS = ("clockwise", "anticlockwise", "stored"), ("with", "without", "stored")
_REQUIRED_KEYS = (
    "name",
    "kind",
    "mark",
    "source",
    "encoding",
    "line_end",
    "separator",
    "point",
    "numbering",
    "numbers",
)
_OTHER_KEYS = ("name_en", "automatic", "sections", "header", "parcel", "headings", "crs")


@dataclass(frozen=True)
class Numbering:
    """How the points of a parcel are numbered that is not as imported.

    ``prefix``: before the number. ``closing``: the closing point is named as the ``first`` point, has the ``next``
    number, or there is ``none``. ``counts_closing``: 界址点数 includes closing points. ``restarts``: each ring begins
    with number 1. ``start``: ``north-west``, or ``stored`` for the first vertex. ``direction`` of outer rings; holes
    run in the other direction.
    """

    prefix: str
    closing: str
    counts_closing: bool
    restarts: bool
    start: str
    direction: str


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
        """Return the order of a point's cells as `model.PointRow` has them."""
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
    path = BOUNDARY_POINTS_FOLDER / f"{name}.toml"
    if name not in list_form_ids():
        path = Path(name)
        if path.suffix.lower() != ".toml" or not path.is_file():
            raise DataError("boundary_form_unknown", value=name, known=", ".join([AUTOMATIC, *list_form_ids()]))
    return _read_form(path, path.stat().st_mtime_ns)


def load_automatic_forms(kind: str) -> list[PointForm]:
    """Return the forms of a kind that may be chosen by the content of a file."""
    forms = [load_form(name) for name in list_form_ids()]
    return [form for form in forms if form.kind == kind and form.is_automatic]


@lru_cache(maxsize=32)
def _read_form(path: Path, modified_ns: int) -> PointForm:
    """Read a form from its file; cached until the file is modified."""
    table = read_toml(path)
    check_keys(table, required=_REQUIRED_KEYS, allowed=_OTHER_KEYS, file=path)
    name = _read_value(table, "name", str, path)
    kind = _read_choice(table, "kind", (TEXT_KIND, TABLE_KIND), path)
    _read_choice(table, "mark", SOURCE_MARKS, path)
    _read_value(table, "source", str, path)
    sections = _read_table(table, "sections", ("header", "parcels"), (), path)
    parcel = _read_table(table, "parcel", ("items",), ("end_mark",), path)
    numbers = _read_table(
        table, "numbers", ("coordinate_decimals", "area_decimals", "area_unit", "zone_number"), (), path
    )
    crs = _read_table(table, "crs", (), ("datum", "zone"), path)
    form = PointForm(
        id=path.stem,
        path=path,
        titles={"zh": name, "en": _read_optional_text(table, "name_en", path) or name},
        kind=kind,
        is_automatic=_read_value(table, "automatic", bool, path) if "automatic" in table else True,
        encoding=_read_choice(table, "encoding", tuple(CODEC_BY_ENCODING), path),
        line_end=LINE_ENDS[_read_choice(table, "line_end", tuple(LINE_ENDS), path)],
        separator=_read_value(table, "separator", str, path),
        header_section=_read_optional_text(sections, "header", path),
        parcel_section=_read_optional_text(sections, "parcels", path),
        header=_read_header(table.get("header", []), path),
        parcel_items=_read_items(parcel, "parcel", PARCEL_ITEMS, path) if parcel else (),
        end_mark=_read_optional_text(parcel, "end_mark", path),
        point_items=_read_items(_read_table(table, "point", ("items",), (), path), "point", POINT_ITEMS, path),
        headings_by_item=_read_headings(table.get("headings", {}), path),
        numbering=_read_numbering(table, path),
        coordinate_decimals=_read_value(numbers, "coordinate_decimals", int, path),
        area_decimals=_read_value(numbers, "area_decimals", int, path),
        area_unit=_read_choice(numbers, "area_unit", tuple(load_settings().area_units), path),
        zone_number=_read_choice(numbers, "zone_number", _ZONE_NUMBERS, path),
        datum=_read_optional_text(crs, "datum", path),
        zone=_read_value(crs, "zone", int, path) if "zone" in crs else 0,
    )
    _check_parts(form)
    return form


def make_layout(form: PointForm) -> FileLayout:
    """Return the layout of a file in a form: a table in UTF-8 has a byte order mark, without which Excel garbles it."""
    has_mark = form.encoding == "UTF-8" and form.kind == TABLE_KIND
    return FileLayout(CODEC_BY_ENCODING[form.encoding], has_mark, form.line_end)


def _check_parts(form: PointForm) -> None:
    """Raise DataError if a form lacks what its kind needs."""
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


def _read_numbering(table: dict[str, Any], path: Path) -> Numbering:
    """Return the numbering of a form."""
    keys = ("prefix", "closing", "counts_closing", "restarts", "start", "direction")
    numbering = _read_table(table, "numbering", keys, (), path)
    return Numbering(
        _read_value(numbering, "prefix", str, path),
        _read_choice(numbering, "closing", _CLOSINGS, path),
        _read_value(numbering, "counts_closing", bool, path),
        _read_value(numbering, "restarts", bool, path),
        _read_choice(numbering, "start", _STARTS, path),
        _read_choice(numbering, "direction", _DIRECTIONS, path),
    )


def _read_header(lines: Any, path: Path) -> tuple[tuple[str, str], ...]:
    """Return key and value of each line of a header."""
    pairs = []
    for number, line in enumerate(check_type(lines, list, file=path, key="header"), 1):
        where = f"header[{number}]"
        check_keys(
            check_type(line, dict, file=path, key=where), required=("key", "value"), allowed=(), file=path, where=where
        )
        pairs.append((_read_value(line, "key", str, path), _read_value(line, "value", str, path)))
    return tuple(pairs)


def _read_headings(headings: Any, path: Path) -> dict[str, tuple[str, ...]]:
    """Return the possible headings of each column of a table."""
    check_keys(check_type(headings, dict, file=path, key="headings"), required=(),
               allowed=(*PARCEL_ITEMS, *POINT_ITEMS), file=path, where="headings")  # fmt: skip
    return {
        item: tuple(str(check_type(word, str, file=path, key=f"headings.{item}")) for word in
                    check_type(words, list, file=path, key=f"headings.{item}"))
        for item, words in headings.items()
    }  # fmt: skip


def _read_items(table: dict[str, Any], where: str, known: tuple[str, ...], path: Path) -> tuple[str, ...]:
    """Return the items of a line. Raise DataError for an unknown or a repeated one."""
    items = check_type(table["items"], list, file=path, key=f"{where}.items")
    for position, item in enumerate(items):
        if item not in known or item in items[:position]:
            raise DataError(
                "data_value_unknown", file=str(path), key=f"{where}.items", value=str(item), known=", ".join(known)
            )
    return tuple(items)


def _read_table(
    table: dict[str, Any], key: str, required: tuple[str, ...], allowed: tuple[str, ...], path: Path
) -> dict[str, Any]:
    """Return a table within a form, empty if it is missing. Raise DataError for a missing or an unknown key."""
    if key not in table:
        return {}
    inner = check_type(table[key], dict, file=path, key=key)
    check_keys(inner, required=required, allowed=allowed, file=path, where=key)
    return inner


def _read_value(table: dict[str, Any], key: str, kind: type, path: Path) -> Any:
    """Return a value of a form. Raise DataError if it has another type."""
    return check_type(table[key], kind, file=path, key=key)


def _read_optional_text(table: dict[str, Any], key: str, path: Path) -> str:
    """Return a text of a form, empty if it is missing. Raise DataError if it has another type."""
    return str(_read_value(table, key, str, path)) if key in table else ""


def _read_choice(table: dict[str, Any], key: str, known: tuple[str, ...], path: Path) -> str:
    """Return a value of a form. Raise DataError if it is not one of the known ones."""
    value = _read_value(table, key, str, path)
    if value not in known:
        raise DataError("data_value_unknown", file=str(path), key=key, value=value, known=", ".join(known))
    return str(value)
