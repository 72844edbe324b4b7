"""Plausible wrong answers to the benchmark's exercises."""

from courseware.checks import wrong


@wrong("smooth")
def up_to_the_ends(solution):
    """Averages at the ends as well, where there are fewer values."""
    return solution.replace('"valid"', '"same"')


@wrong("decay")
def grows(solution):
    """Adds what should be lost."""
    return solution.replace("v - dt", "v + dt")


@wrong("walk")
def square_of_the_mean(solution):
    """Squares the mean distance."""
    return solution.replace("np.mean(ends**2)", "np.mean(ends) ** 2")


@wrong("walk")
def without_seed(solution):
    """Draws other walks each time."""
    return solution.replace("default_rng(seed)", "default_rng()")
