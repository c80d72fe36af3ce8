# SPDX-License-Identifier: GPL-2.0-or-later
"""Settings stored in a project: profile, document information, paths, waivers."""
