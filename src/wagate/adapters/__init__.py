"""Plugs: how the outside does it. They import ports and domain, nothing else of ours."""
