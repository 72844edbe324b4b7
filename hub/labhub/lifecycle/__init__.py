"""Starts and stops labs by the schedule: the hub's service `lifecycle`."""
