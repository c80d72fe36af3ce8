# SPDX-License-Identifier: GPL-2.0-or-later
"""Convert a VCT file to a GeoPackage batch by batch, and check the result.

Names and lengths follow the declarations of the file.
"""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import pyogrio

from ...cancellation import NEVER, Cancellation
from ...errors import Cancelled, OutputError, SanxianError
from ...files.writing import atomic_output, check_writable
from ...geometry.crs import crs_label
from ...io import ERRORS
from ...standard.template import Field, Template
from ..create import create_database
from .read import Vct, open_vct
from .settings import Note
from .shapes import ANGLE, TEXT
from .structure import Column, Table

if TYPE_CHECKING:
    from ...messages.texts import Texts
    from ...model.report import Report


SUFFIX = ".gpkg"
#: Reserved columns of a GeoPackage: a field of such a name gets an underscore.
_TAKEN = ("fid", "geom")
#: Prefixes of GeoPackage's internal tables.
_RESERVED = ("gpkg_", "rtree_", "sqlite_")
_SHAPES = {"polygon": "MultiPolygon", "line": "MultiLineString", "point": "Point", "annotation": "Point"}
#: Largest number of characters of a text with a length.
_LONGEST = 65_535
#: Integers are stored in 64 bits, whatever length the file declares.
_LONG_DIGITS = 18

Progress = Callable[[float, str], None]


@dataclass
class Imported:
    """``rows``: table → number of rows; ``notes``: text keys and parameters."""

    path: Path
    crs: str
    rows: dict[str, int] = field(default_factory=dict)
    notes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)


def vct_to_database(
    source: str | Path,
    target: str | Path,
    *,
    templates: Mapping[str, Template] | None = None,
    progress: Progress = lambda share, text: None,
    cancellation: Cancellation = NEVER,
) -> Imported:
    """Write every table of a file as a layer of a new GeoPackage.

    ``templates``: role → template, for Chinese names. InputError names the line of an error; OutputError for a failed
    write. The target is then unchanged.
    """
    target = Path(target)
    if target.suffix.lower() != SUFFIX:
        raise OutputError("output_format", target=str(target), known=SUFFIX)
    check_writable(target, [str(source)])
    with tempfile.TemporaryDirectory(prefix="sanxian-", ignore_cleanup_errors=True) as folder:
        work = Path(folder) / f"made{SUFFIX}"
        with open_vct(source, cancellation, progress=progress, join=True) as vct:
            done = Imported(target, crs_label(vct.head.crs))
            try:
                _fill(work, vct, done, templates or {})
            except ERRORS as error:
                full = shutil.disk_usage(folder).free < 2**20
                raise OutputError(
                    "output_unwritable", target=str(target), detail="no_space" if full else "refused"
                ) from error
        with atomic_output(target) as new:
            shutil.copyfile(work, new)
    return done


def _fill(work: Path, vct: Vct, done: Imported, templates: Mapping[str, Template]) -> None:
    known = {name.upper(): template for name, template in templates.items()}
    _refuse_reserved(vct)
    done.notes += [*_foreign_titles(vct, known), *_renamed(vct)]
    layers = [_template(table, known.get(table.name.upper())) for table in vct.tables if table.kind]
    if layers:
        create_database(work, layers, vct.head.crs, code_lists={}, cancellation=vct.cancellation)
    for table, frame in vct.batches():
        vct.cancellation.raise_if_cancelled()
        vct.lines.report_progress()
        frame = frame.rename(columns={c: f"{c}_" for c in frame.columns if c.lower() in _TAKEN})
        _append(work, table, frame)
        done.rows[table.name] = done.rows.get(table.name, 0) + len(frame)
    done.notes += vct.notes


def _refuse_reserved(vct: Vct) -> None:
    """Raise InputError for a table with a name reserved by GeoPackage."""
    for one in vct.structure.classes:
        if one.table.lower().startswith(_RESERVED):
            vct.lines.number = one.line
            raise vct.lines.error("vct_table_reserved", table=one.table)


def _foreign_titles(vct: Vct, known: Mapping[str, Template]) -> list[Note]:
    """Return notes on classes with the name of another table in the standard."""
    notes: list[Note] = []
    for one in vct.structure.classes:
        its = known.get(one.table.upper())
        other = next((role for role, template in known.items() if template.name == one.title), "")
        # A shortened or extended name may equal that of another table by chance.
        if (
            its is not None
            and other
            and not any(one.title in name or name in one.title for name in (its.name, *its.aliases))
        ):
            params = {"table": one.table, "code": one.code, "title": one.title, "other": other, "right": its.name}
            notes.append(("vct_note_title", {"line": one.line, **params}))
    return notes


def _renamed(vct: Vct) -> list[Note]:
    taken = [(t.name, [c.name for c in t.columns if c.name.lower() in _TAKEN]) for t in vct.tables]
    return [("vct_note_renamed", {"table": name, "fields": ", ".join(fields)}) for name, fields in taken if fields]


def _append(work: Path, table: Table, frame: gpd.GeoDataFrame) -> None:
    shapes = _SHAPES.get(table.kind)
    rows: Any = frame if shapes else pd.DataFrame(frame.drop(columns=frame.geometry.name))
    options: dict[str, Any] = {} if work.exists() else {"dataset_options": {"VERSION": "1.2"}}
    if shapes:
        options |= {"geometry_type": shapes, "promote_to_multi": shapes.startswith("Multi")}
    with warnings.catch_warnings():
        # Ignore warnings on texts longer than declared, which a GeoPackage stores whole, and on multipart points.
        warnings.simplefilter("ignore")
        pyogrio.write_dataframe(rows, work, layer=table.name, driver="GPKG", append=work.exists(), **options)


def _template(table: Table, known: Template | None) -> Template:
    """Return a layer's declaration with the standard's Chinese names for known fields."""
    columns = list(table.columns)
    if table.kind == "annotation":
        columns += [Column(TEXT, "text"), Column(ANGLE, "real")]
    fields, aliases = [], set()
    for column in columns:
        name = f"{column.name}_" if column.name.lower() in _TAKEN else column.name
        standard_field = known.field_named(column.name) if known else None
        alias = standard_field.alias if standard_field and standard_field.alias not in aliases else name
        aliases.add(alias)
        # A text declared longer than formats support has no length.
        length: int | None = column.length if 0 < column.length <= _LONGEST and not column.long else None
        if column.type == "integer":
            length = max(length or 0, _LONG_DIGITS)
        fields.append(Field(name, alias, column.type, "B", length=length, decimals=column.decimals or None))
    return Template(
        role=table.name,
        name=table.title or table.name,
        geometry="point" if table.kind == "annotation" else table.kind,
        overlap="allowed",
        constraint="",
        name_mark="B",
        fields_mark="B",
        source="VCT",
        fields=tuple(fields),
    )


#: Number of rules in the summary.
MOST = 3


@dataclass(frozen=True)
class ImportCheck:
    """``verdict``: empty if the check is incomplete; ``lines``: messages."""

    verdict: str = ""
    errors: int = 0
    warnings: int = 0
    lines: tuple[str, ...] = ()


def check_imported(run: Callable[[], Report], texts: Texts) -> ImportCheck:
    """Run a check and summarise it; its errors are reported, not raised.

    The import is complete at this point.
    """
    try:
        report = run()
    except Cancelled:
        return ImportCheck(lines=(texts.get("toolbox", "import_check_cancelled"),))
    except SanxianError as error:
        return ImportCheck(lines=(texts.get("toolbox", "import_check_failed", reason=texts.explain(error)),))
    summary = report.summary
    verdict = texts.get("verdicts", summary["verdict"])
    counts = {key: value for key, value in summary.items() if isinstance(value, int) and key not in ("infos", "waived")}
    lines = [texts.get("toolbox", "summary", verdict=verdict, **counts)]
    if common := commonest_rules(report):
        titles = {rule.code: rule.heading for rule in report.rules}
        named = [
            texts.get("toolbox", "rule_line_count", code=code, title=titles.get(code, ""), count=count)
            for code, count in common
        ]
        lines.append(
            texts.get("toolbox", "import_check_most", rules=texts.get("toolbox", "rule_separator").join(named))
        )
    lines.append(texts.get("toolbox", "import_check_more"))
    return ImportCheck(summary["verdict"], summary["errors"], summary["warnings"], tuple(lines))


def commonest_rules(report: Report, most: int = MOST) -> list[tuple[str, int]]:
    """Return the codes with the most open errors and warnings, with their counts.

    Codes on the run itself are left out.
    """
    rules = {rule.code for rule in report.rules}
    open_ = (f.code for f in report.findings if f.code in rules and f.state != "waived" and str(f.severity) != "INFO")
    return sorted(Counter(open_).items(), key=lambda row: (-row[1], row[0]))[:most]
