"""Reads a course folder and makes what follows from it. Imports nothing: labs load it too."""
