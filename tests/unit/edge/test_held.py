from streamgauge.edge.held import HeldAnswers


def asked(held: HeldAnswers, now: float, value: int, *, fresh: bool = False) -> tuple[int, int]:
    return held.get("server", now, 300, lambda: value, fresh=fresh)


def test_an_answer_is_held_until_it_is_too_old():
    held = HeldAnswers()
    assert asked(held, 1000, 1) == (1, 300)
    assert asked(held, 1299.5, 2) == (1, 0)
    assert asked(held, 1300, 3) == (3, 300)


def test_who_asks_anew_gets_a_new_one_and_so_do_the_next():
    held = HeldAnswers()
    asked(held, 1000, 1)
    assert asked(held, 1001, 2, fresh=True) == (2, 300)
    assert asked(held, 1002, 3) == (2, 299)


def test_a_clock_that_was_set_back_makes_no_answer_eternal():
    held = HeldAnswers()
    asked(held, 1000, 1)
    assert asked(held, 500, 2) == (2, 300)


def test_nothing_is_held_when_nothing_is_to_be():
    held = HeldAnswers()
    assert held.get("a", 1, 0, lambda: 1) == (1, 0)
    assert held.get("a", 1, 0, lambda: 2) == (2, 0)
