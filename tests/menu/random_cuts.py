"""Random expressions of the language of cuts, of every form it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")


class RandomCuts:
    """objects: fields by object; lists: outputs of networks with their sizes; constants: near the data."""

    def __init__(
        self,
        rng: np.random.Generator,
        objects: Mapping[str, tuple[int, Sequence[str]]],
        lists: Mapping[str, int],
        units: Sequence[str],
        constants: Sequence[int],
    ) -> None:
        self.rng, self.objects, self.lists = rng, objects, lists
        self.units, self.constants = units, constants
        self.seeds: list[str] = []

    def pick(self, *choices: str) -> str:
        return choices[int(self.rng.integers(len(choices)))]

    def condition(self, depth: int, inside: str | None = None) -> str:
        forms = ["compare", "compare", "chain"]
        if depth > 0:
            forms += ["and", "or", "not", "and"]
            forms += ["any", "all", "any_list"] if inside is None else []
        if inside is None:
            forms += ["typical", "typical", "seed" if self.seeds else "typical"]
        form = self.pick(*forms)
        if form == "seed":
            return self.pick(*self.seeds)
        if form == "typical":
            return self.typical()
        if form in ("and", "or"):
            parts = [self.condition(depth - 1, inside) for _ in range(self.rng.integers(2, 4))]
            return "(" + f" {form} ".join(parts) + ")"
        if form == "not":
            return f"not ({self.condition(depth - 1, inside)})"
        if form in ("any", "all"):
            name = self.pick(*self.objects)
            return f"{form}({name}, {self.condition(depth - 1, name)})"
        if form == "any_list":
            return (
                f"{self.pick('any', 'all')}({self.list(depth)} {self.pick(*COMPARISONS)} {self.constant()})"
            )
        sides = [self.number(depth, inside) for _ in range(3 if form == "chain" else 2)]
        if self.rng.random() < 0.6:
            sides[-1] = self.constant()
        text = sides[0]
        for side in sides[1:]:
            text += f" {self.pick(*COMPARISONS)} {side}"
        return "(" + text + ")"

    def typical(self) -> str:
        """Thresholds on the fields of an object, as most seeds have them, also at the ends of the range."""
        name = self.pick(*self.objects)
        parts = []
        for _ in range(self.rng.integers(1, 4)):
            field = self.pick(*self.objects[name][1])
            number = self.pick(*map(str, self.constants), "-32768", "-32767", "32767")
            parts.append(f"{self.pick(field, f'abs({field})', field)} {self.pick(*COMPARISONS)} {number}")
        function = self.pick("any", "any", "any", "all", "1 <= count")
        return f"{function}({name}, {' and '.join(parts)})"

    def constant(self) -> str:
        number = str(int(self.rng.choice(np.asarray(self.constants))))
        form = self.pick("plain", "plain", "unit", "half")
        if form == "unit":
            return f"{number}*{self.pick(*self.units)}"
        return f"({abs(int(number))}.5*GeV)" if form == "half" else number

    def number(self, depth: int, inside: str | None = None) -> str:
        forms = ["element", "element", "constant"] if inside is None else ["field", "field", "constant"]
        if depth > 0:
            forms += ["arithmetic", "arithmetic", "minus", "abs", "extreme"]
            forms += ["count", "sum", "reduce", "sum_over", "reduce_over"] if inside is None else ["element"]
        form = self.pick(*forms)
        if form == "element":
            return self.element()
        if form == "field":
            return self.pick(*self.objects[inside or ""][1], f"{inside}.{self.objects[inside or ''][1][0]}")
        if form == "constant":
            return self.constant()
        if form == "arithmetic":
            left, right = self.number(depth - 1, inside), self.number(depth - 2, inside)
            return f"({left} {self.pick('+', '-', '*')} {right})"
        if form == "minus":
            return f"-{self.number(depth - 1, inside)}"
        if form == "abs":
            return f"abs({self.number(depth - 1, inside)})"
        if form == "extreme":
            parts = [self.number(depth - 1, inside) for _ in range(self.rng.integers(2, 4))]
            return f"{self.pick('max', 'min')}({', '.join(parts)})"
        name = self.pick(*self.objects)
        if form == "count":
            return f"count({name}, {self.condition(depth - 1, name)})"
        if form == "sum_over":
            condition = self.condition(depth - 1, name)
            return f"sum({name}, {self.number(depth - 1, name)}, {condition})"
        if form == "reduce_over":
            return f"{self.pick('max', 'min', 'sum')}({name}, {self.number(depth - 1, name)})"
        return f"{'sum' if form == 'sum' else self.pick('max', 'min')}({self.list(depth)})"

    def element(self) -> str:
        owners = [*self.objects, *self.lists]
        owner = self.pick(*owners)
        if owner in self.lists:
            size = self.lists[owner]
            return f"{owner}[{self.rng.integers(size)}]" if size > 1 else owner
        count, fields = self.objects[owner]
        index, field = self.rng.integers(count), self.pick(*fields)
        return self.pick(f"{owner}[{index}].{field}", f"{owner}.{field}[{index}]")

    def list(self, depth: int) -> str:
        owner = self.pick(*self.objects)
        one = f"{owner}.{self.pick(*self.objects[owner][1])}"
        form = self.pick("plain", "scaled", "pair", "output")
        if form == "output" and self.lists:
            return self.pick(*self.lists)
        if form == "scaled":
            return f"({one} {self.pick('+', '-', '*')} {self.constant()})"
        if form == "pair":
            other = f"{owner}.{self.pick(*self.objects[owner][1])}"
            return f"abs({one} - {other} * 2)" if depth > 0 else f"({one} + {other})"
        return one
