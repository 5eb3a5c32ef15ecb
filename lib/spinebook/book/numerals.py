"""How numbers are written for a reader: powers of ten as powers of ten."""

from __future__ import annotations

import re

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_EXPONENT = re.compile(r"(?P<mantissa>-?\d+(?:\.\d+)?)e(?P<sign>[+-]?)0*(?P<digits>\d+)")


def scientific(text: str) -> str:
    """Rewrite every ``1.5e-09`` in a text as ``1.5×10⁻⁹`` and a leading hyphen as a minus sign.

    Examples:
        >>> scientific("1.5e-09")
        '1.5×10⁻⁹'
        >>> scientific("-0.25")
        '−0.25'
    """

    def power(match: re.Match[str]) -> str:
        sign = "-" if match["sign"] == "-" else ""
        exponent = (sign + match["digits"]).translate(_SUPERSCRIPTS)
        return f"{match['mantissa']}×10{exponent}"

    written = _EXPONENT.sub(power, text)
    return "−" + written[1:] if re.match(r"-\d", written) else written


def compact(value: float, digits: int = 4) -> str:
    """Write a number with a few significant digits, as the ledger shows it.

    Examples:
        >>> compact(1.0491918e-9)
        '1.049×10⁻⁹'
        >>> compact(12.0)
        '12'
        >>> compact(-18474.4)
        '−18,474'
    """
    if (value == int(value) and abs(value) < 10**7) or 10**4 <= abs(value) < 10**7:
        return scientific(f"{round(value):,}" if abs(value) >= 10**4 else str(round(value)))
    return scientific(format(value, f".{digits}g"))
