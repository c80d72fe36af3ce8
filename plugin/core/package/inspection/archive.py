# SPDX-License-Identifier: GPL-2.0-or-later
"""Find the package in a folder or a zip file, and what a zip has outside it."""

from __future__ import annotations

import zipfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from ...base.errors import NEVER_CANCELLED, Cancellation, InputError
from ...base.files.archives import MAX_ENTRIES, decode_entry_name, detect_name_codec, unpack_archive
from ...base.files.digests import MANIFEST_FILE_NAME, is_link, iterate_files_below
from ...base.files.writing import explain_os_error
from ...base.placeholders import join_first
from ..folder import LOCK_SUFFIX, lock_for_reading
from ..names import make_name_matcher
from ..slot_files import is_stray_file

#: Maximum depth of folders that are searched for a package.
_MAX_SEARCH_DEPTH = 4
_ARCHIVE_SUFFIXES = (".zip", ".rar", ".7z", ".tar", ".gz", ".tgz")
#: Names that may be next to a package without being a part of it.
_IGNORED_NAMES = ("__MACOSX", "desktop.ini", "Thumbs.db", ".DS_Store")


@contextmanager
def unpack_package(
    path: Path,
    cancellation: Cancellation = NEVER_CANCELLED,
    root_pattern: str = "",
    folders: Collection[str] = (),
    max_entries: int = MAX_ENTRIES,
) -> Iterator[Path]:
    """Yield the folder of the package that a path contains.

    It is the given folder, the only package below it, or a temporary folder with the content of a zip. The temporary
    folder is deleted when the block ends.

    Parameters
    ----------
    root_pattern
        The specification's name of a package, with placeholders.
    folders
        The specification's names of the folders in it.
    max_entries
        Maximum number of entries.

    Raises
    ------
    InputError
        If the path does not exist, is empty, is a folder inside a package, contains several packages, only archives or
        more than ``max_entries`` entries; if another process exports to it; if the file is not a zip, or the zip has
        bytes before its beginning, is damaged or encrypted, has paths that lead out of the folder, or is too large
        unpacked.
    """
    matcher = _PackageMatcher(root_pattern, folders)
    if path.is_dir():
        if not matcher.has_package_content(path) and (path.absolute().parent / MANIFEST_FILE_NAME).is_file():
            raise InputError("package_part_of_one", source=path.name, package=path.absolute().parent.name)
        for number, _ in enumerate(iterate_files_below(path), 1):
            if number > max_entries:
                raise InputError("package_too_many", source=path.name, most=max_entries)
            cancellation.raise_if_cancelled()
        package_folder = _find_package(path, path, matcher, cancellation)
        with lock_for_reading(package_folder):
            yield package_folder
        return
    if not path.is_file():
        raise InputError("source_missing", source=str(path))
    if path.suffix.lower() != ".zip" or not zipfile.is_zipfile(path):
        raise InputError("package_no_zip", source=path.name)
    with unpack_archive(path, cancellation, max_entries) as target:
        yield _find_package(target, path, matcher, cancellation)


def list_files_outside_package(path: Path, package: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the paths of a zip's files outside the folder ``package`` in it, and what systems left in the zip.

    Unpacking drops both, although a receiver would take the files for a part of the package. Systems leave folders and
    files at the top level of a zip. Both are empty for a folder and for a damaged archive, which `unpack_package`
    reports; no file is outside if the package has no folder in the zip.
    """
    if not path.is_file():
        return (), ()
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return (), ()
    top_level_names = dict.fromkeys(info.filename.replace("\\", "/").partition("/")[0] for info in infos)
    system_files = tuple(name for name in top_level_names if name in _IGNORED_NAMES or is_stray_file(name))
    infos = [info for info in infos if not info.is_dir()]
    codec = detect_name_codec(infos)
    paths = [PurePosixPath(decode_entry_name(info, codec).replace("\\", "/")) for info in infos]
    roots = (one.parts[: one.parts.index(package) + 1] for one in paths if package in one.parts[:-1])
    root = min(roots, key=len, default=())
    outside = [
        str(one)
        for one in paths
        if root
        and one.parts[: len(root)] != root
        and not is_stray_file(one.name)
        and one.parts[0] not in _IGNORED_NAMES
    ]
    return tuple(outside), system_files


class _PackageMatcher:
    """Recognises the folder of a package by its content or its name."""

    def __init__(self, root: str, folders: Collection[str]):
        self.matches_name = make_name_matcher(root, {}).fullmatch if root else None
        self.folders = {name.lower() for name in folders if name}

    def has_package_content(self, folder: Path) -> bool:
        """Return True if a folder has a manifest or a folder of the specification."""
        return (folder / MANIFEST_FILE_NAME).is_file() or any(
            path.name.lower() in self.folders and path.is_dir() for path in _list_content(folder)
        )


def _list_content(folder: Path) -> list[Path]:
    """Return the paths in a folder, except files that operating systems leave there.

    Raises
    ------
    InputError
        If the system does not allow to read the folder.
    """
    try:
        return [
            p for p in sorted(folder.iterdir()) if p.name not in _IGNORED_NAMES and not p.name.endswith(LOCK_SUFFIX)
        ]
    except OSError as error:
        raise InputError("package_file_unreadable", file=folder.name, detail=explain_os_error(error)) from error


def _find_package(folder: Path, path: Path, matcher: _PackageMatcher, cancellation: Cancellation) -> Path:
    """Return the folder of the package in a folder, at any depth and next to other files.

    If no package is recognised, return ``folder`` itself, or the only folder in it. ``path``: the path that the user
    chose, for errors.

    Raises
    ------
    InputError
        If the folder contains several packages, since in one package their files would be misplaced; if it has no file,
        or only archives.
    """
    packages = _find_packages(folder, matcher, cancellation, None if path.is_dir() else folder)
    if len(packages) > 1:
        raise InputError(
            "package_several", source=path.name, count=len(packages), names=join_first([p.name for p in packages])
        )
    candidates = packages or (_list_folders(folder) if len(_list_content(folder)) == 1 else [])
    package_folder = candidates[0] if candidates else folder
    archives = []
    for _, file in iterate_files_below(package_folder):
        cancellation.raise_if_cancelled()
        if file.suffix.lower() in _ARCHIVE_SUFFIXES:
            archives.append(file.name)
        elif not is_stray_file(file.name):
            return package_folder
    if archives:
        raise InputError("package_only_archives", source=path.name, names=join_first(archives))
    raise InputError("package_empty", source=path.name)


def _list_folders(folder: Path) -> list[Path]:
    """Return the folders in a folder, without links and geodatabases (.gdb)."""
    return [p for p in _list_content(folder) if p.is_dir() and not is_link(p) and p.suffix.lower() != ".gdb"]


def _find_packages(
    folder: Path,
    matcher: _PackageMatcher,
    cancellation: Cancellation,
    zipped: Path | None,
    levels_left: int = _MAX_SEARCH_DEPTH,
) -> list[Path]:
    """Return those folders that are packages, among ``folder`` and the folders below it.

    A package is not searched for further packages. ``zipped`` is the folder with the content of a zip, else None; its
    name does not identify a package. ``levels_left``: how many levels of folders are still searched.
    """
    cancellation.raise_if_cancelled()
    # A folder, and in particular a zip, may have the same name as the package in it.
    is_wrapper = len(_list_content(folder)) == 1 or folder == zipped
    has_package_name = matcher.matches_name is not None and matcher.matches_name(folder.name) is not None
    if matcher.has_package_content(folder) or (has_package_name and not is_wrapper):
        return [folder]
    packages = [
        one
        for subfolder in (_list_folders(folder) if levels_left else [])
        for one in _find_packages(subfolder, matcher, cancellation, None, levels_left - 1)
    ]
    return packages or ([folder] if has_package_name else [])
