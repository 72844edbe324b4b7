"""What goes into a participant's lab: `place` (needs the standard library only) and `check`."""
