import pytest

from dashboard.seats import Full, Seats, TooMany


def test_a_process_serves_only_so_many() -> None:
    seats = Seats(2, 2)
    seats.take(None)
    seats.take(1)
    with pytest.raises(Full, match="2 pages"):
        seats.take(None)
    seats.leave(1)
    seats.take(None)


def test_one_user_has_only_so_many_of_them_and_others_are_not_counted() -> None:
    seats = Seats(10, 2)
    for user in (1, 1, 2, None, None, None):
        seats.take(user)
    with pytest.raises(TooMany, match="2 live pages"):
        seats.take(1)
    assert seats.taken == 6


def test_a_seat_that_was_left_is_free_again_and_its_user_forgotten() -> None:
    seats = Seats(10, 1)
    for _ in range(3):
        seats.take("alice")
        seats.leave("alice")
    assert (seats.taken, len(seats._by_user)) == (0, 0)
