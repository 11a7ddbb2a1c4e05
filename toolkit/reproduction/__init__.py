"""Reproductions of published figures: assumptions, trials, criteria and verdicts."""
