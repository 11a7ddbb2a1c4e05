"""The figures that travel with the toolkit, one module for each paper's experiment."""
