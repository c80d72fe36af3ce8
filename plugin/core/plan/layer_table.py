# SPDX-License-Identifier: GPL-2.0-or-later
"""The layers of a plan by role, which can record what a rule reads of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .layer import Layer


@dataclass
class LayerUse:
    """What a computation read of a plan's layers.

    ``roles_read``: roles (layer codes) of layers whose rows it may have read. ``roles_tested``: roles that it only
    tested for presence. ``reads_all``: it went through all layers, or read a value that may come from any layer.
    """

    roles_read: set[str] = field(default_factory=set)
    roles_tested: set[str] = field(default_factory=set)
    reads_all: bool = False

    def add_use(self, other: LayerUse) -> None:
        """Add the layers that another computation read."""
        self.roles_read |= other.roles_read
        self.roles_tested |= other.roles_tested
        self.reads_all |= other.reads_all


class LayerTable(dict[str, "Layer"]):
    """Layers by role. Within `record_use` each access is recorded.

    Recordings may be nested: an access is recorded in all of them. Those of a thread record its accesses only.
    """

    def __init__(self, *layers: Any):
        super().__init__(*layers)
        self._recordings_by_thread: dict[int, list[LayerUse]] = {}

    @property
    def _recordings(self) -> list[LayerUse]:
        """Return the recordings of the calling thread."""
        return self._recordings_by_thread.get(threading.get_ident(), [])

    @contextmanager
    def record_use(self) -> Iterator[LayerUse]:
        """Record which layers the code of the ``with`` block reads."""
        use = LayerUse()
        recordings = self._recordings_by_thread.setdefault(threading.get_ident(), [])
        recordings.append(use)
        try:
            yield use
        finally:
            # By identity: two recordings with the same roles are equal.
            recordings[:] = [one for one in recordings if one is not use]

    def add_use(self, use: LayerUse) -> None:
        """Add layers that were read by other means, such as an earlier computation whose result is used again."""
        for recording in self._recordings:
            recording.add_use(use)

    def record_all(self) -> None:
        """Record that any layer may have been read."""
        for recording in self._recordings:
            recording.reads_all = True

    def __getitem__(self, role: str) -> Layer:
        for recording in self._recordings:
            recording.roles_read.add(role)
        return super().__getitem__(role)

    def get(self, role: str, default: Any = None) -> Any:
        """Return the layer of a role, else ``default``."""
        for recording in self._recordings:
            recording.roles_read.add(role)
        return super().get(role, default)

    def __contains__(self, role: object) -> bool:
        for recording in self._recordings:
            recording.roles_tested.add(str(role))
        return super().__contains__(role)

    def __iter__(self) -> Iterator[str]:
        self.record_all()
        return super().__iter__()

    def __len__(self) -> int:
        self.record_all()
        return super().__len__()

    def keys(self) -> Any:
        """Return the roles."""
        self.record_all()
        return super().keys()

    def values(self) -> Any:
        """Return the layers."""
        self.record_all()
        return super().values()

    def items(self) -> Any:
        """Return roles and layers."""
        self.record_all()
        return super().items()
