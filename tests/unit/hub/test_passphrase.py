import pytest
from argon2 import extract_parameters
from courseware import passphrase


@pytest.mark.parametrize(
    "typed",
    [
        "river-stone-lamp-yo-yo",
        "river stone lamp yo yo",
        "  River  Stone\tLAMP yo-yo\n",
        "river – stone — lamp_yo‐yo",  # noqa: RUF001 - the dashes that phones make of two hyphens
        "ｒiver-stone-lamp-yo-yo",  # noqa: RUF001 - full-width letter
    ],
)
def test_typing_variants_are_the_same(typed):
    assert passphrase.normalise(typed) == "river-stone-lamp-yo-yo"


def test_another_passphrase_is_not_the_same():
    assert passphrase.normalise("river stonelamp") != passphrase.normalise("river stone lamp")


def test_hash_and_verify():
    hashed = passphrase.hash("river stone lamp moss")
    assert hashed.startswith("$argon2id$")
    parameters = extract_parameters(hashed)
    assert (parameters.time_cost, parameters.memory_cost, parameters.parallelism) == (2, 19456, 1)
    assert passphrase.verify(hashed, " RIVER-stone lamp moss ")
    assert not passphrase.verify(hashed, "river stone lamp mos")
    assert not passphrase.verify(hashed, "")


def test_equal_passphrases_have_different_hashes():
    assert passphrase.hash("a b c d") != passphrase.hash("a b c d")


def test_generated_ones_are_four_words_and_differ():
    made = {passphrase.generate() for _ in range(50)}
    assert len(made) == 50
    assert all(passphrase.normalise(p) == p and len(p.split("-")) >= 4 for p in made)
    assert len(passphrase._words()) == 7776
