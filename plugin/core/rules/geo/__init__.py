# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on one geometry. One file per rule."""
