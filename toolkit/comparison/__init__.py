"""Several protocols under the same clients and the same faults, side by side."""
