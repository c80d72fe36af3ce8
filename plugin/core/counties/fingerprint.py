# SPDX-License-Identifier: GPL-2.0-or-later
"""The digest of everything that a county's result follows from: data, profile, settings, version of the program.

Data count by the content of their files, so that a copied or touched file is unchanged. The day is left out: a run that
is continued after midnight keeps what it finished.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from ...paths import PROFILES_FOLDER
from ..base.cancellation import NEVER_CANCELLED, Cancellation
from ..base.connection_text import is_connection
from ..base.errors import SanxianError
from ..base.files.dataset_files import LOG_SUFFIXES, iterate_linked_files_below, list_logs
from ..base.files.digests import compute_sha256, is_special_file
from ..engine.input_digest import compute_norm_digest
from ..engine.provenance import compute_program_digest
from ..model.window_register import make_default_register_path
from ..package.folder import LOCK_SUFFIX
from ..package.package_spec.load import load_package_spec
from ..plan.io.source import find_dataset
from ..standard.options import RunOptions
from .county_record import County

#: Files that no check reads and that change while others work: lists next to the data, locks of programs.
_UNREAD_SUFFIXES = (".worklist.csv", ".changes.csv", LOCK_SUFFIX, ".lock", "-shm")


def list_input_files(source: Path) -> Iterator[tuple[str, Path]]:
    """Yield (name, path) of each file that a check of a source may read, sorted.

    These are the files of the source, and those next to it with its name: parts of a shapefile, waivers, the table of
    renumbered keys, the record of a yearly change; also the register of windows of its folder. Logs of a linked
    database are next to the file that the link leads to. A missing source has no files.
    """
    if source.is_dir():
        yield from iterate_linked_files_below(source)
    if not source.parent.is_dir():
        return
    stem, register_of_folder = source.stem.casefold(), make_default_register_path(source.parent)
    for path in sorted(source.parent.iterdir()):
        name = path.name.casefold()
        has_name = name.startswith(f"{stem}.") or (name.startswith(stem) and name.endswith(".json"))
        if (has_name or path == register_of_folder) and path.is_file():
            yield f"../{path.name}", path
    yield from ((f"log {log.name}", log) for log in list_logs(source) if source.is_symlink())


def _may_be_read(path: Path) -> bool:
    """Return False for a file that no check reads."""
    name = path.name.casefold()
    if name.endswith(LOG_SUFFIXES):
        # An empty one has no changes.
        return path.is_file() and path.stat().st_size > 0
    return not name.endswith(_UNREAD_SUFFIXES)


def measure_bytes(source: Path) -> int:
    """Return the size of the files of a source in bytes, 0 if it is missing or cannot be read."""
    try:
        files = (path for _, path in iterate_linked_files_below(source)) if source.is_dir() else iter([source])
        return sum(path.stat().st_size for path in files if path.is_file())
    except OSError:
        # The check of the county reports it.
        return 0


def compute_settings_digest(options: RunOptions, package_spec: str) -> str:
    """Return the digest of all that a check reads besides the data, hexadecimal: settings, profile, version.

    ``package_spec``: the specification of packages, empty for data that are not a package.
    """
    try:
        norm_digest = compute_norm_digest(options.resolve_norm()).hex()
    except SanxianError as error:
        # The check reports it.
        norm_digest = str(error)
    parts = [
        compute_program_digest(),
        # The manifest of a package names a profile of the program.
        *(compute_sha256(path) for path in sorted(PROFILES_FOLDER.glob("*.toml"))),
        norm_digest,
        repr(load_package_spec(package_spec)) if package_spec else "",
        repr(replace(options, profile="", baseline="", document_info=None)),
    ]
    return join_digests(parts)


def compute_data_digest(county: County, baseline: str, cancellation: Cancellation = NEVER_CANCELLED) -> str:
    """Return the digest of the files of a county and of the sealed edition, hexadecimal.

    A file that cannot be read counts with the reason. Raise Cancelled.
    """
    digests = _digest_source(county.source, county.is_package, cancellation)
    baseline_digests = _digest_source(baseline, False, cancellation) if baseline else []
    return join_digests(["source", *digests, "source", *baseline_digests])


def _digest_source(source: str, is_package: bool, cancellation: Cancellation) -> list[str]:
    """Return the digests of a source: of its files, or of the rows of a schema; an unreadable one by the reason."""
    if not is_connection(source):
        return _digest_files(find_dataset(source), is_package, cancellation)
    from ..plan.io.postgis import compute_schema_digest

    try:
        return [compute_schema_digest(source, cancellation)]
    except SanxianError as error:
        return [str(error)]


def join_digests(texts: Iterable[str]) -> str:
    """Return one digest of several, or of other texts."""
    return hashlib.sha256(json.dumps(list(texts), ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()


def _digest_files(source: Path, is_package: bool, cancellation: Cancellation) -> list[str]:
    """Return a text with name and digest for each file of a source.

    A file that cannot be read has the reason instead of its digest. An inspection of a package examines every file, a
    check only at those that may have data.
    """
    digests = []
    try:
        for name, path in list_input_files(source):
            cancellation.raise_if_cancelled()
            if is_package or _may_be_read(path):
                digests.append(f"{name} {_digest_file(path, cancellation)}")
    except OSError as error:
        digests.append(f"errno {error.errno}")
    return digests


def _digest_file(path: Path, cancellation: Cancellation) -> str:
    """Return the digest of a file; for a file that cannot be read what is known of it."""
    try:
        return "special" if is_special_file(path) else compute_sha256(path, cancellation)
    except OSError as error:
        return f"errno {error.errno}"
