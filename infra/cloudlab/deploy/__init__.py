"""The course on machines elsewhere: make deploy and its companions."""
