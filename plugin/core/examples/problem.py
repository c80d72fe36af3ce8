# SPDX-License-Identifier: GPL-2.0-or-later
"""A result of an example that differs from the declared one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..messages.texts import Texts


@dataclass(frozen=True)
class ExampleProblem:
    """How the result of an example differs from the declared one.

    ``key``: a text of ``[examples]`` in ``resources/texts``; ``params``: its placeholders.
    """

    key: str
    params: dict[str, Any] = field(default_factory=dict)

    def explain(self, texts: Texts) -> str:
        """Return the problem as a text."""
        params = dict(self.params)
        if self.key == "outcome":
            params |= {name: texts.get("outcomes", params[name]) for name in ("expected", "found")}
        return texts.get("examples", self.key, **params).strip()
