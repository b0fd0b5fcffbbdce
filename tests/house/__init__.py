"""The rules of the house, as tests: what no linter checks."""
