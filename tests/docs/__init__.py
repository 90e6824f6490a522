"""Tests that execute the documentation: the file format, the claims on exactness, the snippets."""
