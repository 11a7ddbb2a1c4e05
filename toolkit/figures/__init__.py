"""Experiments, and reports of what they showed."""
