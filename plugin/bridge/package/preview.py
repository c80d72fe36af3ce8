# SPDX-License-Identifier: GPL-2.0-or-later
"""Preview of a package before its export, in any thread; nothing is written.

It contains the package's name, the existing content at its path, the files found for it, and the missing data of the
plan.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ...core.cancellation import Cancellation
from ...core.errors import InputError, SanxianError
from ..running.threads import steady
from ..settings import interface_language

if TYPE_CHECKING:
    from ...core.check import CheckResult, Options
    from ...core.package.order import ExportOrder
    from ...core.package.package_spec.model import PackageSpec
    from ...core.package.slot_files import FilledSlot

#: Existing content at the package's path: none, a package that is replaced completely, or content that is not replaced.
NEW, REPLACED, REFUSED = "new", "replaced", "refused"
#: Subfolders of the folder of documents that are listed, to be watched.
_FOLDERS = 40


@dataclass(frozen=True)
class SlotPreview:
    """A slot for documents of the package.

    ``files``: those found, by name; ``former``: they are those of the existing package; ``broken``: they cannot be
    opened; ``drawn``: the plugin can draw it if it is missing.
    """

    kind: str
    title: str
    need: str
    pattern: str
    files: tuple[str, ...] = ()
    former: bool = False
    broken: bool = False
    drawn: bool = False


@dataclass(frozen=True)
class PackagePreview:
    """The preview of a package.

    ``root``: the name of the package's folder, empty while the county is unknown; ``why``: why the content at its path
    is not replaced; ``left_out``: files of the folder of documents without a slot; ``watched``: that folder and its
    subfolders, and broken files, which the user may repair.
    """

    root: str = ""
    target: Path | None = None
    state: str = NEW
    why: str = ""
    slots: tuple[SlotPreview, ...] = ()
    left_out: tuple[str, ...] = ()
    left_out_count: int = 0
    watched: tuple[str, ...] = ()


@dataclass(frozen=True)
class Objections:
    """Objections to a package, as sentences.

    ``stops`` always prevent the export, ``gates`` unless it is forced; ``notes`` are only shown.
    """

    stops: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


#: No objections, or not yet determined.
NOTHING = Objections()


def preview_values(package_spec: PackageSpec, options: Options, checked: CheckResult | None) -> dict[str, str]:
    """Return code and name of the county from the checked plan, else the profile.

    Empty if both are unknown.
    """
    from ...core.package.order import spec_values, spec_values_of

    if checked is None:
        norm = options.norm()
        return spec_values_of(norm.profile.area_code, norm, package_spec) or {}
    try:
        return spec_values(checked.plan, package_spec)
    except InputError:
        return {}


@steady
def preview_package(order: ExportOrder, values: dict[str, str], inputs: Iterable[str] = ()) -> PackagePreview:
    """Return names, path and files of a package.

    ``inputs``: files that the plan is read from. InputError if the folder of documents is missing.
    """
    from ...core.messages.texts import Texts
    from ...core.package.gate import check_target
    from ...core.package.names import fill_placeholders
    from ...core.package.slot_files import fill_slots

    form = order.package_spec
    # While the county is unknown, the required files and those found for any county can be listed all the same.
    root = fill_placeholders(form.root, values) if values else ""
    target = order.folder / root if root else None
    former = target if target is not None and target.is_dir() else None
    state, why = NEW, ""
    if target is not None and target.exists():
        state = REPLACED if former is None or any(former.iterdir()) else NEW
        try:
            check_target(target, inputs, form, values)
        except SanxianError as error:
            state, why = REFUSED, Texts(interface_language()).explain(error)
    filled, problems = fill_slots(form, values, order.documents, former, interface_language())
    broken = {p.params["title"] for p in problems if p.key == "file_broken"}
    slots = [
        SlotPreview(
            one.slot.kind,
            f"{one.slot.number} {one.slot.title}".strip(),
            one.slot.need,
            one.pattern,
            tuple(path.name for path in one.files),
            former is not None and all(former in path.parents for path in one.files),
            one.slot.title in broken,
            bool(one.slot.layout),
        )
        for one in filled
    ]
    rest = next((p for p in problems if p.key == "files_left_out"), None)
    left_out = (rest.features, rest.count) if rest else ((), 0)
    watched = (*_list_folders(order.documents), *_list_broken(filled, broken))
    return PackagePreview(root, target, state, why, tuple(slots), *left_out, watched)


def _list_broken(filled: Iterable[FilledSlot], titles: set[str]) -> list[str]:
    return [str(path) for one in filled if one.slot.title in titles for path in one.files]


def _list_folders(documents: Path | None) -> tuple[str, ...]:
    if documents is None:
        return ()
    return (str(documents), *sorted(str(p) for p in documents.iterdir() if p.is_dir())[:_FOLDERS])


@dataclass
class ObjectionFinder:
    """Finds objections to the package of one plan, cached by package specification."""

    checked: CheckResult
    _known: dict[tuple[str, bool], Objections] = field(default_factory=dict)

    def known(self, order: ExportOrder) -> Objections | None:
        """Return the objections if they are cached."""
        return self._known.get(self._make_key(order))

    @steady
    def find_objections(self, order: ExportOrder, cancellation: Cancellation) -> Objections:
        """Return the objections, in any thread. Raises Cancelled."""
        from ...core.messages.texts import Texts
        from ...core.package.gate import judge_check
        from ...core.package.layers.prepare import prepare
        from ...core.package.problems import Level, group_by_level

        texts = Texts(interface_language())
        _, problems = prepare(self.checked, order, cancellation)
        problems = [*judge_check(self.checked), *problems]
        sentences = [
            tuple(p.sentence(texts) for p in group_by_level(problems, level))
            for level in (Level.STOP, Level.GATE, Level.NOTE)
        ]
        found = self._known[self._make_key(order)] = Objections(*sentences)
        return found

    @staticmethod
    def _make_key(order: ExportOrder) -> tuple[str, bool]:
        return str(order.package_spec.path), order.personal
