# SPDX-License-Identifier: GPL-2.0-or-later
"""Base class of the plugin's expression functions: help texts and error messages."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any, NamedTuple

from qgis.core import NULL, QgsExpressionFunction

from ...core.base.errors import SanxianError
from ..running.tasks import log_error
from ..settings import get_interface_language
from ..texts import tr


class FunctionError(Exception):
    """An error of an expression function, in the language of QGIS's interface."""


class FunctionArgument(NamedTuple):
    """An argument of an expression function, with its help text."""

    name: str
    is_optional: bool
    help_text: str


class SanxianExpressionFunction(QgsExpressionFunction):
    """One expression function of the plugin in QGIS.

    ``text``: explanation in its help; ``examples``: expressions in its help; ``compute_value``: called with the
    expression context and the arguments (None for an omitted or NULL argument), returns the value.
    """

    def __init__(
        self,
        name: str,
        arguments: tuple[FunctionArgument, ...],
        text: str,
        examples: tuple[str, ...],
        compute_value: Callable,
    ):
        parameters = [QgsExpressionFunction.Parameter(a.name, a.is_optional, None) for a in arguments]
        super().__init__(
            name, parameters, tr("Sanxian"), _make_help(name, arguments, text, examples), False, True, True
        )
        self._compute_value = compute_value

    def func(self, values, context, parent, node):
        """Evaluate the function; show an error as evaluation error of the expression."""
        try:
            return self._compute_value(context, *(None if is_null(v) else v for v in values))
        except FunctionError as refused:
            parent.setEvalErrorString(str(refused))
        except SanxianError as error:
            from ...core.standard.messages.texts import Texts

            parent.setEvalErrorString(Texts(get_interface_language()).explain_error(error))
        except ImportError as error:
            text = tr("Missing library: {name}. See Environment Check.")
            parent.setEvalErrorString(text.format(name=error.name or ""))
        except Exception as error:
            # An exception that leaves this method terminates QGIS and loses unsaved edits.
            log_error(error)
            parent.setEvalErrorString(
                tr("The explanation could not be shown ({error}). Details are in the log, tab Sanxian.").format(
                    error=repr(error)
                )
            )
        return NULL

    def usesGeometry(self, node):
        """Return False: the function does not need the feature's geometry."""
        return False

    def referencedColumns(self, node):
        """Return no columns: the arguments name the fields that are used."""
        return set()

    def isStatic(self, node, parent, context):
        """Return False: QGIS must evaluate the function for each feature.

        CRS and next feature number depend on the layer.
        """
        return False


def _make_help(name: str, arguments: tuple[FunctionArgument, ...], text: str, examples: tuple[str, ...]) -> str:
    """Return the help of an expression function as HTML, in the format of QGIS's own functions.

    Optional arguments are in brackets.
    """
    signature = ""
    for number, argument in enumerate(arguments):
        word = (", " if number else "") + argument.name
        signature += f"[{word}]" if argument.is_optional else word
    rows = "".join(f"<tr><td><code>{a.name}</code></td><td>{escape(a.help_text)}</td></tr>" for a in arguments)
    example_items = "".join(f"<li><code>{escape(example)}</code></li>" for example in examples)
    return (
        f"<h3>{name}</h3><p>{escape(text)}</p>"
        f"<h4>{tr('Syntax')}</h4><p><code>{name}({signature})</code></p>"
        f"<h4>{tr('Arguments')}</h4><table>{rows}</table>"
        f"<h4>{tr('Examples')}</h4><ul>{example_items}</ul>"
    )


def is_null(value: Any) -> bool:
    """Return True for None and a QGIS NULL."""
    return value is None or value == NULL
