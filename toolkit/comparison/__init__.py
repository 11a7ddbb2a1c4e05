"""Comparisons of protocols under the same clients and the same faults."""
