# SPDX-License-Identifier: GPL-2.0-or-later
"""Settings that a project keeps: county profile, document information, paths and waivers."""
