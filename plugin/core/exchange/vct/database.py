# SPDX-License-Identifier: GPL-2.0-or-later
"""Convert a VCT file to a GeoPackage in batches, and check the imported plan.

Names and lengths of fields follow the declarations of the VCT file.
"""

from __future__ import annotations

import shutil
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from ...base.errors import NEVER_CANCELLED, Cancellation, Cancelled, OutputError, ProgressCallback, SanxianError
from ...base.files.writing import check_writable, write_atomically
from ...geometry.crs import make_crs_label
from ...model.report import Report
from ...plan.io.geopackage_writing import append_rows
from ...standard.messages.texts import Texts
from ...standard.template import Template, TemplateField
from ..create import create_database, stage_geopackage
from ..schema import OGR_GEOMETRY_TYPES
from .read import open_vct
from .records import ANGLE_FIELD, TEXT_FIELD
from .structure import VctColumn, VctTable

DATABASE_SUFFIX = ".gpkg"
#: Reserved columns of a GeoPackage: a field of such a name gets an underscore.
_RESERVED_FIELDS = ("fid", "geom")
_GEOPACKAGE_TYPES_BY_KIND = OGR_GEOMETRY_TYPES | {"annotation": OGR_GEOMETRY_TYPES["point"]}
#: Largest number of characters of a text with a length.
_MAX_TEXT_LENGTH = 65_535
#: Number of rules in the summary.
MAX_RULES_IN_SUMMARY = 3


@dataclass
class VctImport:
    """The result of a VCT import.

    ``path``: the written GeoPackage; ``crs``: label of its CRS; ``row_counts``: table → number of rows; ``notes``:
    remarks on the data, as text keys with parameters.
    """

    path: Path
    crs: str
    row_counts: dict[str, int] = field(default_factory=dict)
    notes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)


def convert_vct_to_database(
    source: str | Path,
    target: str | Path,
    *,
    templates: Mapping[str, Template] | None = None,
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> VctImport:
    """Write every table of a VCT file as a layer of a new GeoPackage.

    ``templates``: layer code → template, for Chinese field names. InputError names the line of an error in the file;
    OutputError reports a failed write. The target is unchanged after an error.
    """
    target = Path(target)
    if target.suffix.lower() != DATABASE_SUFFIX:
        raise OutputError("output_format", target=str(target), known=DATABASE_SUFFIX)
    check_writable(target, [str(source)])
    with stage_geopackage(target) as temporary_database:
        with open_vct(source, cancellation, progress=progress, merges_parts=True) as vct:
            result = VctImport(target, make_crs_label(vct.header.crs))
            templates_by_name = {name.upper(): template for name, template in (templates or {}).items()}
            for feature_class in vct.structure.feature_classes:
                # Prefixes of GeoPackage's internal tables.
                if feature_class.name.lower().startswith(("gpkg_", "rtree_", "sqlite_")):
                    vct.line_reader.number = feature_class.line_number
                    raise vct.line_reader.make_error("vct_table_reserved", table=feature_class.name)
            for table in vct.tables:
                if renamed := [c.name for c in table.columns if c.name.lower() in _RESERVED_FIELDS]:
                    result.notes.append(("vct_note_renamed", {"table": table.name, "fields": ", ".join(renamed)}))
            layers = [
                _make_table_template(table, templates_by_name.get(table.name.upper()))
                for table in vct.tables
                if table.shape_kind
            ]
            if layers:
                create_database(
                    temporary_database, layers, vct.header.crs, code_lists={}, cancellation=vct.cancellation
                )
            for table, frame in vct.cancellation.watch(vct.read_batches()):
                vct.line_reader.report_progress()
                if not table.shape_kind and not table.columns:
                    # Without fields and shapes it has no content; the notes name it as a table without a class.
                    continue
                frame = frame.rename(columns=_rename_reserved_fields(frame.columns))
                with warnings.catch_warnings():
                    # Ignore warnings on texts longer than declared, which a GeoPackage stores whole, and on multipart
                    # points.
                    warnings.simplefilter("ignore")
                    if table.shape_kind:
                        append_rows(frame, temporary_database, table.name, _GEOPACKAGE_TYPES_BY_KIND[table.shape_kind])
                    else:
                        rows = pd.DataFrame(frame.drop(columns=frame.geometry.name))
                        append_rows(rows, temporary_database, table.name, None)
                result.row_counts[table.name] = result.row_counts.get(table.name, 0) + len(frame)
            result.notes += vct.notes
        with write_atomically(target) as new:
            shutil.copyfile(temporary_database, new)
    return result


def _rename_reserved_fields(names: Iterable[str]) -> dict[str, str]:
    """Return name → name in the database of the columns that a GeoPackage reserves; no two columns share a name."""
    used = {name.lower() for name in names}
    new_names = {}
    for name in names:
        new_name = name
        while name.lower() in _RESERVED_FIELDS and new_name.lower() in used:
            new_name += "_"
        if new_name != name:
            new_names[name] = new_name
            used.add(new_name.lower())
    return new_names


def _make_table_template(table: VctTable, standard_template: Template | None) -> Template:
    """Return a table as a template; known fields get the standard's Chinese names."""
    columns = list(table.columns)
    if table.shape_kind == "annotation":
        columns += [VctColumn(TEXT_FIELD, "text"), VctColumn(ANGLE_FIELD, "real")]
    fields, aliases = [], set()
    new_names = _rename_reserved_fields([column.name for column in columns])
    for column in columns:
        name = new_names.get(column.name, column.name)
        standard_field = standard_template.find_field_by_name(column.name) if standard_template else None
        alias = standard_field.alias if standard_field and standard_field.alias not in aliases else name
        aliases.add(alias)
        # A text declared longer than formats support has no length.
        length: int | None = (
            column.length if 0 < column.length <= _MAX_TEXT_LENGTH and not column.is_unlimited else None
        )
        if column.type == "integer":
            # Integers are stored in 64 bits, whatever length the file declares.
            length = max(length or 0, 18)
        fields.append(TemplateField(name, alias, column.type, "B", length=length, decimals=column.decimals or None))
    return Template(
        role=table.name,
        name=table.title or table.name,
        geometry="point" if table.shape_kind == "annotation" else table.shape_kind,
        overlap="allowed",
        constraint="",
        name_mark="B",
        fields_mark="B",
        source="VCT",
        fields=tuple(fields),
    )


@dataclass(frozen=True)
class ImportCheck:
    """Summary of the check of an imported plan.

    ``verdict``: empty if the check is incomplete; ``summary_sentences``: sentences for the user.
    """

    verdict: str = ""
    error_count: int = 0
    warning_count: int = 0
    summary_sentences: tuple[str, ...] = ()


def check_imported_plan(run_check: Callable[[], Report], texts: Texts) -> ImportCheck:
    """Run a check of the imported plan and summarise its report.

    ``run_check`` returns the report. If it raises an error, the error becomes a sentence of the result, because the
    import is already complete.
    """
    try:
        report = run_check()
    except Cancelled:
        return ImportCheck(summary_sentences=(texts.get("toolbox", "import_check_cancelled"),))
    except SanxianError as error:
        return ImportCheck(
            summary_sentences=(texts.get("toolbox", "import_check_failed", reason=texts.explain_error(error)),)
        )
    from ...render.verdict import format_rule_counts
    from ...render.words import ReportTexts

    summary = report.summary
    verdict = texts.get("verdicts", summary["verdict"])
    counts = {"errors": summary["errors"], "warnings": summary["warnings"]}
    rules = format_rule_counts(report, ReportTexts(texts.lang))
    lines = [texts.get("toolbox", "summary", verdict=verdict, rules=rules, **counts)]
    if commonest_rules := find_commonest_rules(report):
        titles = {rule.code: rule.heading for rule in report.rules}
        rule_texts = [
            texts.get("toolbox", "rule_line_count", code=code, title=titles.get(code, ""), count=count)
            for code, count in commonest_rules
        ]
        lines.append(
            texts.get("toolbox", "import_check_most", rules=texts.get("toolbox", "rule_separator").join(rule_texts))
        )
    lines.append(texts.get("toolbox", "import_check_more"))
    return ImportCheck(summary["verdict"], summary["errors"], summary["warnings"], tuple(lines))


def find_commonest_rules(report: Report) -> list[tuple[str, int]]:
    """Return the rule codes with the most open findings, at most `MAX_RULES_IN_SUMMARY`, and their counts.

    Errors and warnings count. Codes about the run itself are left out.
    """
    rules = {rule.code for rule in report.rules}
    open_ = (f.code for f in report.findings if f.code in rules and f.state != "waived" and str(f.severity) != "INFO")
    return sorted(Counter(open_).items(), key=lambda row: (-row[1], row[0]))[:MAX_RULES_IN_SUMMARY]
