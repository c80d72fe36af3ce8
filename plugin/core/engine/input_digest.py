# SPDX-License-Identifier: GPL-2.0-or-later
"""Digests of what a rule reads: layers, settings and side inputs. Equal digests mean equal inputs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from ..base.errors import Cancellation
from ..geometry.shape_comparison import hash_shapes
from ..geometry.tolerance import Tolerance
from ..model.rule import Rule
from ..model.side_inputs import SideInputs
from ..plan.layer import Layer, SourceLayer
from ..plan.plan import Plan
from ..standard.profile import Norm

if TYPE_CHECKING:
    import pandas as pd

#: Size of a digest in bytes. Values of tables enter it as hashes of 8 bytes, so that a changed value is missed with a
#: probability of 2⁻⁶⁴.
DIGEST_BYTES = 16

#: Between the texts of a column; files contain it hardly ever.
_TEXT_SEPARATOR = "\x1f"

#: Fields of a plan that no rule reads, or that have separate digests.
_OMITTED_PLAN_FIELDS = ("layers", "norm", "notices", "_computed")


class NoDigestError(TypeError):
    """Raised for a value of a type that has no digest; the rules then run without reuse."""


def compute_value_digest(value: Any) -> bytes:
    """Return a digest of a value: plain data, dates, arrays, geometries, tables, CRS and objects composed of them.

    Mappings are digested in their order, sets in the order of their elements' digests. Raise NoDigestError for other
    types.
    """
    # Processors have instructions for this hash: it takes half the time of blake2b.
    digest = hashlib.sha256()
    for piece in _iterate_pieces(value):
        digest.update(len(piece).to_bytes(8, "little"))
        digest.update(piece)
    return digest.digest()[:DIGEST_BYTES]


def _iterate_pieces(value: Any) -> Iterator[Any]:
    """Return the bytes that make up the digest of a value; the first names the type of the value."""
    if value is None or (isinstance(value, bool | int | float | str | bytes) and not isinstance(value, Enum)):
        yield type(value).__name__.encode()
        yield value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
    elif isinstance(value, Enum | date | Path | np.generic | CRS):
        yield type(value).__name__.encode()
        yield (value.to_wkt() if isinstance(value, CRS) else str(value)).encode("utf-8", "surrogatepass")
    elif isinstance(value, list | tuple):
        yield f"list {len(value)}".encode()
        for element in value:
            yield from _iterate_pieces(element)
    elif isinstance(value, set | frozenset):
        yield f"set {len(value)}".encode()
        yield from sorted(compute_value_digest(element) for element in value)
    elif isinstance(value, Mapping):
        yield f"mapping {len(value)}".encode()
        for key, element in value.items():
            yield from _iterate_pieces(key)
            yield from _iterate_pieces(element)
    else:
        yield type(value).__name__.encode()
        yield from _iterate_pieces_of_object(value)


def _iterate_pieces_of_object(value: Any) -> Iterator[Any]:
    import pandas as pd

    if isinstance(value, np.ndarray):
        yield f"{value.dtype} {value.shape}".encode()
        if value.dtype == object:
            yield from _iterate_pieces(value.ravel().tolist())
        else:
            yield np.ascontiguousarray(value).tobytes()
    elif isinstance(value, shapely.Geometry):
        yield shapely.to_wkb(value)
    elif isinstance(value, pd.DataFrame):
        yield from _iterate_table_pieces(value)
    elif isinstance(value, Layer):
        yield get_layer_digest(value)
    elif isinstance(value, Plan):
        yield from _iterate_plan_pieces(value)
        for role, layer in value.layers.items():
            yield role.encode()
            yield get_layer_digest(layer)
    elif is_dataclass(value):
        for one in fields(value):
            yield one.name.encode()
            yield from _iterate_pieces(getattr(value, one.name))
    else:
        raise NoDigestError(f"no digest of {type(value).__name__}")


def _iterate_table_pieces(frame: pd.DataFrame, source: SourceLayer | None = None) -> Iterator[Any]:
    """Return the bytes of a table: index, names, values in the order of the rows.

    ``source``: the layer of the table, if only its attributes are wanted; its reader may know digests of their values.
    """
    import pandas as pd

    yield np.ascontiguousarray(pd.util.hash_pandas_object(frame.index, index=False)).tobytes()
    for position, name in enumerate(frame.columns):
        if source is not None and name == source.frame.geometry.name:
            continue
        column = frame.iloc[:, position]
        yield f"{name} {column.dtype}".encode()
        known_digest = None if source is None else source.find_column_digest(name)
        if known_digest is not None:
            yield b"as read"
            yield known_digest
        elif column.dtype.name == "geometry":
            yield hash_shapes(column.to_numpy()).tobytes()
        elif column.dtype == object:
            yield from _iterate_object_pieces(column.to_numpy())
        else:
            yield pd.util.hash_array(column.to_numpy()).tobytes()


def _iterate_object_pieces(values: NDArray) -> Iterator[bytes]:
    """Return the bytes of (n,) texts, in which None and NaN are alike; of other values their Python texts."""
    import pandas as pd

    is_missing = pd.isna(values)
    present_values = values[~is_missing].tolist()
    try:
        joined_text = _TEXT_SEPARATOR.join(present_values)
    except TypeError:
        yield b"mixed"
        yield from _iterate_pieces([repr(one) for one in values.tolist()])
        return
    yield b"texts"
    yield is_missing.tobytes()
    yield joined_text.encode("utf-8", "surrogatepass")
    if joined_text.count(_TEXT_SEPARATOR) != len(present_values) - 1:
        # A text contains the separator: only the lengths determine where each text ends.
        yield np.array([len(one) for one in present_values], dtype=np.int64).tobytes()


def get_layer_digest(layer: Layer) -> bytes:
    """Return the digest of a layer: its rows as read, and how they were brought into the plan's plane.

    It is computed once and stored with the layer.
    """
    if layer.stored_digest is None:
        source = layer.source
        others = [getattr(source, one.name) for one in fields(SourceLayer) if one.init and one.name != "frame"]
        shape_digest, attributes = get_shape_digest(layer), list(_iterate_table_pieces(source.frame, source))
        layer.stored_digest = compute_value_digest((shape_digest, attributes, others, layer.template))
    return layer.stored_digest


def get_shape_digest(layer: Layer) -> bytes:
    """Return the digest of a layer's geometries in the plan's plane, and of their areas; attributes have no part.

    It contains all from which `Layer` derives them. It is computed once and stored with the layer.
    """
    if layer.stored_shape_digest is None:
        layer.stored_shape_digest = compute_value_digest(
            (
                layer.frame.index.to_numpy(),
                layer.shape_hashes,
                layer.source.broken_fids,
                layer.stray_rows,
                _compute_conversion_digest(layer),
            )
        )
    return layer.stored_shape_digest


def _compute_conversion_digest(layer: Layer) -> bytes:
    """Return the digest of how a layer's geometries are brought into the plan's plane."""
    return compute_value_digest(
        (
            layer.template.geometry,
            layer.crs,
            layer.plane_crs,
            layer.undensified_edges,
            layer.by_vertices,
            None if layer.vertex_index is None else layer.vertex_index.vertex_xy,
        )
    )


class HashedRows(NamedTuple):
    """What is kept of the geometries of a layer.

    ``hashes`` (n,) uint64: of the geometries as stored (`hash_shapes`); ``bounds`` (n, 4): their boxes in the plane
    (m), NaN without a geometry; ``conversion_digest``: digest of all else that determines the geometries in the plane.
    """

    hashes: NDArray
    bounds: NDArray
    conversion_digest: bytes


def hash_rows(layer: Layer) -> HashedRows:
    """Return what a later check needs of a layer's geometries, to find the rows that have changed until then."""
    hashes = layer.shape_hashes
    if layer.stray_rows:
        # A row whose coordinates count as wrong has no geometry in the plane.
        hashes = hashes.copy()
        hashes[list(layer.stray_rows)] += np.uint64(1)
    return HashedRows(hashes, layer.row_bounds, _compute_conversion_digest(layer))


def compute_run_digest(
    plan: Plan,
    side_inputs: SideInputs,
    tolerance: Tolerance,
    rules: tuple[Rule, ...],
    lang: str,
    cancellation: Cancellation,
) -> bytes:
    """Return the digest of what every rule of a run may read besides the rows of the plan's layers.

    It includes the day, because rules compare dates with it. Raise NoDigestError, and Cancelled.
    """
    cancellation.raise_if_cancelled()
    digest = compute_value_digest(
        (
            list(_iterate_plan_pieces(plan)),
            compute_norm_digest(plan.norm),
            sorted(side_inputs.values.items()),
            tolerance,
            [rule.code for rule in rules],
            lang,
            date.today(),
        )
    )
    cancellation.raise_if_cancelled()
    return digest


def compute_norm_digest(norm: Norm) -> bytes:
    """Return a digest of all files of the standard, and of the profile's values.

    The standard reads its templates and lists on use, therefore its files count, not the values that are loaded.
    """
    folders, standards = [], [norm.standard]
    while standards:
        standard = standards.pop()
        folders.append(standard.folder)
        standards += standard.included_standards
    files = sorted({path for folder in folders for path in folder.rglob("*") if path.is_file()})
    return compute_value_digest(
        (norm.standard.id, norm.profile, norm.phase, [(path, path.read_bytes()) for path in files])
    )


def _iterate_plan_pieces(plan: Plan) -> Iterator[Any]:
    """Return the bytes of a plan without its layers."""
    yield from _iterate_pieces(
        [
            *(getattr(plan, one.name) for one in fields(Plan) if one.init and one.name not in _OMITTED_PLAN_FIELDS),
            plan.area_code,
            plan.is_area_code_from_data,
        ]
    )
