# SPDX-License-Identifier: GPL-2.0-or-later
"""A rule memory in a folder, so that a later run of the program uses it too.

Each result is one file: an archive of arrays (npz) with a JSON text and geometries as WKB, without Python objects. A
file that is damaged, or was written by another version of program or libraries, counts as missing. The folder may be
deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ...paths import RESOURCES_FOLDER
from ..connection_text import is_connection, mask_source
from ..errors import InputError, OutputError
from ..files.writing import write_atomically
from ..geometry.overlay_pieces import Slivers
from ..messages import texts
from ..model.findings import Finding
from ..model.indicator import Indicator
from ..model.rule import RuleResult, Severity
from ..parallel.shared_property import shared_property
from ..plan.layer import Layer
from .changed_rows import HashedRows
from .input_digest import DIGEST_BYTES, get_shape_digest, hash_rows
from .kept_results import MAX_RESULT_BYTES, Arrays, KeptResults, count_bytes
from .provenance import collect_versions
from .rule_memory import CallKey, LayerReference, RememberedLog, RememberedResult, RuleMemory
from .run_log import IgnoredSlivers

#: Ends of the names of our files; no other file of the folder is read or deleted.
_RESULT_SUFFIX, _LAYER_SUFFIX, _QUERY_SUFFIX = ".result.npz", ".layer.npz", ".query.npz"
_SHAPES_SUFFIX = ".shapes.npz"
#: Above this size of all our files, those that were not used for longest are deleted.
MAX_FOLDER_BYTES = 2 * 1024**3
#: Errors of a damaged or foreign file.
_READING_ERRORS = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, shapely.errors.ShapelyError)
#: Fields of a finding that rules set and that are plain data.
_FINDING_FIELDS = tuple(
    one.name for one in fields(Finding) if one.init and one.name not in ("geometry", "severity", "place")
)


class NotStorableError(TypeError):
    """Raised for a value that JSON cannot restore exactly; its result is computed again in the next run."""


class FolderMemory(RuleMemory):
    """A rule memory whose results are files of a folder.

    ``folder`` is created; raise InputError if it cannot be. ``source``: what is checked; results of several sources
    lie side by side.
    """

    def __init__(self, folder: str | Path, source: str | Path):
        super().__init__()
        self._folder = Path(folder)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError("cache_folder_unusable", folder=str(folder)) from error
        self._source = mask_source(source) if is_connection(source) else str(Path(source).resolve())
        #: Why a result could not be written; the next run then computes it again.
        self.writing_error: OutputError | None = None
        self.kept_results = self._folder_results = _FolderResults(self)
        #: Values of layers that were read from files in the current run.
        self._values_read: dict[bytes, dict[str, Any]] = {}

    def end_run(self) -> None:
        """Write values computed of the plan's layers, release the plan, and limit the size of the folder."""
        super().end_run()
        self._values_read.clear()
        self._folder_results.write_last_digests()
        limit_folder_size(self._folder)

    def find_result(self, key: CallKey) -> RememberedResult | None:
        """Return the result of a call, from its file; None without a readable file of this version."""
        path = self.make_path(repr(key), _RESULT_SUFFIX)
        arrays = _read_arrays(path)
        if arrays is None:
            return None
        try:
            return _decode_result(arrays)
        except _READING_ERRORS:
            return None

    def keep_result(self, key: CallKey, remembered: RememberedResult | None) -> None:
        """Write the result of a call to its file; without a result, or if JSON cannot hold it, remove the file."""
        path = self.make_path(repr(key), _RESULT_SUFFIX)
        try:
            arrays = None if remembered is None else _encode_result(remembered)
        except NotStorableError:
            arrays = None
        if arrays is None:
            with suppress(OSError):
                path.unlink(missing_ok=True)
            return
        self.write(path, arrays)

    def find_layer_values(self, digest: bytes) -> dict[str, Any]:
        """Return arrays computed of the layer with this digest, by name; empty without any."""
        if digest not in self._values_read:
            arrays = _read_arrays(self.make_path(digest.hex(), _LAYER_SUFFIX)) or {}
            self._values_read[digest] = {name: array for name, array in arrays.items() if name != _VERSION_NAME}
        return self._values_read[digest]

    def keep_layer_values(self, values_by_layer: dict[bytes, dict[str, Any]]) -> None:
        """Write arrays computed of layers."""
        for digest, values in values_by_layer.items():
            if values.keys() - self.find_layer_values(digest).keys():
                self.write(self.make_path(digest.hex(), _LAYER_SUFFIX), values)

    def find_valid_hashes(self, role: str) -> NDArray | None:
        """Return (k,) hashes of the valid geometries that the layer of a role had, from their file; else None."""
        return (_read_arrays(self.make_path(role, _LAYER_SUFFIX)) or {}).get("valid_hashes")

    def keep_valid_hashes(self, role: str, hashes: NDArray) -> None:
        """Write (k,) hashes of the valid geometries of a layer, unless its file has them."""
        known_hashes = self.find_valid_hashes(role)
        if known_hashes is None or not np.array_equal(known_hashes, hashes):
            self.write(self.make_path(role, _LAYER_SUFFIX), {"valid_hashes": hashes})

    def find_query_result(self, digest: bytes) -> Arrays | None:
        """Return the arrays of a geometry query, from their file; None without a readable file of this version."""
        arrays = _read_arrays(self.make_path(digest.hex(), _QUERY_SUFFIX))
        return None if arrays is None else {name: array for name, array in arrays.items() if name != _VERSION_NAME}

    def keep_query_result(self, digest: bytes, arrays: Arrays) -> None:
        """Write the arrays of a geometry query."""
        self.write(self.make_path(digest.hex(), _QUERY_SUFFIX), arrays)

    def write(self, path: Path, arrays: dict[str, NDArray]) -> None:
        """Write arrays to a file of the folder, or store in ``writing_error`` why that failed."""
        try:
            _write_arrays(path, arrays)
        except OutputError as error:
            self.writing_error = error

    def make_path(self, name: str, suffix: str) -> Path:
        """Return the path of the file that has arrays of this name."""
        digest = hashlib.blake2b(f"{self._source}\n{name}".encode(), digest_size=16).hexdigest()
        return self._folder / f"{digest}{suffix}"


class _FolderResults(KeptResults):
    """Results of geometry queries in files of a folder, whose size is limited after each run.

    Only queries with changed inputs read which results were the last ones, and the geometries from which layers have
    changed.
    """

    def __init__(self, memory: FolderMemory):
        super().__init__()
        self._memory = memory
        self._path_of_list = memory.make_path("last results", _QUERY_SUFFIX)
        self._has_new_results = False

    def find_arrays(self, digest: bytes) -> Arrays | None:
        """Return a result from its file; None without one."""
        return self._memory.find_query_result(digest)

    def keep_arrays(self, digest: bytes, arrays: Arrays) -> bool:
        """Write a result to its file; return False if it is too large, so that it is computed again."""
        if count_bytes(arrays) > MAX_RESULT_BYTES:
            return False
        self._memory.keep_query_result(digest, arrays)
        return True

    @shared_property
    def _last_digests_by_query(self) -> dict[bytes, list[bytes]]:
        """Return the digests of the last results of each query, from their file; empty without a readable one."""
        arrays = _read_arrays(self._path_of_list)
        try:
            return {} if arrays is None else _decode_last_digests(arrays)
        except _READING_ERRORS:
            return {}

    def keep_last_result(self, query_digest: bytes, digest: bytes, arrays: Arrays) -> None:
        """Keep a result as the last one of a query; that it is the last one is written at the end of the run."""
        super().keep_last_result(query_digest, digest, arrays)
        self._has_new_results = True

    def write_last_digests(self) -> None:
        """Write the digests of the last results of each query, if there are new ones."""
        if self._has_new_results:
            self._memory.write(self._path_of_list, _encode_last_digests(self._last_digests_by_query))
        self._has_new_results = False

    def find_hashed_rows(self, layer_digest: bytes) -> HashedRows | None:
        """Return what is kept of a layer's geometries, from their file; None without a readable one."""
        arrays = _read_arrays(self._make_shapes_path(layer_digest))
        try:
            return None if arrays is None else HashedRows(
                arrays["hashes"], arrays["bounds"], arrays["conversion_digest"].tobytes()
            )  # fmt: skip
        except KeyError:
            return None

    def keep_hashed_rows(self, layers: Iterable[Layer]) -> None:
        """Write what a later check needs of the layers' geometries, unless a file has it."""
        for layer in layers:
            path = self._make_shapes_path(get_shape_digest(layer))
            if path.exists():
                # A file that was not used for long is deleted. Reading it would take time.
                with suppress(OSError):
                    os.utime(path)
                continue
            rows = hash_rows(layer)
            conversion_digest = np.frombuffer(rows.conversion_digest, dtype=np.uint8)
            self._memory.write(path, {**rows._asdict(), "conversion_digest": conversion_digest})
        self._match_by_digests = {}

    def _make_shapes_path(self, layer_digest: bytes) -> Path:
        # Files of other versions are not read, so their names must not be those of this version's files.
        return self._memory.make_path(f"{layer_digest.hex()} {compute_program_digest()}", _SHAPES_SUFFIX)


def _encode_last_digests(digests_by_query: dict[bytes, list[bytes]]) -> Arrays:
    """Return the digests of the last results of each query as arrays."""
    return {
        "queries": np.frombuffer(b"".join(digests_by_query), dtype=np.uint8),
        "results": np.frombuffer(b"".join(one for digests in digests_by_query.values() for one in digests), np.uint8),
        "ends": np.cumsum([len(digests) for digests in digests_by_query.values()], dtype=np.int64),
    }


def _decode_last_digests(arrays: Arrays) -> dict[bytes, list[bytes]]:
    """Return what `_encode_last_digests` encoded. Raise one of `_READING_ERRORS`."""
    queries, results = (
        [row.tobytes() for row in arrays[name].reshape(-1, DIGEST_BYTES)] for name in ("queries", "results")
    )
    ends = arrays["ends"].tolist()
    return {query: results[start:end] for query, start, end in zip(queries, [0, *ends][:-1], ends, strict=True)}


_VERSION_NAME = "version"


@cache
def compute_program_digest() -> str:
    """Return a digest of the core's code and texts, and of the versions of its libraries.

    A file of another version is not used, because the same input may give another result.
    """
    digest = hashlib.blake2b(json.dumps(collect_versions(), sort_keys=True).encode(), digest_size=16)
    digest.update(f"{np.__version__} {shapely.geos_version}".encode())
    core = Path(__file__).resolve().parents[1]
    for path in sorted([*core.rglob("*.py"), *(RESOURCES_FOLDER / "texts").glob("*.toml")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _read_arrays(path: Path) -> dict[str, NDArray] | None:
    """Return the arrays of a file, by name; None if it is missing, damaged or of another version."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            if str(archive[_VERSION_NAME]) != compute_program_digest():
                return None
            arrays = {name: archive[name] for name in archive.files}
    except _READING_ERRORS:
        return None
    # The time of the last use decides which files a full folder loses; a folder for reading only has no such time.
    with suppress(OSError):
        os.utime(path)
    return arrays


def _write_arrays(path: Path, arrays: dict[str, NDArray]) -> None:
    """Write arrays to a file. Raise OutputError, for example if the disk is full."""
    with write_atomically(path) as temporary_path:
        np.savez(temporary_path, **{_VERSION_NAME: np.array(compute_program_digest()), **arrays})  # type: ignore[arg-type]


def limit_folder_size(folder: Path, most_bytes: int = MAX_FOLDER_BYTES) -> None:
    """Delete those of our files that were not used for longest, until the rest has at most ``most_bytes``."""
    files = []
    for path in folder.iterdir():
        if path.name.endswith((_RESULT_SUFFIX, _LAYER_SUFFIX, _QUERY_SUFFIX, _SHAPES_SUFFIX)):
            with suppress(OSError):
                state = path.stat()
                files.append((state.st_mtime, state.st_size, path))
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if total <= most_bytes:
            break
        with suppress(OSError):
            path.unlink(missing_ok=True)
        total -= size


def _encode_result(remembered: RememberedResult) -> dict[str, NDArray]:
    """Return a result as arrays. Raise NotStorableError."""
    result, log = remembered.result, remembered.log
    shapes: list[Any] = []
    data = {
        "run_digest": remembered.run_digest.hex(),
        "layer_digests": {role: digest.hex() for role, digest in remembered.layer_digests.items()},
        "presence": remembered.presence,
        "all_digests": None
        if remembered.all_digests is None
        else [[role, digest.hex()] for role, digest in remembered.all_digests],
        "measured_roles": sorted(remembered.measured_roles),
        "result": None if result is None else _encode_rule_result(result, shapes),
        "slivers": [
            [
                _encode_reference(first),
                _encode_reference(second),
                one.is_sealed_edition,
                None if one.severity is None else str(one.severity),
                one.slivers.left_row.tolist(),
                one.slivers.right_row.tolist(),
                _add_shapes(shapes, one.slivers.polygons),
            ]
            for first, second, one in log.ignored_slivers
        ],
        "failed_pairs": [
            [_encode_reference(a), i, None if b is None else _encode_reference(b), j] for a, i, b, j in log.failed_pairs
        ],
        "fallback_steps": encode_value(log.fallback_steps),
        "has_failed_outline": log.has_failed_outline,
        "reporting_rules": log.reporting_rules,
    }
    text = json.dumps(data, ensure_ascii=False).encode("utf-8", "surrogatepass")
    encoded_text = {"json": np.frombuffer(text, dtype=np.uint8)}
    if not shapes:
        return encoded_text
    wkb = shapely.to_wkb(np.array([*shapes, None], dtype=object)[:-1])
    pieces = [b"" if one is None else one for one in wkb.tolist()]
    return {
        **encoded_text,
        "wkb": np.frombuffer(b"".join(pieces), dtype=np.uint8),
        "wkb_ends": np.cumsum([len(piece) for piece in pieces], dtype=np.int64),
    }


def _encode_rule_result(result: RuleResult, shapes: list[Any]) -> dict[str, Any]:
    return {
        "findings": [
            [
                _add_shapes(shapes, [finding.geometry])[0],
                None if finding.severity is None else str(finding.severity),
                encode_value([getattr(finding, name) for name in _FINDING_FIELDS]),
            ]
            for finding in result.findings
        ],
        "indicators": [
            encode_value([getattr(indicator, one.name) for one in fields(Indicator)]) for indicator in result.indicators
        ],
        "other": encode_value(
            [getattr(result, one.name) for one in fields(RuleResult) if one.name not in ("findings", "indicators")]
        ),
    }


def _add_shapes(shapes: list[Any], added: list[Any]) -> list[int]:
    """Add geometries to a list; return their positions in it."""
    shapes += added
    return list(range(len(shapes) - len(added), len(shapes)))


def _encode_reference(reference: LayerReference) -> list[Any]:
    return [reference.role, reference.is_of_sealed_edition]


def _decode_result(arrays: dict[str, NDArray]) -> RememberedResult:
    """Return the result of the arrays that `_encode_result` made. Raise one of `_READING_ERRORS`."""
    data = json.loads(arrays["json"].tobytes().decode("utf-8", "surrogatepass"))
    # Most results have no geometry.
    wkb, ends = (arrays["wkb"].tobytes(), arrays["wkb_ends"].tolist()) if "wkb" in arrays else (b"", [])
    pieces = [wkb[start:end] or None for start, end in zip([0, *ends][:-1], ends, strict=True)]
    shapes = shapely.from_wkb(np.array([*pieces, None], dtype=object)[:-1])
    ignored_slivers = [
        (
            LayerReference(*first),
            LayerReference(*second),
            IgnoredSlivers(
                None,  # type: ignore[arg-type]  # the layers are set on use
                None,  # type: ignore[arg-type]
                Slivers(
                    [shapes[n] for n in positions], np.array(left, dtype=np.int64), np.array(right, dtype=np.int64)
                ),
                is_sealed,
                None if severity is None else Severity(severity),
            ),
        )
        for first, second, is_sealed, severity, left, right, positions in data["slivers"]
    ]
    log = RememberedLog(
        ignored_slivers,
        [(LayerReference(*a), i, None if b is None else LayerReference(*b), j) for a, i, b, j in data["failed_pairs"]],
        decode_value(data["fallback_steps"]),
        data["has_failed_outline"],
        data["reporting_rules"],
    )
    all_digests = data["all_digests"]
    return RememberedResult(
        bytes.fromhex(data["run_digest"]),
        {role: bytes.fromhex(digest) for role, digest in data["layer_digests"].items()},
        data["presence"],
        None if all_digests is None else tuple((role, bytes.fromhex(digest)) for role, digest in all_digests),
        frozenset(data["measured_roles"]),
        None if data["result"] is None else _decode_rule_result(data["result"], shapes),
        log,
    )


def _decode_rule_result(data: dict[str, Any], shapes: NDArray) -> RuleResult:
    findings = []
    for position, severity, values in data["findings"]:
        finding = Finding(**dict(zip(_FINDING_FIELDS, decode_value(values), strict=True)))
        finding.geometry, finding.severity = shapes[position], None if severity is None else Severity(severity)
        findings.append(finding)
    other_names = [one.name for one in fields(RuleResult) if one.name not in ("findings", "indicators")]
    return RuleResult(
        findings=findings,
        indicators=[Indicator(*decode_value(values)) for values in data["indicators"]],
        **dict(zip(other_names, decode_value(data["other"]), strict=True)),
    )


def encode_value(value: Any) -> Any:
    """Return a value as JSON data from which `decode_value` restores an equal value of the same types.

    Texts, numbers, lists, tuples, dicts and the named texts of messages can be stored. NumPy's numbers become Python's.
    Raise NotStorableError for other types.
    """
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, np.generic):
        return encode_value(value.item())
    if type(value) is list:
        return [encode_value(one) for one in value]
    if type(value) is tuple:
        return {"tuple": [encode_value(one) for one in value]}
    if type(value) is dict:
        return {"dict": [[encode_value(key), encode_value(one)] for key, one in value.items()]}
    if isinstance(value, str) and getattr(texts, type(value).__name__, None) is type(value):
        return {"text": str(value), "type": type(value).__name__}
    raise NotStorableError(f"{type(value).__name__} cannot be stored")


def decode_value(data: Any) -> Any:
    """Return the value that `encode_value` stored. Raise ValueError for other data."""
    if isinstance(data, list):
        return [decode_value(one) for one in data]
    if not isinstance(data, dict):
        return data
    if "tuple" in data:
        return tuple(decode_value(one) for one in data["tuple"])
    if "dict" in data:
        return {decode_value(key): decode_value(one) for key, one in data["dict"]}
    text_type = getattr(texts, str(data.get("type")), None)
    if isinstance(text_type, type) and issubclass(text_type, str):
        return text_type(data["text"])
    raise ValueError(f"unknown stored value {sorted(data)}")
