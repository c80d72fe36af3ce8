# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands of ``python -m plugin.core``: their arguments, actions and output."""
