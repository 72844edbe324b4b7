"""Machines, releases and the command line behind `make`."""
