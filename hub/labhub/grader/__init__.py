"""The grader: takes exercises from labs, runs them locked in, and keeps the gradebook."""
