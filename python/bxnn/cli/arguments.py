"""Numbers on the command line: out of range is wrong usage."""

from __future__ import annotations

import argparse
import math

from bxnn._core import InputError


def positive(text: str) -> int:
    return _at_least(1, text)


def non_negative(text: str) -> int:
    return _at_least(0, text)


def positives(text: str) -> list[int]:
    return [positive(number) for number in text.split(",")]


def non_negatives(text: str) -> list[int]:
    return [non_negative(number) for number in text.split(",")]


def seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"expected a time above zero, got '{text}'")
    return number


def _at_least(least: int, text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if number < least:
        raise argparse.ArgumentTypeError(f"expected a whole number from {least}, got '{text}'")
    return number


def refuse(args: argparse.Namespace, options: str, reason: str) -> None:
    """Raise InputError if one of these options, 'a b c', was given, which would do nothing."""
    for option in options.split():
        value = getattr(args, option)
        if value is not None and value is not False and value != []:  # 0 was given
            raise InputError(f"--{option.replace('_', '-')}: {reason}")
