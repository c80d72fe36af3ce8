# SPDX-License-Identifier: GPL-2.0-or-later
"""Write a VCT file.

Each layer is written to scratch files, one for each section; these are joined at the end.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TextIO

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from ...base.connection_text import is_connection
from ...base.errors import NEVER_CANCELLED, Cancellation, InputError, OutputError, require_value
from ...base.files.cells import format_column as cell_texts
from ...base.files.writing import write_atomically
from ...geometry.crs import describe_crs, make_crs_label
from ...plan.io import read_source
from ...plan.io.source import provide_unpacked
from ...plan.layer import SourceLayer
from ...standard.template import Template
from . import head, records
from .records import ANGLE_FIELD, KEY_FIELD, TEXT_FIELD, SingleParts, format_numbers, read_annotation, split_parts
from .settings import VCT_ENCODING, VCT_SEPARATOR, NoticeList, VctSettings, load_settings
from .structure import SECTION_NAMES, VctTable
from .values import ConvertedColumn, check_gbk, clean_text, convert_column_to_texts

VCT_SUFFIX = ".vct"
#: Sections in scratch files until all layers are written, in the order of the file.
_SCRATCH_SECTIONS = ("Point", "Line", "Polygon", "Annotation", "Topology", "Attribute", "Style")
#: Number of rows of attributes formatted at once.
_ROWS_PER_BLOCK = 20_000
#: Number of keys in the note on keys that two layers share.
_SHOWN_KEYS = 5


@dataclass
class VctExport:
    """The result of a VCT export.

    ``shape_counts``: layer → number of shapes; ``row_counts``: layer → number of rows; ``source_rows``: layer → (k,)
    source row of each written row; ``boundary_line_count``: number of boundary lines; ``notes``: changes of the data,
    as text keys with parameters.
    """

    path: Path
    shape_counts: dict[str, int] = field(default_factory=dict)
    row_counts: dict[str, int] = field(default_factory=dict)
    source_rows: dict[str, NDArray] = field(default_factory=dict)
    boundary_line_count: int = 0
    notes: NoticeList = field(default_factory=list)


def write_vct(
    path: str | Path,
    layers: Iterable[SourceLayer],
    *,
    templates: Mapping[str, Template] | None = None,
    settings: VctSettings | None = None,
    today: date | None = None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> VctExport:
    """Write layers with one CRS to a VCT file.

    Layers are read one at a time, so that an iterator keeps only one in memory. ``templates`` (layer code → template)
    give lengths, names and 要素代码 (feature class codes). OutputError: a character outside GBK, layers in two CRS or
    an unsupported one, or a layer with shapes of two kinds; the target is then unchanged.
    """
    target = Path(path)
    if target.suffix.lower() != VCT_SUFFIX:
        raise OutputError("output_format", target=str(target), known=VCT_SUFFIX)
    settings = settings or load_settings()
    with (
        write_atomically(target) as new,
        tempfile.TemporaryDirectory(prefix="sanxian-", ignore_cleanup_errors=True) as folder,
    ):
        with ExitStack() as stack:
            files = {
                name: stack.enter_context((Path(folder) / name).open("w", encoding=VCT_ENCODING, newline="\r\n"))
                for name in _SCRATCH_SECTIONS
            }
            writer = _VctSectionWriter(files, settings, templates or {}, VctExport(target), cancellation)
            for layer in cancellation.watch(layers):
                writer.write_layer(layer)
        if not writer.tables:
            raise InputError("vct_no_layers")
        writer.join_sections(new, Path(folder), today or date.today())
    return writer.vct_export


@dataclass
class _VctSectionWriter:
    """Writer of layers to scratch files, one for each section of the VCT file, which it joins at the end."""

    #: Section → its scratch file, open for writing.
    files: Mapping[str, TextIO]
    settings: VctSettings
    templates: Mapping[str, Template]
    vct_export: VctExport
    cancellation: Cancellation
    tables: list[VctTable] = field(default_factory=list)
    crs: CRS | None = None
    first: str = ""
    decimals: int = 0
    lower_corner: NDArray = field(default_factory=lambda: np.full(2, np.inf))
    upper_corner: NDArray = field(default_factory=lambda: np.full(2, -np.inf))
    next_id: int = 1
    #: Key (BSM) → its layer, of the layers written so far.
    owner: dict[str, str] = field(default_factory=dict)

    def write_layer(self, layer: SourceLayer) -> None:
        """Write one layer to all sections.

        A table without shapes is skipped and gets a note.
        """
        self.vct_export.notes += layer.notices
        if layer.problem is not None:
            self.vct_export.notes.append(("vct_note_left_out", {"layer": layer.name}))
            return
        head.check_supported_crs(layer.crs, layer.name)
        if self.crs is None:
            self.crs, self.first = layer.crs, layer.name
            self.decimals = self.settings.get_coordinate_decimals(describe_crs(self.crs).is_geographic)
        elif make_crs_label(self.crs) != make_crs_label(layer.crs):
            params = {"first": self.first, "first_crs": make_crs_label(self.crs), "crs": make_crs_label(layer.crs)}
            raise OutputError("vct_two_crs", layer=layer.name, **params)
        template = self.templates.get(layer.name.upper())
        shapes = layer.frame.geometry.to_numpy()
        # Names for messages: the key 标识码 (BSM), or the feature id without a key.
        feature_names = layer.frame.index.astype(str).to_numpy(dtype=object)
        if KEY_FIELD in layer.frame:
            keys = layer.frame[KEY_FIELD].tolist()
            has_key = np.array([isinstance(key, str) and bool(key.strip()) for key in keys], dtype=bool)
            feature_names = np.where(has_key, np.array(keys, dtype=object), feature_names)
        parts = split_parts(shapes, layer.name, feature_names)
        if TEXT_FIELD in layer.frame and parts.shape_kind in ("point", ""):
            parts = replace(parts, shape_kind="annotation")
        table = self._add_table(layer, template, parts.shape_kind)
        ids = self._write_shapes(layer, table, parts, feature_names)
        self._write_attributes(layer, table, template, parts, ids, feature_names)
        self.vct_export.shape_counts[table.name] = len(parts.part_shapes)
        self.vct_export.row_counts[table.name] = len(parts.row_of_part) + len(parts.without_shape)
        counts = {
            "vct_note_split": parts.multipart_count,
            "vct_note_bare": len(parts.without_shape),
            "vct_note_heights": int(shapely.has_z(shapes[~shapely.is_missing(shapes)]).sum()),
        }
        self.vct_export.notes += [
            (key, {"layer": layer.name, "count": count}) for key, count in counts.items() if count
        ]
        if template is None or not template.base:
            self._note_shared_keys(layer)

    def _add_table(self, layer: SourceLayer, template: Template | None, kind: str) -> VctTable:
        """Return the table for a layer, still without columns, and add it to the tables of the file.

        Its 要素代码 (feature class code) is that of the template, else the commonest one of the rows, else a spare one.
        ``kind``: kind of its shapes, empty if it has none.
        """
        name = clean_text(layer.name.strip())
        if name.upper() in {t.name.upper() for t in self.tables}:
            raise OutputError("vct_two_layers", layer=name)
        title = clean_text(template.name if template else layer.name)
        check_gbk([name, title], layer.name, "", np.array(["", ""]))
        code = template.feature_code if template else ""
        if not code and "YSDM" in layer.frame:
            # The most frequent code of the rows.
            codes = Counter(str(v).strip() for v in layer.frame["YSDM"].dropna() if str(v).strip().isdigit())
            code = codes.most_common(1)[0][0] if codes else ""
        if not code:
            spare = self.settings.spare_code
            code = f"{spare}{len(self.tables) + 1:0{10 - len(spare)}d}"
            self.vct_export.notes.append(("vct_note_code", {"layer": layer.name, "code": code}))
        elif code in {t.class_code for t in self.tables}:
            self.vct_export.notes.append(("vct_note_same_code", {"layer": layer.name, "code": code}))
        table = VctTable(name, (), kind or (template.geometry if template else "polygon"), code, title)
        self.tables.append(table)
        return table

    def _write_shapes(self, layer: SourceLayer, table: VctTable, parts: SingleParts, feature_names: NDArray) -> NDArray:
        """Write the shapes of a layer; return the ids of its (p,) single parts."""
        labels = (
            read_annotation(layer, parts, feature_names, self.vct_export.notes)
            if parts.shape_kind == "annotation"
            else None
        )
        if not len(parts.part_shapes):
            return np.zeros(0, dtype=np.int64)
        bounds = shapely.total_bounds(parts.part_shapes)
        self.lower_corner = np.minimum(self.lower_corner, bounds[:2])
        self.upper_corner = np.maximum(self.upper_corner, bounds[2:])
        record_format = records.RecordFormat(
            table.class_code, self.settings.style, self.decimals, self.settings.bounding_code, self.cancellation
        )
        if parts.shape_kind == "polygon":
            bounding = records.write_polygons(
                self.files["Line"],
                self.files["Polygon"],
                parts.part_shapes,
                self.next_id,
                record_format,
                layer.name,
                feature_names[parts.row_of_part],
            )
            self.vct_export.boundary_line_count += bounding
            self.next_id += bounding
        elif parts.shape_kind == "line":
            records.write_line_features(self.files["Line"], parts.part_shapes, self.next_id, record_format)
        elif labels is not None:
            records.write_annotation(self.files["Annotation"], parts.part_shapes, labels, self.next_id, record_format)
        else:
            records.write_points(self.files["Point"], parts.part_shapes, self.next_id, record_format)
        ids = np.arange(self.next_id, self.next_id + len(parts.part_shapes))
        self.next_id += len(ids)
        return ids

    def _write_attributes(
        self,
        layer: SourceLayer,
        table: VctTable,
        template: Template | None,
        parts: SingleParts,
        ids: NDArray,
        feature_names: NDArray,
    ) -> None:
        """Write the attribute rows in the layer's order, one for each part of a shape.

        Rows without a shape get ids that no shape has.
        """
        ids_without_shape = np.arange(self.next_id, self.next_id + len(parts.without_shape))
        self.next_id += len(ids_without_shape)
        rows, idents = np.r_[parts.row_of_part, parts.without_shape], np.r_[ids, ids_without_shape]
        order = np.argsort(rows, kind="stable")
        rows, idents = rows[order], idents[order]
        self.vct_export.source_rows[table.name] = rows
        infos = {f.name: f for f in layer.fields}
        shape_columns = {
            layer.frame.geometry.name,
            *((TEXT_FIELD, ANGLE_FIELD) if table.shape_kind == "annotation" else ()),
        }
        columns = [n for n in map(str, layer.frame.columns) if n not in shape_columns and n in infos]
        converted_columns: list[ConvertedColumn] = []
        for name in self.cancellation.watch(columns):
            converted_column = convert_column_to_texts(
                layer.frame[name], infos[name], template, self.settings, layer.name, feature_names
            )
            converted_columns.append(converted_column)
            self.vct_export.notes += [
                (key, {"layer": layer.name, "field": name, "count": count})
                for key, count in converted_column.remark_counts.items()
            ]
        self.tables[-1] = replace(table, columns=tuple(converted.column for converted in converted_columns))
        self.files["Attribute"].write(f"{table.name}\n")
        for start in self.cancellation.watch(range(0, len(rows), _ROWS_PER_BLOCK)):
            block_rows = rows[start : start + _ROWS_PER_BLOCK].tolist()
            cells = [[converted_column.value_texts[r] for r in block_rows] for converted_column in converted_columns]
            lines = zip(map(str, idents[start : start + _ROWS_PER_BLOCK].tolist()), *cells, strict=True)
            self.files["Attribute"].writelines(VCT_SEPARATOR.join(line) + "\n" for line in lines)
        self.files["Attribute"].write("TableEnd\n")

    def _note_shared_keys(self, layer: SourceLayer) -> None:
        """Add a note on keys (BSM) that an earlier layer has too.

        The layers of yearly maintenance share keys on purpose.
        """
        if KEY_FIELD not in layer.frame:
            return
        keys = set(cell_texts(layer.frame[KEY_FIELD])) - {""}
        keys_by_owner: dict[str, list[str]] = {}
        for key in sorted(keys & self.owner.keys()):
            keys_by_owner.setdefault(self.owner[key], []).append(key)
        for other, shared_keys in keys_by_owner.items():
            more = " …" if len(shared_keys) > _SHOWN_KEYS else ""
            params = {"layer": layer.name, "other": other, "count": len(shared_keys), "more": more}
            params["keys"] = ", ".join(shared_keys[:_SHOWN_KEYS])
            self.vct_export.notes.append(("vct_note_shared_keys", params))
        self.owner |= dict.fromkeys(keys - self.owner.keys(), layer.name)

    def join_sections(self, path: Path, folder: Path, today: date) -> None:
        """Write the complete VCT file to the new file ``path``.

        It has the header (dated ``today``), the declarations of feature classes and tables, and then the sections of
        geometry and attributes, which `write_layer` wrote to scratch files in ``folder``.
        """
        crs = require_value(self.crs, "the CRS of the layers")
        if not np.isfinite(self.lower_corner).all():
            self.lower_corner = self.upper_corner = np.zeros(2)
        low, high = (format_numbers(corner, self.decimals) for corner in (self.lower_corner, self.upper_corner))
        lines = head.make_header_lines(crs, low, high, self.settings, today)
        lines += [
            "FeatureCodeBegin",
            *(VCT_SEPARATOR.join((t.class_code, t.title, SECTION_NAMES[t.shape_kind], t.name)) for t in self.tables),
            "FeatureCodeEnd",
            "TableStructureBegin",
        ]
        for table in self.tables:
            lines.append(f"{table.name}{VCT_SEPARATOR}{len(table.columns)}")
            lines += [column.format_declaration() for column in table.columns]
            lines.append("0")
        lines.append("TableStructureEnd")
        with path.open("wb") as vct_file:
            vct_file.write("".join(f"{line}\r\n" for line in lines).encode(VCT_ENCODING))
            for name in _SCRATCH_SECTIONS:
                vct_file.write(f"{name}Begin\r\n".encode())
                with (folder / name).open("rb") as section:
                    shutil.copyfileobj(section, vct_file, 1 << 20)
                vct_file.write(f"{name}End\r\n".encode())


def read_layers_in_turn(
    source: str | Path,
    *,
    progress: Callable[[float, str], None] = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> Iterator[SourceLayer]:
    """Yield the layers of a file or folder, one in memory at a time.

    Raises InputError when a layer cannot be read.
    """
    with provide_unpacked(source, cancellation) as readable:
        sketches = read_source(readable.path, select_layer=lambda layer: False, cancellation=cancellation)
        for number, sketch in enumerate(sketches):
            progress(number / len(sketches), sketch.name)
            sketch.require_usable()
            dataset = "" if is_connection(readable.path) else sketch.source
            complete_layers = read_source(
                dataset or readable.path,
                select_layer=_make_name_selector(sketch.name),
                cancellation=cancellation,
            )
            layer = next(layer for layer in complete_layers if layer.name == sketch.name)
            layer.require_usable()
            readable.relabel([layer])
            yield layer


def _make_name_selector(name: str) -> Callable[[SourceLayer], bool]:
    """Return a function that returns True for the layer of this name."""
    return lambda layer: layer.name == name
