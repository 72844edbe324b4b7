"""A list of whole numbers that no float can hold."""


def fi_curve(currents, duration=1000.0):
    return [10**400] * len(currents)
