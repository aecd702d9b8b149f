"""Faces with landmarks in files; each format is read and written in one module."""
