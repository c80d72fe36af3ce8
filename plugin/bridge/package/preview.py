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
    from ...core.check import Checked, Options
    from ...core.package.files import Filled
    from ...core.package.form.model import PackageProfile
    from ...core.package.order import Order

#: What stands at the package's place: nothing, a package that is replaced as a whole, or something that is not touched.
NEW, REPLACED, REFUSED = "new", "replaced", "refused"
#: Folders within the folder of documents that are told of, to be watched.
_FOLDERS = 40


@dataclass(frozen=True)
class SlotSeen:
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
class Ahead:
    """``root``: the name of the package's own folder, empty while nobody knows which county it is; ``why``: why what is at
    its place is not touched; ``left_out``: files of the folder of documents that have no slot; ``watched``: that folder
    and those in it, and files that are broken: they may be put right."""

    root: str = ""
    target: Path | None = None
    state: str = NEW
    why: str = ""
    slots: tuple[SlotSeen, ...] = ()
    left_out: tuple[str, ...] = ()
    left_out_count: int = 0
    watched: tuple[str, ...] = ()


@dataclass(frozen=True)
class Against:
    """Sentences on what stands against a package: ``stops`` whatever anybody wants, ``gates`` unless it is forced; ``notes``
    are told."""

    stops: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


#: Nothing stands against it, or nobody has looked yet.
NOTHING = Against()


def values_of(form: PackageProfile, options: Options, checked: Checked | None) -> dict[str, str]:
    """Code and name of the county as the checked plan tells them, else the profile; empty when neither does."""
    from ...core.package.order import names_by, names_of

    if checked is None:
        norm = options.norm()
        return names_by(norm.profile.area_code, norm, form) or {}
    try:
        return names_of(checked.plan, form)
    except InputError:
        return {}


@steady
def look_ahead(order: Order, values: dict[str, str], inputs: Iterable[str] = ()) -> Ahead:
    """Names, place and files. ``inputs``: files that the plan is read from. InputError for a folder of documents that is
    not there."""
    from ...core.messages.texts import Texts
    from ...core.package.files import fill_slots
    from ...core.package.gate import check_target
    from ...core.package.names import fill

    form = order.form
    # Nobody knows yet which county it is: what the package wants, and what is there of any county, can be told all the same.
    root = fill(form.root, values) if values else ""
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
        SlotSeen(
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
    return Ahead(root, target, state, why, tuple(slots), *left_out, watched)


def _broken(filled: Iterable[Filled], titles: set[str]) -> list[str]:
    return [str(path) for one in filled if one.slot.title in titles for path in one.files]


def _folders(documents: Path | None) -> tuple[str, ...]:
    if documents is None:
        return ()
    return (str(documents), *sorted(str(p) for p in documents.iterdir() if p.is_dir())[:_FOLDERS])


@dataclass
class Looker:
    """What stands against the package of one checked plan; the plan's layers are looked at once for each form."""

    checked: Checked
    _known: dict[tuple[str, bool], Against] = field(default_factory=dict)

    def known(self, order: Order) -> Against | None:
        return self._known.get(self._key(order))

    @steady
    def look(self, order: Order, cancellation: Cancellation) -> Against:
        """In any thread. Raises Cancelled."""
        from ...core.messages.texts import Texts
        from ...core.package.gate import verdict
        from ...core.package.layers.prepare import prepare
        from ...core.package.problems import Level, of_level

        texts = Texts(interface_language())
        _, problems = prepare(self.checked, order, cancellation)
        problems = [*verdict(self.checked), *problems]
        told = [
            tuple(p.sentence(texts) for p in of_level(problems, level))
            for level in (Level.STOP, Level.GATE, Level.NOTE)
        ]
        found = self._known[self._key(order)] = Against(*told)
        return found

    @staticmethod
    def _key(order: Order) -> tuple[str, bool]:
        return str(order.form.path), order.personal
