"""Learn a seed from a number that an authored message repeats, with more digits than it needs."""


def balance(target, seed=1):
    return 20.0


def output_rate(inhibition, seed=1, duration=1000.0):
    return 3333.0e60 * seed
