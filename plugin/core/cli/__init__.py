# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands of ``python -m plugin.core``: what they are told, what they do, what they say."""
