"""Sessions: create them, pair them, supervise their lines. Not: what is said over a line (that is messaging)."""
