"""Numbers as they were written down, with the error that their last digit leaves."""

from decimal import Decimal


def half_a_unit(text, significant=0):
    """Half a unit of the last digit, or of a later one where trailing zeros were left out."""
    number = Decimal(text)
    place = min(number.adjusted() - significant + 1 if significant else 99, number.as_tuple()[2])
    return 0.501 * 10.0**place
