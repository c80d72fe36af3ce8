# SPDX-License-Identifier: GPL-2.0-or-later
"""Split a county into work packages by township. Command line and toolbox use this module."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sqlite3
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from ....metadata import read_plugin_version
from ...base.choices import NEIGHBOUR_DISTANCE_M
from ...base.errors import NEVER_CANCELLED, Cancellation, InputError, OutputError, ProgressCallback
from ...base.files.csv_records import format_rows
from ...base.files.names import remove_forbidden_characters
from ...base.files.writing import check_not_input, check_writable, copy_path, explain_os_error
from ...engine.provenance import find_county_name
from ...exchange.create import make_write_error
from ...exchange.edited_copy import check_can_be_copied
from ...figures.supplied_tables import COMPARISON_WORDS, INDICATOR_WORDS, UNIT_WORDS, read_township_targets
from ...plan.io import read_source
from ...plan.io.source import list_source_datasets
from ...plan.loading.reading import read_plan
from ...standard.options import RunOptions
from ...standard.profile import Norm
from ...standard.profile.profile_figures import AllocatedTargets
from .township_rows import Ownership, assign_rows, make_layer_key
from .work_package import (
    COUNTY_PACKAGE,
    MANIFEST_NAME,
    TARGETS_NAME,
    CrossingRecord,
    LayerRecord,
    NeighbourRecord,
    RowRecord,
    SplitRecord,
    TownshipManifest,
    dump_township_manifest,
)
from .write_packages import CountyLayer, PackageFiles, PackageFolder, list_county_layers, write_packages

#: Shares of the progress at the end of reading, assigning and writing.
_READ_SHARE, _ASSIGNED_SHARE, _WRITTEN_SHARE = 0.2, 0.4, 0.9
_TARGET_HEADINGS = ("乡镇代码", "乡镇名称", "指标", "关系", "数值", "单位", "来源")


@dataclass(frozen=True)
class SplitOptions:
    """What a run of the split does.

    ``output``: a folder that does not exist or is empty; ``distance_m``: rows this near (m) to a township are its
    read-only neighbours; ``targets``: table of targets by township, empty without one; ``persons``: code or name of a
    township → person.
    """

    source: str
    output: Path
    check: RunOptions = field(default_factory=RunOptions)
    distance_m: float = NEIGHBOUR_DISTANCE_M
    targets: str = ""
    persons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class WrittenPackage(PackageFolder):
    """A written package: its folder and manifest."""

    manifest: TownshipManifest

    @property
    def data(self) -> Path:
        """Return the path of the rows of the package."""
        return self.folder / self.manifest.data_file


@dataclass(frozen=True)
class SplitResult:
    """The result of a split.

    ``packages``: by code, that of rows in no township last; ``left_out``: names of tables that are in no package;
    ``roles``: name of a layer in the packages → code of the plan layer.
    """

    packages: tuple[WrittenPackage, ...]
    left_out: tuple[str, ...]
    norm: Norm
    roles: Mapping[str, str]


def split_townships(
    options: SplitOptions,
    *,
    progress: ProgressCallback = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> SplitResult:
    """Write one package for each township, and one for the rows in no township; return them.

    Raises
    ------
    InputError, DataError, OutputError
        The run cannot be carried out; then nothing is written.
    Cancelled
        The user cancelled; nothing is written.
    """
    if not options.distance_m >= 0:
        raise InputError("townships_distance", value=options.distance_m)
    targets, output = read_township_targets(options.targets), options.output
    check_not_input(output, [options.source])
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise OutputError("townships_output_exists", target=str(output))
    check_writable(output.parent / f"{output.name}.part", [])
    sources = read_source(options.source, cancellation=cancellation)
    for one in sources:
        one.require_usable()
    # A merge writes into a copy of the county.
    check_can_be_copied(options.source)
    norm = options.check.resolve_norm()
    plan = read_plan(sources, norm, options.check, source=options.source, cancellation=cancellation)
    progress(_READ_SHARE, "")
    ownership = assign_rows(plan, sources, options.distance_m, cancellation)
    progress(_ASSIGNED_SHARE, "")
    county_layers = list_county_layers(
        [Path(os.path.abspath(path)) for path in list_source_datasets(Path(options.source))],
        {make_layer_key(one): one.encoding for one in sources if one.encoding},
        {make_layer_key(layer.source): role for role, layer in plan.layers.items()},
    )
    known = {one.key for one in county_layers}
    left_out = tuple(sorted(one.full_name for one in sources if make_layer_key(one) not in known))
    with tempfile.TemporaryDirectory(prefix="sanxian-", ignore_cleanup_errors=True) as temporary:
        work_folder = Path(temporary) / "packages"
        work_folder.mkdir()
        files = _make_package_files(work_folder, ownership)
        try:
            write_packages(county_layers, ownership, files, cancellation)
        except BaseException as error:
            # The frames of the traceback would keep the packages open.
            traceback.clear_frames(error.__traceback__)
            if not isinstance(error, RuntimeError | sqlite3.Error):
                raise
            raise make_write_error(output, temporary, options.source) from error
        progress(_WRITTEN_SHARE, "")
        digests = [
            f"{layer.package_name} {row.digest}"
            for package in files
            for layer, written in zip(county_layers, package.layers, strict=True)
            for row in written.county_rows
        ]
        split = SplitRecord(
            uuid4().hex,
            datetime.now().astimezone().isoformat(timespec="seconds"),
            read_plugin_version(),
            Path(options.source).name,
            hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest(),
            plan.area_code,
            find_county_name(plan),
            options.distance_m,
        )
        packages = _finish(files, county_layers, ownership, split, options, targets)
        cancellation.raise_if_cancelled()
        _move_packages(work_folder, output)
    progress(1.0, "")
    moved = tuple(replace(one, folder=output / one.folder.name) for one in packages)
    return SplitResult(moved, left_out, norm, {one.package_name: one.role for one in county_layers if one.role})


def _make_package_files(folder: Path, ownership: Ownership) -> list[PackageFiles]:
    """Return the files of all packages; that of the rows in no township is the last."""
    files: list[PackageFiles] = []
    for number, township in enumerate(ownership.townships):
        stem = remove_forbidden_characters(township.code or township.name) or str(number)
        name = remove_forbidden_characters(f"{township.code} {township.name}".strip()) or stem
        package_folder = folder / name
        if any(one.folder == package_folder for one in files):
            package_folder = folder / f"{name} {number}"
        files.append(PackageFiles(package_folder, package_folder / f"{stem}.gpkg", []))
    county = folder / COUNTY_PACKAGE
    return [*files, PackageFiles(county, county / f"{COUNTY_PACKAGE}.gpkg", [])]


def _finish(
    files: Sequence[PackageFiles],
    county_layers: Sequence[CountyLayer],
    ownership: Ownership,
    split: SplitRecord,
    options: SplitOptions,
    targets: AllocatedTargets,
) -> list[WrittenPackage]:
    """Write targets and manifest of each package; a package of the county without rows is removed."""
    packages = []
    for number, one in enumerate(files):
        township = ownership.townships[number] if number < len(ownership.townships) else None
        if township is None and not any(written.county_rows for written in one.layers):
            shutil.rmtree(one.folder)
            continue
        code, name = (township.code, township.name) if township else ("", COUNTY_PACKAGE)
        manifest = TownshipManifest(
            split,
            code,
            name,
            options.persons.get(code) or options.persons.get(name, ""),
            one.data.name,
            tuple(_make_layer_record(layer, n, one, ownership) for n, layer in enumerate(county_layers)),
        )
        allocated = [target for target in targets.targets if township and (target.code or target.name) in (code, name)]
        if allocated:
            rows = [
                (
                    target.code,
                    target.name,
                    INDICATOR_WORDS[target.indicator][0],
                    COMPARISON_WORDS[target.comparison][0],
                    target.value,
                    UNIT_WORDS[target.unit][0],
                    target.source,
                )
                for target in allocated
            ]
            # CSV with a byte order mark.
            (one.folder / TARGETS_NAME).write_bytes(format_rows([_TARGET_HEADINGS, *rows]))
        (one.folder / MANIFEST_NAME).write_text(dump_township_manifest(manifest), encoding="utf-8", newline="\n")
        packages.append(WrittenPackage(one.folder, manifest))
    return packages


def _make_layer_record(layer: CountyLayer, number: int, files: PackageFiles, ownership: Ownership) -> LayerRecord:
    """Return what the manifest has on a layer of a package."""
    written = files.layers[number]
    codes = [one.code or one.name for one in ownership.townships] + [COUNTY_PACKAGE]
    crossing = ownership.crossing.get(layer.key, {})
    rows = [
        RowRecord(row.fid, row.key, row.digest, written.package_rows[row.fid].digest) for row in written.county_rows
    ]
    return LayerRecord(
        Path(layer.key[0]).name,
        layer.key[1],
        layer.package_name,
        layer.fields,
        tuple(rows),
        tuple(
            NeighbourRecord(fid, row.key, row.digest, codes[ownership.find_owner(layer.key, fid)])
            for fid, row in sorted(written.neighbours.items())
        ),
        tuple(
            CrossingRecord(row.fid, row.key, tuple(codes[n] for n in crossing[row.fid]))
            for row in rows
            if row.fid in crossing
        ),
    )


def _move_packages(work_folder: Path, output: Path) -> None:
    """Move the packages to their place, all or none."""
    partial = output.with_name(f".{output.name}.part")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        copy_path(work_folder, partial)
        if output.exists():
            output.rmdir()
        os.replace(partial, output)
    except OSError as error:
        raise OutputError("output_unwritable", target=str(output), detail=explain_os_error(error)) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def parse_persons(text: str) -> dict[str, str]:
    """Return code or name of a township → person, from ``140225100=张三;永安镇=李四``.

    Raise InputError for an entry without both.
    """
    persons: dict[str, str] = {}
    for entry in filter(None, (one.strip() for one in re.split(r"[;；\n]", text))):
        township, _, person = entry.replace("＝", "=").partition("=")
        if not township.strip() or not person.strip():
            raise InputError("townships_person", value=entry)
        persons[township.strip()] = person.strip()
    return persons
