# SPDX-License-Identifier: GPL-2.0-or-later
"""The source of the displayed result (open project, former project or package), and whether the data are unchanged."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import QgsProject, QgsVectorLayer

from ...bridge.checking.kept_result import SIDE_FILES, read_stamp
from ...bridge.layers import recognise
from ...bridge.layers.properties import file_of
from ...bridge.project import county
from ...bridge.texts import tr
from ..editing.live_switch import LiveCheckSwitch
from ..project.watch import ProjectWatch
from .dock import FindingsDock
from .result import Result

if TYPE_CHECKING:
    from ...core.check import Options


@dataclass(frozen=True)
class Basis:
    """``layers``: of each its id, source, filter, edits and the state of its file; ``files``: that of the other files.
    Two that are equal were taken of the same data; what cannot be told apart (a layer that is no file) is never equal."""

    options: Options
    layers: tuple[Any, ...]
    files: tuple[Any, ...]

    @classmethod
    def of(cls, project: QgsProject) -> Basis:
        """On the main thread; no feature is read."""
        options = county.options(project)
        files: dict[str, tuple[Any, ...]] = {}
        layers = tuple(_layer(layer, files) for layer in recognise.plan_layers(project))
        return cls(options, layers, tuple(read_stamp(str(getattr(options, name) or "")) for name in SIDE_FILES))


def _layer(layer: QgsVectorLayer, files: dict[str, tuple[Any, ...]]) -> tuple[Any, ...]:
    """``files``: states by path, for many layers lie in one file."""
    path = file_of(layer)
    if path not in files:
        # A layer in memory or on a server tells nobody that it changed.
        files[path] = read_stamp(path) if os.path.exists(path) else (object(),)
    return layer.id(), layer.name(), layer.source(), layer.subsetString(), layer.undoStack().index(), files[path]


#: No project has this number: the result in view is not a project's.
_NO_PROJECT = -1


class Whose:
    """Told when a check begins and what it is of when it has ended; says the rest."""

    def __init__(self, dock: FindingsDock, watch: ProjectWatch, editing: LiveCheckSwitch):
        self._dock, self._watch, self._editing = dock, watch, editing
        #: The projects of the check under way and of the result in view, as the watch counts them.
        self._run_in = self._result_in = watch.number
        #: What the result in view went by.
        self._basis: Basis | None = None
        #: The name of the package that it is of; empty when it is a project's.
        self.package = ""
        #: The name of the package that is looked at, empty for a check; did that come to nothing?
        self._asked, self._failed = "", False

    def began(self, package: str = "") -> None:
        """A check, or a look at the package of this name."""
        self._run_in, self._asked, self._failed = self._watch.number, package, False
        self.tell()

    def failed(self) -> None:
        """What began could not be run: the result in view is of what was before."""
        self._failed = True
        self.tell()

    def of_check(self, basis: Basis) -> None:
        self._result_in, self._basis, self.package = self._run_in, basis, ""

    def of_kept(self) -> None:
        """Record that the result was read from the file beside the project."""
        self._run_in = self._result_in = self._watch.number
        self._basis, self.package = None, ""
        self._asked, self._failed = "", False

    def forget(self) -> None:
        """Record that no result is shown."""
        self._result_in, self._basis, self.package = _NO_PROJECT, None, ""
        self._asked, self._failed = "", False

    def of_package(self, path: str) -> None:
        self._result_in, self._basis, self.package = _NO_PROJECT, None, Path(path).name

    def current(self) -> bool:
        """Is there a result, and is it of the project that is open?"""
        return self._dock.result is not None and self._result_in == self._watch.number

    def latest(self) -> Result | None:
        return self._dock.result if self.current() else None

    def fresh(self, form: Any) -> Result | None:
        """The result in view while a package of this form may be made of it: of this project as it is now, and by the
        standard that a check for the form would go by."""
        result = self.latest()
        if result is None or result.edited or self._editing.is_outdated or self._basis is None:
            return None
        now = Basis.of(QgsProject.instance())
        stated = now.options.standard or now.options.profile
        by_form = stated or result.checked.plan.norm.standard.id == form.standard
        return result if by_form and now == self._basis else None

    def tell(self) -> None:
        """Say in the panel why the result in view is not of what is open or was asked for, while that is so."""
        result = self._dock.result
        if result is None:
            self._dock.set_stale("")
            return
        of, again = self._of(result)
        if self._failed:
            text = tr("The check was not made; the result below is still the former one.")
            if self._asked:
                text = tr("“{name}” was not inspected; the result below is still the former one.")
            of = tr("{first} {second}").format(first=text.format(name=self._asked), second=of).strip()
        self._dock.set_stale(of, again=again, alarm=self._failed)

    def _of(self, result: Result) -> tuple[str, bool]:
        """What the result is of, empty where it is of the open project as it is; would another check help?"""
        if self.package:
            text = tr("This is what was found in the package “{name}” at {time}, not in the project.")
            return text.format(name=self.package, time=result.time), False
        if result.kept:
            return _of_kept(result)
        if self._editing.is_outdated:
            text = tr(
                "The layers have changed since {time} beyond what is followed while editing; the result is out of date."
            )
            return text.format(time=result.time), True
        return "", False


def _of_kept(result: Result) -> tuple[str, bool]:
    """Return a message on the state of a restored result, and whether a new check is needed."""
    changes = result.changes
    if changes.settings:
        text = tr(
            "Result of {time}. The county profile, the waivers, other files of the check or the plugin have changed since; "
            "any row may be out of date."
        )
    elif changes.layers:
        text = tr("Result of {time}. Changed since: {layers}. The grey rows may be out of date.")
    else:
        text = tr("Result of {time}. Layers and settings have not changed since.")
    return text.format(time=result.time, layers=tr(", ").join(changes.layers)), bool(changes)
