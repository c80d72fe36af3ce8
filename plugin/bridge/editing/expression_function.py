# SPDX-License-Identifier: GPL-2.0-or-later
"""A function of expressions, whatever it answers: its help, and how it says that it cannot."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any, NamedTuple

from qgis.core import NULL, QgsExpressionFunction

from ...core.errors import SanxianError
from ..running.tasks import log_error
from ..settings import interface_language
from ..texts import tr


class FunctionError(Exception):
    """What keeps a function from answering, in the language of the interface."""


class Argument(NamedTuple):
    name: str
    optional: bool
    text: str


class Function(QgsExpressionFunction):
    """One function. ``answer`` takes the arguments, None for those left out, and the context."""

    def __init__(
        self, name: str, arguments: tuple[Argument, ...], text: str, examples: tuple[str, ...], answer: Callable
    ):
        parameters = [QgsExpressionFunction.Parameter(a.name, a.optional, None) for a in arguments]
        super().__init__(name, parameters, tr("Sanxian"), _help(name, arguments, text, examples), False, True, True)
        self._answer = answer

    def func(self, values, context, parent, node):
        try:
            return self._answer(context, *(None if is_null(v) else v for v in values))
        except FunctionError as refused:
            parent.setEvalErrorString(str(refused))
        except SanxianError as error:
            from ...core.messages.texts import Texts

            parent.setEvalErrorString(Texts(interface_language()).explain(error))
        except ImportError as error:
            text = tr("Missing library: {name}. See Environment Check.")
            parent.setEvalErrorString(text.format(name=error.name or ""))
        except Exception as error:
            # QGIS ends the whole program, unsaved edits and all, when an exception leaves this method.
            log_error(error)
            parent.setEvalErrorString(
                tr("No answer ({error}). Details are in the log, tab Sanxian.").format(error=repr(error))
            )
        return NULL

    def usesGeometry(self, node):
        return False

    def referencedColumns(self, node):
        return set()

    def isStatic(self, node, parent, context):
        # The CRS and the next number depend on the layer: nothing is worked out once for all features.
        return False


def _help(name: str, arguments: tuple[Argument, ...], text: str, examples: tuple[str, ...]) -> str:
    """Help as QGIS's own functions have it; brackets around what may be left out."""
    signature = ""
    for number, argument in enumerate(arguments):
        word = (", " if number else "") + argument.name
        signature += f"[{word}]" if argument.optional else word
    rows = "".join(f"<tr><td><code>{a.name}</code></td><td>{escape(a.text)}</td></tr>" for a in arguments)
    shown = "".join(f"<li><code>{escape(example)}</code></li>" for example in examples)
    return (
        f"<h3>{name}</h3><p>{escape(text)}</p>"
        f"<h4>{tr('Syntax')}</h4><p><code>{name}({signature})</code></p>"
        f"<h4>{tr('Arguments')}</h4><table>{rows}</table>"
        f"<h4>{tr('Examples')}</h4><ul>{shown}</ul>"
    )


def is_null(value: Any) -> bool:
    return value is None or value == NULL
