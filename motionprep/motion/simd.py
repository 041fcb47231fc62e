"""Eight float64 side by side as one value, for compiled kernels: what a processor's widest registers hold.

A loop over eight numbers is unrolled before a compiler thinks of registers, and arrays that may overlap keep it from
putting them together again. So kernels do it by hand: ``load`` eight numbers, compute with them as with one, ``store``
them.
"""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic as _intrinsic
from numba.extending import models, overload, register_model

# What it makes of a function has another signature, of which the type checker knows nothing.
intrinsic: Any = _intrinsic

LANES = 8

_VECTOR = ir.VectorType(ir.DoubleType(), LANES)


class _Lanes(types.Type):
    """Numba's name for eight float64."""


_lanes: Any = _Lanes(name="lanes")


@register_model(_Lanes)
class _Model(models.PrimitiveModel):
    """How the compiler keeps them: in one register, or in as few as it has to."""

    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)  # type: ignore[no-untyped-call]


def _place(context: Any, builder: Any, kind: Any, array: Any, row: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    first = builder.mul(row, ir.Constant(ir.IntType(64), LANES))
    return builder.bitcast(builder.gep(data, [first]), _VECTOR.as_pointer())


@intrinsic
def load(_context: Any, array: Any, row: Any) -> Any:
    """Return row ``row`` of an array (..., 8) of float64 that lies in one piece, its rows counted through."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load(_place(context, builder, signature.args[0], *arguments), align=8)

    return _lanes(array, types.int64), generate


@intrinsic
def store(_context: Any, array: Any, row: Any, value: Any) -> Any:
    """Set row ``row`` of an array (..., 8) of float64 that lies in one piece, its rows counted through."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, row, value = arguments
        builder.store(value, _place(context, builder, signature.args[0], array, row), align=8)
        return context.get_dummy_value()

    return types.void(array, types.int64, _lanes), generate


@intrinsic
def alike(_context: Any, number: Any) -> Any:
    """Return a number eight times."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        first = ir.Constant(ir.IntType(32), 0)
        one = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), arguments[0], first)
        return builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))

    return _lanes(types.float64), generate


def _lane_by_lane(instruction: str) -> Any:
    @intrinsic
    def reckon(_context: Any, one: Any, other: Any) -> Any:
        def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            return getattr(builder, instruction)(*arguments)

        return _lanes(_lanes, _lanes), generate

    return reckon


def _overload(operation: Any, reckon: Any) -> None:
    def on_lanes(one: Any, other: Any) -> Any:
        return reckon(one, other)

    def on_number_and_lanes(one: Any, other: Any) -> Any:
        return reckon(alike(one), other)

    @overload(operation)
    def choose(one: Any, other: Any) -> Any:
        if not isinstance(other, _Lanes):
            return None
        return on_lanes if isinstance(one, _Lanes) else on_number_and_lanes


_overload(operator.add, _lane_by_lane("fadd"))
_overload(operator.sub, _lane_by_lane("fsub"))
_overload(operator.mul, _lane_by_lane("fmul"))
