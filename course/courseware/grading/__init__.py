"""Official grading: checks run on the trusted side and ask a lab for plain values only."""
