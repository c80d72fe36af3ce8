# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on the structure of layers."""
