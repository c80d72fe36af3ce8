# SPDX-License-Identifier: GPL-2.0-or-later
"""What an office asks beside a check: projects, adjustment, evaluation, yearly maintenance, office tables."""
