# SPDX-License-Identifier: GPL-2.0-or-later
"""What a package would be, told before it is made: its name, what stands at its place, which files are there for it, and
what the plan lacks. In any thread; nothing is written."""

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

#: What stands at the package's place: nothing, a package that is replaced as a whole, or something that is not touched.
NEW, REPLACED, REFUSED = "new", "replaced", "refused"
#: Folders within the folder of documents that are told of, to be watched.
_FOLDERS = 40


@dataclass(frozen=True)
class SlotPreview:
    """A slot for files that come with the data. ``files``: those found, by name; ``former``: they are those of the package
    that is there already; ``broken``: they cannot be opened; ``drawn``: the plugin can draw it where nobody gives it."""

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
    """``root``: the name of the package's own folder, empty while nobody knows which county it is; ``why``: why what is at
    its place is not touched; ``left_out``: files of the folder of documents that have no slot; ``watched``: that folder
    and those in it, and files that are broken: they may be put right."""

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
    """Sentences on what stands against a package: ``stops`` whatever anybody wants, ``gates`` unless it is forced; ``notes``
    are told."""

    stops: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


#: Nothing stands against it, or nobody has looked yet.
NOTHING = Objections()


def preview_values(package_spec: PackageSpec, options: Options, checked: CheckResult | None) -> dict[str, str]:
    """Code and name of the county as the checked plan tells them, else the profile; empty when neither does."""
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
    """Names, place and files. ``inputs``: files that the plan is read from. InputError for a folder of documents that is
    not there."""
    from ...core.messages.texts import Texts
    from ...core.package.gate import check_target
    from ...core.package.names import fill_placeholders
    from ...core.package.slot_files import fill_slots

    form = order.package_spec
    # Nobody knows yet which county it is: what the package wants, and what is there of any county, can be told all the same.
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
    watched = (*_folders(order.documents), *_broken(filled, broken))
    return PackagePreview(root, target, state, why, tuple(slots), *left_out, watched)


def _broken(filled: Iterable[FilledSlot], titles: set[str]) -> list[str]:
    return [str(path) for one in filled if one.slot.title in titles for path in one.files]


def _folders(documents: Path | None) -> tuple[str, ...]:
    if documents is None:
        return ()
    return (str(documents), *sorted(str(p) for p in documents.iterdir() if p.is_dir())[:_FOLDERS])


@dataclass
class ObjectionFinder:
    """What stands against the package of one checked plan; the plan's layers are looked at once for each form."""

    checked: CheckResult
    _known: dict[tuple[str, bool], Objections] = field(default_factory=dict)

    def known(self, order: ExportOrder) -> Objections | None:
        return self._known.get(self._key(order))

    @steady
    def find_objections(self, order: ExportOrder, cancellation: Cancellation) -> Objections:
        """In any thread. Raises Cancelled."""
        from ...core.messages.texts import Texts
        from ...core.package.gate import judge_check
        from ...core.package.layers.prepare import prepare
        from ...core.package.problems import Level, group_by_level

        texts = Texts(interface_language())
        _, problems = prepare(self.checked, order, cancellation)
        problems = [*judge_check(self.checked), *problems]
        told = [
            tuple(p.sentence(texts) for p in group_by_level(problems, level))
            for level in (Level.STOP, Level.GATE, Level.NOTE)
        ]
        found = self._known[self._key(order)] = Objections(*told)
        return found

    @staticmethod
    def _key(order: ExportOrder) -> tuple[str, bool]:
        return str(order.package_spec.path), order.personal
