# SPDX-License-Identifier: GPL-2.0-or-later
"""What a package holds and how things are called in it (汇交成果包的样式), as data: `resources/packages` or a province's own file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from ....paths import PACKAGES
from ...errors import DataError
from ...files.data import ErrorCollector, check_keys, expect, read_toml
from ...standard.template import MARKS
from .model import METADATA_ITEMS, NamedFile, PackageSpec, TableWords
from .rows import (
    MapSettings,
    check_map_slots,
    check_name,
    check_no_two,
    check_one_of,
    check_pattern,
    file_slot,
    map_settings,
    named_file,
    table_words,
    texts_of,
    vector_set,
)

_TOP = ("id", "name", "standard", "source", "digits", "root", "secrecy", "folders", "vector", "report", "metadata")
_TOP_MORE = ("secrecy_levels", "marks", "document", "map", "maps", "table", "tables")
#: What a form says of itself, and what the plugin adds: no norm asks for it.
_OWN = ("id", "name", "standard", "source", "marks", "report")
_KINDS = ("document", "map", "table")
Made = TypeVar("Made")


def package_spec_ids() -> list[str]:
    return sorted(p.stem for p in PACKAGES.glob("*.toml"))


def find_spec_file(name: str | Path) -> Path:
    """The file of a form by id, or by the path of a .toml. DataError names the ids there are."""
    path = PACKAGES / f"{name}.toml"
    if not path.is_file():
        path = Path(name)
        if path.suffix.lower() != ".toml" or not path.is_file():
            raise DataError("package_unknown", value=str(name), known=", ".join(package_spec_ids()))
    return path


def read_spec(path: Path, errors: ErrorCollector) -> PackageSpec:
    """A form from its file, part by part, so that one slip does not hide the next; what has one is left empty. The caller
    asks the complaints before it uses what comes of it."""
    table = read_toml(path)
    for key in (*_TOP, *table):
        with errors.collect():
            check_keys({k: v for k, v in table.items() if k == key}, required=(key,), allowed=(), file=path)
            _one_key(key, path)
    texts = dict.fromkeys(("id", "name", "standard", "source", "root", "secrecy"), "")
    for key in texts:
        if key in table:
            with errors.collect():
                texts[key] = expect(table[key], str, file=path, key=key)
    digits = table.get("digits", 6)
    with errors.collect():
        check_one_of(digits, (4, 6), path, "digits")
    with errors.collect():
        check_pattern(texts["root"] or "{code}", path, "root")
    none: dict[str, str] = {}
    given = table.get("folders", {})
    # One that cannot be made is known all the same: what belongs there is not to blame.
    folders = _part(
        errors, {key: key for key in given} if isinstance(given, dict) else none, texts_of, given, path, "folders"
    )
    for key in folders:
        with errors.collect():
            _check_folder(key, folders[key], path)
    rows: list[Any] = _part(errors, [], _rows, table.get("vector", []), path, "vector")
    vectors = [_part(errors, None, vector_set, row, f"vector[{n}]", path, folders) for n, row in enumerate(rows, 1)]
    slots = []
    for kind in _KINDS:
        rows = _part(errors, [], _rows, table.get(kind, []), path, kind)
        slots += [
            _part(errors, None, file_slot, kind, row, f"{kind}[{n}]", path, folders) for n, row in enumerate(rows, 1)
        ]
    files = tuple(slot for slot in slots if slot is not None)
    sets = tuple(one for one in vectors if one is not None)
    with errors.collect():
        check_no_two([v.id for v in sets] + [f.id for f in files], path, "id")
    words = _part(errors, TableWords(), table_words, table.get("tables", {}), path)
    maps = _part(errors, MapSettings(), map_settings, table.get("maps", {}), path)
    with errors.collect():
        check_map_slots(files, maps, path)
    nothing = NamedFile("", "")
    named: dict[str, NamedFile] = {}
    for key, items in (("report", ()), ("metadata", METADATA_ITEMS), ("tables", ())):
        if key in table:
            named[key] = _part(errors, nothing, named_file, table[key], key, path, folders, items)
    return PackageSpec(
        **texts,
        digits=digits,
        secrecy_levels=_part(errors, (), _levels, table, path),
        folders=folders,
        vectors=sets,
        files=files,
        report=named.get("report", nothing),
        metadata=named.get("metadata", nothing),
        tables=named.get("tables"),
        words=words,
        maps=maps,
        marks=_part(errors, none, _marks, table.get("marks", {}), path, tuple(table)),
        path=path,
    )


def _part(errors: ErrorCollector, empty: Made, read: Callable[..., Made], *given: Any) -> Made:
    """What a part of the file gives; ``empty`` for one with a slip, which is kept (or raised, as the complaints will)."""
    with errors.collect():
        return read(*given)
    return empty


def _one_key(key: str, path: Path) -> None:
    check_keys({key: None}, required=(), allowed=(*_TOP, *_TOP_MORE), file=path)


def _rows(rows: Any, path: Path, key: str) -> list[Any]:
    return list(expect(rows, list, file=path, key=key))


def _check_folder(key: str, text: str, path: Path) -> None:
    for part in text.split("/"):
        check_name(part, path, f"folders.{key}")


def _levels(table: dict[str, Any], path: Path) -> tuple[str, ...]:
    given = expect(table.get("secrecy_levels", []), list, file=path, key="secrecy_levels")
    levels = tuple(expect(v, str, file=path, key="secrecy_levels") for v in given)
    if levels and table.get("secrecy"):
        check_one_of(table["secrecy"], levels, path, "secrecy")
    return levels


def _marks(value: Any, path: Path, there: tuple[str, ...]) -> dict[str, str]:
    """The marks of a form; a part that it has (``there``) without any mark is C."""
    marks = texts_of(value, path, "marks")
    for key, mark in marks.items():
        check_one_of(mark, MARKS, path, f"marks.{key}")
        check_one_of(key.split(".")[0], (*_TOP, *_TOP_MORE), path, f"marks.{key}")
    marked = {key.split(".")[0] for key in marks}
    return marks | {key: "C" for key in there if key in (*_TOP, *_TOP_MORE) and key not in (*_OWN, *marked)}
