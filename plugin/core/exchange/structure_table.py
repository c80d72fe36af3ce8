# SPDX-License-Identifier: GPL-2.0-or-later
"""Convert a 属性结构描述表 (xlsx) to templates, an empty database and a standard.

Its rows have layer, field, name, type, length, domain and so on. Missing or merged cells are errors that name sheet
and row.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..cancellation import NEVER, Cancellation
from ..errors import DataError, InputError, OutputError
from ..files.tables import Unreadable, open_workbook
from ..files.writing import atomic_output, os_reason
from ..geometry import crs as crs_care
from ..messages.texts import Texts
from ..standard import Standard, divisions, load_standard
from ..standard.template import Template, load_template
from .create import CreatedLayers, create_database

if TYPE_CHECKING:
    from pyproj import CRS


#: Accepted heads of a column, without spaces, in small letters. Errors name the first one.
COLUMNS = {
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
_NEEDED = ("field", "name", "type")
_TYPES = {
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
_GEOMETRIES = {
    "polygon": ("polygon", "面", "面状", "多边形"),
    "line": ("line", "polyline", "线", "线状"),
    "point": ("point", "点", "点状"),
}
_CONSTRAINTS = {
    "M": ("m", "必选", "必填"),
    "C": ("c", "条件必选", "条件", "有条件必选"),
    "O": ("o", "可选", "选填"),
}
#: Number of rows, below a title, in which the head is searched.
_HEAD_ROWS = 20
_NAME = re.compile(r"[A-Za-z_\u4e00-\u9fff][A-Za-z0-9_\u4e00-\u9fff]{0,63}")


@dataclass(frozen=True)
class Note:
    """A value of the table that a template cannot hold."""

    sheet: str
    row: int
    value: str


@dataclass
class _Layer:
    role: str
    name: str = ""
    geometry: str = ""
    fields: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Structure:
    """Role → template as TOML text, validated by the loader; ``notes``: unknown domains."""

    texts: dict[str, str]
    templates: dict[str, Template]
    notes: list[Note]


def read_structure(path: str | Path, standard: Standard) -> Structure:
    """Read the templates of a workbook; DataError names file, sheet and row.

    The geometry type comes from its column, else from the standard's template of the same code. Everything has mark
    C, because it is not compared with the standard.
    """
    path = Path(path)
    layers: dict[str, _Layer] = {}
    notes: list[Note] = []
    heads = 0
    for sheet in _workbook(path).worksheets:
        head = _head(sheet)
        if head is None:
            continue
        heads += 1
        _Sheet(path, sheet, *head, standard).read(layers, notes)
    if not heads:
        known = "、".join(COLUMNS[c][0] for c in ("layer", "field", "name", "type", "length", "domain"))
        raise DataError("structure_no_head", file=path.name, rows=_HEAD_ROWS, known=known)
    if not layers:
        raise DataError("structure_empty", file=path.name)
    texts = {role: _toml(layer, path.name, standard) for role, layer in layers.items()}
    return Structure(texts, {role: _checked(role, text, standard) for role, text in texts.items()}, notes)


def write_structure(structure: Structure, folder: str | Path) -> list[Path]:
    """Write ``<ROLE>.toml`` for all layers or none.

    Raises DataError for an existing file, which may have been edited.
    """
    targets = [Path(folder) / f"{role}.toml" for role in structure.texts]
    for target in targets:
        if target.exists():
            raise DataError("structure_exists", file=str(target))
    with ExitStack() as stack:
        for target, text in zip(targets, structure.texts.values(), strict=True):
            stack.enter_context(atomic_output(target)).write_text(text, encoding="utf-8", newline="\n")
    return targets


def _workbook(path: Path) -> Any:
    if not path.is_file():
        raise DataError("structure_missing", file=str(path))
    try:
        return open_workbook(path)
    except Unreadable as error:
        key = "openpyxl_lacking" if error.why == "openpyxl" else "structure_unreadable"
        raise DataError(key, file=path.name) from error


def _word(value: Any) -> str:
    return re.sub(r"\s+", "", str(value)).lower() if value is not None else ""


def _text(value: Any) -> str:
    """Return the text of a cell; 18.0 for a whole number reads 18."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else str(value).strip()


def _head(sheet: Any) -> tuple[int, dict[str, int]] | None:
    """Return the row of the head and column → position.

    The head is the first row that names three columns or more.
    """
    for number, row in enumerate(sheet.iter_rows(max_row=_HEAD_ROWS, values_only=True), start=1):
        words = [_word(v) for v in row]
        found = {c: words.index(w) for c, names in COLUMNS.items() for w in reversed(names) if w in words}
        if len(found) >= 3:
            return number, found
    return None


class _Sheet:
    """One sheet with a head."""

    def __init__(self, path: Path, sheet: Any, head: int, columns: dict[str, int], standard: Standard):
        self.path, self.sheet, self.head, self.columns = path, sheet, head, columns
        self.lists = {codes: codes for codes in standard.code_lists}
        self.lists |= {Texts("zh").setting(f"codes.{codes}"): codes for codes in standard.code_lists}

    def error(self, key: str, row: int, **params: Any) -> DataError:
        return DataError(key, file=self.path.name, sheet=self.sheet.title, row=row, **params)

    def read(self, layers: dict[str, _Layer], notes: list[Note]) -> None:
        for column in _NEEDED:
            if column not in self.columns:
                raise self.error("structure_no_column", self.head, column="/".join(COLUMNS[column]))
        for merged in self.sheet.merged_cells.ranges:
            # A title above the head may have merged cells.
            if merged.max_row >= self.head:
                raise self.error("structure_merged", merged.min_row, cells=str(merged.coord))
        for number, row in enumerate(self.sheet.iter_rows(min_row=self.head + 1, values_only=True), self.head + 1):
            if any(_text(v) for v in row):
                self._row(number, row, layers, notes)

    def _row(self, number: int, row: tuple[Any, ...], layers: dict[str, _Layer], notes: list[Note]) -> None:
        cells = {column: _text(row[place]) for column, place in self.columns.items()}
        role = (cells["layer"] if "layer" in cells else self.sheet.title).strip().upper()
        if not role:
            raise self.error("structure_blank", number, column=COLUMNS["layer"][0])
        if not _NAME.fullmatch(role):
            raise self.error("structure_value", number, column=COLUMNS["layer"][0], value=role, known="DLTB, XZYDYH …")
        for column in _NEEDED:
            if not cells[column]:
                raise self.error("structure_blank", number, column=COLUMNS[column][0])
        if not _NAME.fullmatch(cells["field"]):
            raise self.error(
                "structure_value", number, column=COLUMNS["field"][0], value=cells["field"], known="BSM, YSDM …"
            )
        layer = layers.setdefault(role, _Layer(role))
        layer.name = layer.name or cells.get("layer_name", "")
        if cells.get("geometry"):
            layer.geometry = layer.geometry or self._one_of(number, "geometry", cells["geometry"], _GEOMETRIES)
        if any(f["name"].upper() == cells["field"].upper() for f in layer.fields):
            raise self.error("structure_repeated", number, layer=role, field=cells["field"])
        if any(f["alias"] == cells["name"] for f in layer.fields):
            raise self.error("structure_repeated", number, layer=role, field=cells["name"])
        made: dict[str, Any] = {"name": cells["field"], "alias": cells["name"]}
        made["type"] = self._one_of(number, "type", cells["type"], _TYPES)
        made |= self._numbers(number, cells)
        if cells.get("short"):
            made["short"] = cells["short"]
        if cells.get("constraint"):
            made["constraint"] = self._one_of(number, "constraint", cells["constraint"], _CONSTRAINTS)
        domain = cells.get("domain", "")
        if domain in self.lists:
            made["codes"] = self.lists[domain]
        elif domain and domain not in ("-", "—", "/"):
            notes.append(Note(self.sheet.title, number, domain))
        layer.fields.append(made)

    def _numbers(self, number: int, cells: dict[str, str]) -> dict[str, int]:
        length, decimals = cells.get("length", ""), cells.get("decimals", "")
        # Some tables have Char(18) or Double(15,2) in one cell.
        within = re.search(r"[(（]\s*(\d+(?:[,，]\d+)?)\s*[)）]", cells["type"])
        length = length or (within.group(1) if within else "")
        both = re.fullmatch(r"(\d+)[,，](\d+)", length)
        if both and not decimals:
            length, decimals = both.groups()
        made = {}
        for column, value in (("length", length), ("decimals", decimals)):
            if value and value not in ("-", "—", "/"):
                if not re.fullmatch(r"\d{1,5}", value):
                    raise self.error(
                        "structure_value", number, column=COLUMNS[column][0], value=value, known="18, 255 …"
                    )
                made[column] = int(value)
        return made

    def _one_of(self, number: int, column: str, value: str, known: dict[str, tuple[str, ...]]) -> str:
        word = re.sub(r"[(（].*", "", _word(value))
        for name, words in known.items():
            if word in words:
                return name
        names = "、".join(w for words in known.values() for w in (words[0], words[-1]))
        raise self.error("structure_value", number, column=COLUMNS[column][0], value=value, known=names)


def _toml(layer: _Layer, file: str, standard: Standard) -> str:
    known = standard.templates.get(layer.role)
    geometry = layer.geometry or (known.geometry if known else "")
    if not geometry:
        raise DataError("structure_geometry", file=file, layer=layer.role, column=COLUMNS["geometry"][0])
    head = {
        "role": layer.role,
        "name": layer.name or (known.name if known else layer.role),
        "name_mark": "C",
        "geometry": geometry,
        "overlap": known.overlap if known else "allowed",
        "constraint": known.constraint if known else "O",
        "fields_mark": "C",
        "source": file,
    }
    if known:
        head |= {"group": known.group, "feature_code": known.feature_code}
    lines = [f"{key} = {_value(value)}" for key, value in head.items() if value or key == "source"]
    for row in layer.fields:
        same = known.field_named(row["name"]) if known else None
        if same and same.meaning and same.type == row["type"]:
            row["meaning"] = same.meaning
        lines += ["", "[[field]]", *(f"{key} = {_value(value)}" for key, value in row.items()), 'mark = "C"']
    return "\n".join(lines) + "\n"


def _value(value: str | int) -> str:
    return str(value) if isinstance(value, int) else json.dumps(value, ensure_ascii=False)


def _checked(role: str, text: str, standard: Standard) -> Template:
    with tempfile.TemporaryDirectory(prefix="sanxian-") as folder:
        path = Path(folder) / f"{role}.toml"
        path.write_text(text, encoding="utf-8", newline="\n")
        return load_template(path, standard.id)


#: The id of the new standard and of its group.
OWN = "own"


def create_from_structure(
    structure: Structure,
    standard: Standard,
    target: str | Path,
    crs: CRS,
    *,
    existing: str = "stop",
    folder: str | Path = "",
    cancellation: Cancellation = NEVER,
) -> CreatedLayers:
    """Create an empty database of the table's layers, and optionally a standard.

    ``folder``: where to write the standard, which can be selected by this path; an existing folder that is not empty
    is an error, because it may have been edited. ``existing``: as for `create_database`. Both are created or neither.
    Raises InputError, OutputError or DataError.
    """
    templates = list(structure.templates.values())
    with _new_folder(folder) as made:
        if made is not None:
            _write_standard(structure, standard, made)
        return create_database(
            target, templates, crs, code_lists=standard.code_lists, existing=existing, cancellation=cancellation
        )


def plan_crs(crs: str, county: str) -> tuple[CRS, tuple[str, dict[str, Any]] | None]:
    """Return the given CRS (EPSG code or WKT) or the county's zone, with a notice.

    The notice reports a CRS far from the county. Raises InputError when neither is given, for an unknown county, and
    for a CRS unsuitable for plans.
    """
    given = divisions.check_crs(crs_care.parse_crs(crs), crs) if crs else None
    if not county:
        if given is None:
            raise InputError("structure_no_crs")
        return given, None
    lists = load_standard().code_lists
    code = divisions.parse_county(county, lists["provinces"], lists["divisions"]).code
    system = given or divisions.default_crs(code, lists["divisions"])
    return system, divisions.check_place(system, code, lists["divisions"])


def _write_standard(structure: Structure, standard: Standard, folder: Path) -> None:
    """Write a standard folder with the table's templates before those of the base standard."""
    names = {n for g in standard.groups.values() if g.id != OWN for n in (g.id, g.name, *g.aliases)}
    title = next(n for n in ("本表图层", "本表的图层", "属性结构表图层") if n not in names)
    roles = ", ".join(_quoted(role) for role in structure.texts)
    lines = [
        "# 由属性结构描述表转成 · made from a table of attribute structures; to be edited by hand.",
        f"id = {_quoted(OWN)}",
        f"edition = {_quoted(standard.edition)}",
        f"name = {_quoted(f'{standard.name}（另加属性结构表）')}",
        f"includes = [{_quoted(standard.key)}]",
        "",
        f"[groups.{OWN}]",
        f"name = {_quoted(title)}",
        f"roles = [{roles}]",
        "",
    ]
    (folder / "templates").mkdir()
    (folder / "standard.toml").write_text("\n".join(lines), encoding="utf-8", newline="\n")
    for role, text in structure.texts.items():
        (folder / "templates" / f"{role}.toml").write_text(text, encoding="utf-8", newline="\n")
    # Load the result now, so that an error appears before the next check.
    _ = load_standard.__wrapped__(str(folder)).templates


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


@contextmanager
def _new_folder(folder: str | Path) -> Iterator[Path | None]:
    """Yield a new folder that replaces the target on success; ``None`` without a target."""
    if not folder:
        yield None
        return
    target = Path(folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise OutputError("structure_folder_exists", target=str(target))
    try:
        target.parent.mkdir(exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".sanxian-", dir=target.parent))
    except OSError as error:
        raise OutputError("output_unwritable", target=str(target), detail=os_reason(error)) from error
    try:
        yield work
        _take_place(work, target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _take_place(work: Path, target: Path) -> None:
    try:
        if target.exists():
            target.rmdir()
        # A temporary folder is accessible to its owner only.
        work.chmod(0o755)
        work.rename(target)
    except OSError as error:
        raise OutputError("output_unwritable", target=str(target), detail=os_reason(error)) from error
