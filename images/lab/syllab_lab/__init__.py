"""The process of a lab's server: what it does at its start, and what it does without."""
