# SPDX-License-Identifier: GPL-2.0-or-later
"""Read a table of layer structures (属性结构描述表, xlsx).

Its rows have layer, field, name, type, length, domain and so on. The table becomes templates, an empty database and a
standard. A missing or merged cell is an error that names sheet and row.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyproj import CRS

from ..base.errors import NEVER_CANCELLED, Cancellation, DataError, InputError, OutputError
from ..base.files.cells import format_cell
from ..base.files.json_text import encode_json
from ..base.files.workbooks import WorkbookRow, iterate_rows, open_workbook
from ..base.files.writing import explain_os_error, write_atomically
from ..geometry import crs as crs_care
from ..standard import Standard, divisions, load_standard
from ..standard.messages.texts import Texts
from ..standard.template import Template, load_template
from .create import CreatedLayers, create_database

#: Accepted heads of a column, without spaces, in small letters. Errors name the first one.
COLUMN_HEADINGS = {
    "layer": ("图层代码", "图层", "层名", "属性表名", "属性表代码", "表名", "layer"),
    "layer_name": ("图层名称", "要素名称", "layername"),
    "geometry": ("几何特征", "几何类型", "图形", "geometry"),
    "field": ("字段代码", "字段名", "字段", "field"),
    "name": ("字段名称", "中文名", "中文名称", "别名", "名称", "name", "alias"),
    "type": ("字段类型", "类型", "数据类型", "type"),
    "length": ("字段长度", "长度", "length"),
    "decimals": ("小数位数", "小数位", "decimals"),
    "domain": ("值域", "代码表", "domain"),
    "constraint": ("约束条件", "约束", "constraint"),
    "short": ("导出名", "短名", "short"),
}
_REQUIRED_COLUMNS = ("field", "name", "type")
_FIELD_TYPES_BY_WORD = {
    "text": (
        "char",
        "varchar",
        "varchar2",
        "nvarchar",
        "nvarchar2",
        "string",
        "text",
        "文本",
        "文本型",
        "字符",
        "字符型",
        "字符串",
    ),
    "integer": ("int", "integer", "short", "long", "smallint", "bigint", "整数", "整型", "短整型", "长整型"),
    "real": ("float", "double", "real", "number", "numeric", "decimal", "小数", "浮点", "浮点型", "双精度", "双精度型"),
    "date": ("date", "datetime", "日期", "日期型"),
}
_GEOMETRY_TYPES_BY_WORD = {
    "polygon": ("polygon", "面", "面状", "多边形"),
    "line": ("line", "polyline", "线", "线状"),
    "point": ("point", "点", "点状"),
}
_CONSTRAINTS_BY_WORD = {
    "M": ("m", "必选", "必填"),
    "C": ("c", "条件必选", "条件", "有条件必选"),
    "O": ("o", "可选", "选填"),
}
#: Number of rows, below a title, in which the head is searched.
_MAX_HEADING_ROWS = 20
_IDENTIFIER_PATTERN = re.compile(r"[A-Za-z_\u4e00-\u9fff][A-Za-z0-9_\u4e00-\u9fff]{0,63}")
#: The id of the new standard and of its group.
OWN_STANDARD_ID = "own"


@dataclass(frozen=True)
class UnknownDomain:
    """A domain named in the table that is not a known code list, with sheet and row."""

    sheet_name: str
    row_number: int
    domain_name: str


@dataclass
class _StructureLayer:
    """A layer as collected from the rows of the table.

    Each item of ``fields`` has the keys of a template's field.
    """

    role: str
    name: str = ""
    geometry: str = ""
    fields: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class StructureTableTemplates:
    """The templates of a structure table.

    ``toml_by_layer_code``: layer code → template as TOML text, validated by the loader; ``template_by_layer_code``:
    layer code → template; ``unknown_domains``: domains that are not code lists.
    """

    toml_by_layer_code: dict[str, str]
    template_by_layer_code: dict[str, Template]
    unknown_domains: list[UnknownDomain]


def read_structure(path: str | Path, standard: Standard) -> StructureTableTemplates:
    """Read layer templates from a workbook.

    The geometry type comes from its column, otherwise from the standard's template of the same layer code. All
    templates get mark C (lowest level of source), because their values are not compared with the standard. DataError
    names file, sheet and row.
    InputError: the workbook cannot be read.
    """
    path = Path(path)
    layers: dict[str, _StructureLayer] = {}
    notes: list[UnknownDomain] = []
    heads = 0
    for sheet in open_workbook(path).worksheets:
        rows = list(iterate_rows(sheet))
        head = _find_heading_row(rows)
        if head is not None:
            heads += 1
            _StructureSheet(path, sheet, *head, standard).read_fields(rows, layers, notes)
    if not heads:
        required_headings = "、".join(
            COLUMN_HEADINGS[c][0] for c in ("layer", "field", "name", "type", "length", "domain")
        )
        raise DataError("structure_no_head", file=path.name, rows=_MAX_HEADING_ROWS, known=required_headings)
    if not layers:
        raise DataError("structure_empty", file=path.name)
    texts = {role: _format_template_as_toml(layer, path.name, standard) for role, layer in layers.items()}
    templates = {}
    # The loader of templates validates the texts.
    with tempfile.TemporaryDirectory(prefix="sanxian-") as folder:
        for role, text in texts.items():
            template_path = Path(folder) / f"{role}.toml"
            template_path.write_text(text, encoding="utf-8", newline="\n")
            templates[role] = load_template(template_path, standard.id)
    return StructureTableTemplates(texts, templates, notes)


def write_template_files(structure: StructureTableTemplates, folder: str | Path) -> list[Path]:
    """Write ``<layer code>.toml`` for every layer, or no file at all.

    Raises DataError if a file exists, because it may have been edited.
    """
    targets = [Path(folder) / f"{role}.toml" for role in structure.toml_by_layer_code]
    for target in targets:
        if target.exists():
            raise DataError("structure_exists", file=str(target))
    with ExitStack() as stack:
        for target, text in zip(targets, structure.toml_by_layer_code.values(), strict=True):
            stack.enter_context(write_atomically(target)).write_text(text, encoding="utf-8", newline="\n")
    return targets


def _normalise_cell(value: Any) -> str:
    """Return a cell's text in small letters without any white space, to compare it with known headings and words."""
    return re.sub(r"\s+", "", str(value)).lower() if value is not None else ""


def _find_heading_row(rows: list[WorkbookRow]) -> tuple[int, dict[str, int]] | None:
    """Return the number of the heading row, and column name → position of the cell.

    None without a heading row. The heading is the first row with at least three known headings.
    """
    for row in rows[:_MAX_HEADING_ROWS]:
        cell_texts = [_normalise_cell(cell.value) for cell in row.cells]
        position_by_column = {
            c: cell_texts.index(w)
            for c, possible_headings in COLUMN_HEADINGS.items()
            for w in reversed(possible_headings)
            if w in cell_texts
        }
        if len(position_by_column) >= 3:
            return row.number, position_by_column
    return None


class _StructureSheet:
    """A worksheet whose heading row was found; it reads the rows below as fields."""

    def __init__(self, path: Path, sheet: Any, head: int, columns: dict[str, int], standard: Standard):
        self.path, self.sheet, self.head, self.columns = path, sheet, head, columns
        self.lists = {codes: codes for codes in standard.code_lists}
        self.lists |= {Texts("zh").get_setting_name(f"codes.{codes}"): codes for codes in standard.code_lists}

    def make_error(self, key: str, row: int, **params: Any) -> DataError:
        """Return a DataError that names file, sheet and row."""
        return DataError(key, file=self.path.name, sheet=self.sheet.title, row=row, **params)

    def read_fields(
        self, rows: list[WorkbookRow], layers: dict[str, _StructureLayer], notes: list[UnknownDomain]
    ) -> None:
        """Read all rows below the heading.

        Add their fields to ``layers`` and unknown domains to ``notes``.

        ``layers``: layer code → layer. Raises DataError for a missing column, a merged cell or an invalid cell.
        """
        for column in _REQUIRED_COLUMNS:
            if column not in self.columns:
                raise self.make_error("structure_no_column", self.head, column="/".join(COLUMN_HEADINGS[column]))
        for merged_range in self.sheet.merged_cells.ranges:
            # A title above the head may have merged cells.
            if merged_range.max_row >= self.head:
                raise self.make_error("structure_merged", merged_range.min_row, cells=str(merged_range.coord))
        for row in rows:
            texts = [format_cell(cell.value) for cell in row.cells]
            if row.number > self.head and any(texts):
                self._read_row(row.number, texts, layers, notes)

    def _read_row(
        self, number: int, texts: list[str], layers: dict[str, _StructureLayer], notes: list[UnknownDomain]
    ) -> None:
        """Read the field that row ``number`` describes.

        Add it to its layer in ``layers``, its unknown domain to ``notes``.
        """
        cells = {column: texts[n] if n < len(texts) else "" for column, n in self.columns.items()}
        role = (cells["layer"] if "layer" in cells else self.sheet.title).strip().upper()
        if not role:
            raise self.make_error("structure_blank", number, column=COLUMN_HEADINGS["layer"][0])
        if not _IDENTIFIER_PATTERN.fullmatch(role):
            raise self.make_error(
                "structure_value", number, column=COLUMN_HEADINGS["layer"][0], value=role, known="DLTB, XZYDYH …"
            )
        for column in _REQUIRED_COLUMNS:
            if not cells[column]:
                raise self.make_error("structure_blank", number, column=COLUMN_HEADINGS[column][0])
        if not _IDENTIFIER_PATTERN.fullmatch(cells["field"]):
            raise self.make_error(
                "structure_value", number, column=COLUMN_HEADINGS["field"][0], value=cells["field"], known="BSM, YSDM …"
            )
        layer = layers.setdefault(role, _StructureLayer(role))
        layer.name = layer.name or cells.get("layer_name", "")
        if cells.get("geometry"):
            layer.geometry = layer.geometry or self._parse_keyword(
                number, "geometry", cells["geometry"], _GEOMETRY_TYPES_BY_WORD
            )
        if any(f["name"].upper() == cells["field"].upper() for f in layer.fields):
            raise self.make_error("structure_repeated", number, layer=role, field=cells["field"])
        if any(f["alias"] == cells["name"] for f in layer.fields):
            raise self.make_error("structure_repeated", number, layer=role, field=cells["name"])
        new_field: dict[str, Any] = {"name": cells["field"], "alias": cells["name"]}
        new_field["type"] = self._parse_keyword(number, "type", cells["type"], _FIELD_TYPES_BY_WORD)
        new_field |= self._read_length_and_decimals(number, cells)
        new_field |= {"short": cells["short"]} if cells.get("short") else {}
        if cells.get("constraint"):
            new_field["constraint"] = self._parse_keyword(
                number, "constraint", cells["constraint"], _CONSTRAINTS_BY_WORD
            )
        domain = cells.get("domain", "")
        if domain in self.lists:
            new_field["codes"] = self.lists[domain]
        elif domain and domain not in ("-", "—", "/"):
            notes.append(UnknownDomain(self.sheet.title, number, domain))
        layer.fields.append(new_field)

    def _read_length_and_decimals(self, number: int, cells: dict[str, str]) -> dict[str, int]:
        """Return the length and the decimals of a field, each under its name if the row has it.

        ``cells``: column name → text of the row's cell.
        """
        length, decimals = cells.get("length", ""), cells.get("decimals", "")
        # Some tables have Char(18) or Double(15,2) in one cell.
        within = re.search(r"[(（]\s*(\d+(?:[,，]\d+)?)\s*[)）]", cells["type"])
        length = length or (within.group(1) if within else "")
        length_and_decimals = re.fullmatch(r"(\d+)[,，](\d+)", length)
        if length_and_decimals and not decimals:
            length, decimals = length_and_decimals.groups()
        numbers = {}
        for column, value in (("length", length), ("decimals", decimals)):
            if value and value not in ("-", "—", "/"):
                if not re.fullmatch(r"\d{1,5}", value):
                    raise self.make_error(
                        "structure_value", number, column=COLUMN_HEADINGS[column][0], value=value, known="18, 255 …"
                    )
                numbers[column] = int(value)
        return numbers

    def _parse_keyword(self, number: int, column: str, value: str, words_by_id: dict[str, tuple[str, ...]]) -> str:
        """Return the id whose words contain the cell's text, such as polygon for 面.

        Raise DataError for another text. ``words_by_id``: id → accepted words; ``number`` and ``column``: position of
        the cell, for the error.
        """
        word = re.sub(r"[(（].*", "", _normalise_cell(value))
        for name, keywords in words_by_id.items():
            if word in keywords:
                return name
        known_keywords = "、".join(w for keywords in words_by_id.values() for w in (keywords[0], keywords[-1]))
        raise self.make_error(
            "structure_value", number, column=COLUMN_HEADINGS[column][0], value=value, known=known_keywords
        )


def _format_template_as_toml(layer: _StructureLayer, file: str, standard: Standard) -> str:
    """Return a layer of the table as TOML text of a template, completed from the standard's template of the same code.

    ``file``: name of the table, stored as the source. Raises DataError if the geometry type is unknown.
    """
    standard_template = standard.templates.get(layer.role)
    geometry = layer.geometry or (standard_template.geometry if standard_template else "")
    if not geometry:
        raise DataError("structure_geometry", file=file, layer=layer.role, column=COLUMN_HEADINGS["geometry"][0])
    head = {
        "role": layer.role,
        "name": layer.name or (standard_template.name if standard_template else layer.role),
        "name_mark": "C",
        "geometry": geometry,
        "overlap": standard_template.overlap if standard_template else "allowed",
        "constraint": standard_template.constraint if standard_template else "O",
        "fields_mark": "C",
        "source": file,
    }
    if standard_template:
        head |= {"group": standard_template.group, "feature_code": standard_template.feature_code}
    lines = [f"{key} = {encode_json(value)}" for key, value in head.items() if value or key == "source"]
    for row in layer.fields:
        standard_field = standard_template.find_field_by_name(row["name"]) if standard_template else None
        if standard_field and standard_field.meaning and standard_field.type == row["type"]:
            row["meaning"] = standard_field.meaning
        lines += [
            "",
            "[[field]]",
            *(f"{key} = {encode_json(value)}" for key, value in row.items()),
            'mark = "C"',
        ]
    return "\n".join(lines) + "\n"


def create_from_structure(
    structure: StructureTableTemplates,
    standard: Standard,
    target: str | Path,
    crs: CRS,
    *,
    existing: str = "stop",
    folder: str | Path = "",
    cancellation: Cancellation = NEVER_CANCELLED,
) -> CreatedLayers:
    """Create an empty database of the table's layers, and optionally a standard.

    ``folder``: where to write the standard, which can then be selected by this path. A folder that is not empty is an
    error, because it may have been edited. ``existing``: what to do with an existing database, as for
    `create_database`. Either both outputs are created or neither. Raises InputError, OutputError or DataError.
    """
    with _create_folder_atomically(folder) as new_folder:
        if new_folder is not None:
            used_group_names = {
                n for g in standard.groups.values() if g.id != OWN_STANDARD_ID for n in (g.id, g.name, *g.aliases)
            }
            title = next(n for n in ("本表图层", "本表的图层", "属性结构表图层") if n not in used_group_names)
            roles = ", ".join(encode_json(role) for role in structure.toml_by_layer_code)
            lines = [
                "# 由属性结构描述表转成 · made from a table of attribute structures; to be edited by hand.",
                f"id = {encode_json(OWN_STANDARD_ID)}",
                f"edition = {encode_json(standard.edition)}",
                f"name = {encode_json(f'{standard.name}（另加属性结构表）')}",
                f"includes = [{encode_json(standard.standard_key)}]",
                "",
                f"[groups.{OWN_STANDARD_ID}]",
                f"name = {encode_json(title)}",
                f"roles = [{roles}]",
                "",
            ]
            (new_folder / "templates").mkdir()
            (new_folder / "standard.toml").write_text("\n".join(lines), encoding="utf-8", newline="\n")
            for role, text in structure.toml_by_layer_code.items():
                (new_folder / "templates" / f"{role}.toml").write_text(text, encoding="utf-8", newline="\n")
            # Load the result now, so that an error appears before the next check.
            _ = load_standard.__wrapped__(str(new_folder)).templates
        return create_database(
            target,
            structure.template_by_layer_code.values(),
            crs,
            code_lists=standard.code_lists,
            existing=existing,
            cancellation=cancellation,
        )


def choose_plan_crs(crs: str, county: str) -> tuple[CRS, tuple[str, dict[str, Any]] | None]:
    """Return the CRS of a plan, and a notice if it is far from the county (else None).

    ``crs``: EPSG code or WKT; if it is empty, the CRS zone of the county is chosen. ``county``: code or name, may be
    empty. The notice is a text key with parameters. Raises InputError if both are empty, for an unknown county, and for
    a CRS unsuitable for plans.
    """
    given_crs = divisions.require_drawable_crs(crs_care.parse_crs(crs), crs) if crs else None
    if not county:
        if given_crs is None:
            raise InputError("structure_no_crs")
        return given_crs, None
    lists = load_standard().code_lists
    code = divisions.parse_county(county, lists).code
    plan_system = given_crs or divisions.find_default_crs(code, lists["divisions"])
    return plan_system, divisions.check_county_in_crs_zone(plan_system, code, lists["divisions"])


@contextmanager
def _create_folder_atomically(folder: str | Path) -> Iterator[Path | None]:
    """Yield a temporary folder that becomes ``folder`` when the block ends.

    Yields None if ``folder`` is empty.
    """
    if not folder:
        yield None
        return
    target = Path(folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise OutputError("structure_folder_exists", target=str(target))
    try:
        target.parent.mkdir(exist_ok=True)
        temporary_folder = Path(tempfile.mkdtemp(prefix=".sanxian-", dir=target.parent))
    except OSError as error:
        raise OutputError("output_unwritable", target=str(target), detail=explain_os_error(error)) from error
    try:
        yield temporary_folder
        # An empty folder of the user stays until all is ready.
        if target.exists():
            target.rmdir()
        # A temporary folder is accessible to its owner only.
        temporary_folder.chmod(0o755)
        temporary_folder.rename(target)
    except OSError as error:
        raise OutputError("output_unwritable", target=str(target), detail=explain_os_error(error)) from error
    finally:
        shutil.rmtree(temporary_folder, ignore_errors=True)
