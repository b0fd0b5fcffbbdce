"""Tests of the doors: HTTP in; answers, rows and events out."""
