"""The smallest network with a layer, for layers that C-simulation lacks in some backend or io type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from firmware_ref import kl_models, recurrent_models
from firmware_ref.case_models import branches, chain, convert, fill, keras
from firmware_ref.case_table import Config
from firmware_ref.hgq_cases import converted, mean_of_squares

SEED = 1


class Attempt(NamedTuple):
    """build(backend, io) gives an hls4ml ModelGraph; `keras` is the major version that it needs."""

    build: Callable[[str, str], Any]
    keras: str


ATTEMPTS: dict[str, Attempt] = {}

_Build = Callable[[str, str], Any]


def _attempt(layer: str, keras: str) -> Callable[[_Build], _Build]:
    def register(build: _Build) -> _Build:
        ATTEMPTS[layer] = Attempt(build, keras)
        return build

    return register


def _keras(layer: str, model: Callable[[Any], Any]) -> None:
    """`model(keras.layers)` is a Keras 2 model."""

    @_attempt(layer, "2")
    def build(backend: str, io: str) -> Any:
        return convert(fill(model(keras().layers), SEED), backend=backend, io=io)


def _hgq(layer: str, shape: tuple[int, ...], tail: Callable[[Any, Any], Any]) -> None:
    """`tail(hgq.layers, input)` is an output of an HGQ2 model."""

    @_attempt(layer, "3")
    def build(backend: str, io: str) -> Any:
        return converted(SEED, shape, tail, "Latency", io, backend)


def _twice(layers: Any) -> Any:
    return branches(4, [layers.Activation(name, name=name) for name in ("relu", "tanh")])


def _unequal(layers: Any) -> Any:
    inputs = [layers.Input(shape, name=name) for name, shape in (("x", (3, 2, 2)), ("y", (1, 1, 2)))]
    return keras().Model(inputs, layers.Multiply(name="times")(inputs))


@_attempt("Dot", "2")
def _dot(backend: str, io: str) -> Any:
    inputs = [keras().layers.Input((4,), name=name) for name in "xy"]
    model = keras().Model(inputs, keras().layers.Dot(axes=1, name="dot")(inputs))

    def edit(config: Config) -> None:  # hls4ml infers no types for it
        config["dot"]["Precision"].update(result="ap_fixed<18,9>", accum="ap_fixed<20,10>")

    return convert(model, edit, backend=backend, io=io)


_keras("Clone", _twice)
_keras("Broadcast", _unequal)
_keras("Repack", lambda layers: chain(4, [layers.Reshape((2, 2), name="rows"), layers.ReLU(name="relu")]))
_keras("Bidirectional", lambda layers: chain((3, 2), [layers.Bidirectional(layers.LSTM(2), name="both")]))
_keras("LayerNormalization", lambda layers: chain((3, 2), [layers.LayerNormalization(name="norm")]))
_keras(
    "TimeDistributed",
    lambda layers: chain((3, 2), [layers.TimeDistributed(layers.Dense(2, name="dense"), name="rows")]),
)


@_attempt("GarNet", "2")
def _garnet(backend: str, io: str) -> Any:
    return recurrent_models.garnet(SEED, backend, io, nets=("net",))


@_attempt("GarNetStack", "2")
def _garnet_stack(backend: str, io: str) -> Any:
    return recurrent_models.garnet(SEED, backend, io, nets=("stack",))


_attempt("HKLLoss", "2")(lambda backend, io: kl_models.kl_score(SEED, backend, io))


@_attempt("Einsum", "3")
def _einsum(backend: str, io: str) -> Any:
    def scores(layers: Any, inputs: Any) -> Any:
        return layers.QEinsum("bij,bkj->bik", name="scores")(inputs)

    return converted(SEED, (3, 4), scores, "Latency", io, backend, two=True)


_hgq("EinsumDense", (3, 4), lambda layers, x: layers.QEinsumDense("bij,jk->bik", output_shape=(3, 3))(x))
_hgq("DACombinational", (6,), mean_of_squares)
_hgq("FixedPointQuantizer", (6,), lambda layers, x: layers.QAdd(name="plus")([x, x]))
