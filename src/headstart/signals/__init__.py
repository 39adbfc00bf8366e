"""Judging measured signals: findings, verdicts, fixes. Knows no framework."""
