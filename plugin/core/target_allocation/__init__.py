# SPDX-License-Identifier: GPL-2.0-or-later
"""传导: what is handed down from a plan to those below it, and whether it adds up."""
