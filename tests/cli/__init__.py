"""Tests of the command line, the sandbox and the log, in real processes."""
