"""Exact attention in memory that grows with the length, not with its square.

The scores are computed in blocks that are forgotten at once. Of each query only the
largest score so far, the sum of the powers and the sum of the values are kept
([Milakov and Gimelshein, 2018](https://arxiv.org/abs/1805.02867)); the gradient
computes the blocks anew ([Dao et al., 2022](https://arxiv.org/abs/2205.14135)).
"""

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from keras import ops
from keras.backend import result_type

from attnlib import masks
from attnlib._types import Tensor

State: TypeAlias = tuple[Tensor, ...]  # what a loop carries from step to step
Index: TypeAlias = Tensor  # which block, one integer

BLOCK_SIZES = (1024, 512, 256, 128)
NUMBERS_A_BLOCK = 1 << 19  # 2 MiB of float32: the block stays in the cache
CAUSAL = "causal"  # in place of a mask: no later key, the queries being the last ones


def blocked_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    *,
    scale: float,
    softcap: float | None = None,
    bias: Tensor | None = None,
    allowed: Sequence[Tensor] = (),
    block_size: int | None = None,
) -> Tensor:
    """Compute the context of scaled dot-product attention, block by block.

    Args:
        query: (batch, query, heads, depth), floating.
        key: (batch, key, heads, depth).
        value: (batch, key, heads, value_depth).
        scale: factor of the dot product.
        softcap: bounds the scores softly, before `bias`; None for no bound.
        bias: floating, (batch, heads, query, key), where any size may be 1; added to
            the scores. It has a gradient.
        allowed: list of boolean masks of such a shape, or CAUSAL; a key counts where
            all are True. Blocks in which no key counts are skipped.
        block_size: queries and keys of a block; None chooses it.

    Returns:
        Context, (batch, query, heads, value_depth), in the dtype of `value`. It is
        zero for a query for which no key counts, and all gradients are finite.

    >>> tokens = np.eye(4, dtype="float32")[None, :, None]  # one head
    >>> context = blocked_attention(tokens, tokens, tokens, scale=0.5)
    >>> print(np.round(context[0, 0, 0], 4))
    [0.3547 0.2151 0.2151 0.2151]
    """
    grid = _Grid(query, key, block_size, allowed)
    tensors = [grid.pad_rows(query), grid.pad_keys(key), grid.pad_keys(value)]
    if bias is not None:
        tensors.append(grid.pad_pairs(bias))

    @ops.custom_gradient
    def attend(*tensors: Tensor) -> tuple[Tensor, Callable[..., State]]:
        tensors = tuple(ops.convert_to_tensor(x) for x in tensors)
        blocks = _Blocks(grid, scale, softcap, *tensors)
        context, log_total = blocks.forward()

        def gradient(*args: Tensor, upstream: Tensor | None = None) -> State:
            upstream = args[0] if upstream is None else upstream
            return blocks.backward(upstream, context, log_total)

        return ops.cast(context, tensors[2].dtype), gradient

    return attend(*tensors)[:, : grid.queries]


class _Grid:
    """Which queries and keys make a block, and in which blocks a key counts."""

    def __init__(
        self,
        query: Tensor,
        key: Tensor,
        block_size: int | None,
        allowed: Sequence[Tensor],
    ) -> None:
        self.queries, self.keys = query.shape[1], key.shape[1]
        size = block_size or _choose_size(query, key)
        self.rows = min(size, self.queries)  # of a block
        self.columns = min(size, self.keys)
        self.row_blocks = math.ceil(self.queries / self.rows)
        self.column_blocks = math.ceil(self.keys / self.columns)
        self.offset = self.keys - self.queries
        self.is_causal = any(mask is CAUSAL for mask in allowed)
        self.masks = [self.pad_pairs(mask) for mask in allowed if mask is not CAUSAL]
        self.seen = self._find_seen()

    def pad_rows(self, x: Tensor, axis: int = 1) -> Tensor:
        """Pad the queries to whole blocks."""
        return _pad(x, axis, self.row_blocks * self.rows)

    def pad_keys(self, x: Tensor, axis: int = 1) -> Tensor:
        """Pad the keys to whole blocks."""
        return _pad(x, axis, self.column_blocks * self.columns)

    def pad_pairs(self, x: Tensor) -> Tensor:
        """Pad (batch, heads, query, key) to whole blocks; a size of 1 stays."""
        x = ops.convert_to_tensor(x)
        if x.shape[2] != 1:
            x = self.pad_rows(x, axis=2)
        if x.shape[3] != 1:
            x = self.pad_keys(x, axis=3)
        return x

    def place(
        self, x: Tensor, row: Index, column: Index
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Give the start and the shape of a block in (batch, heads, query, key)."""
        shape = list(ops.shape(x)[:2])
        start = [0, 0]
        for size, block, index in zip(
            x.shape[2:], (self.rows, self.columns), (row, column), strict=True
        ):
            start.append(0 if size == 1 else index * block)
            shape.append(1 if size == 1 else block)
        return start, shape

    def allowed(self, row: Index, column: Index) -> Tensor | None:
        """Tell which keys count in a block; None where all do."""
        parts = [ops.slice(mask, *self.place(mask, row, column)) for mask in self.masks]
        keys = column * self.columns + ops.arange(self.columns, dtype="int32")
        if self.column_blocks * self.columns > self.keys:
            parts.append(keys < self.keys)
        if self.is_causal:
            queries = row * self.rows + ops.arange(self.rows, dtype="int32")
            parts.append(keys[None] <= queries[:, None] + self.offset)
        return masks.combine(*parts)

    def _find_seen(self) -> Tensor | None:
        """Tell for each block whether any key counts there; None where all may."""
        parts = []
        if self.is_causal:
            last = (np.arange(self.row_blocks) + 1) * self.rows - 1 + self.offset
            first = np.arange(self.column_blocks) * self.columns
            parts.append(first[None] <= last[:, None])
        for mask in self.masks:
            queries, keys = mask.shape[2:]  # padded, or 1
            rows, columns = min(queries, self.rows), min(keys, self.columns)
            blocks = (queries // rows, rows, keys // columns, columns)
            found = ops.reshape(ops.any(mask, axis=(0, 1)), blocks)
            parts.append(ops.any(found, axis=(1, 3)))
        seen = masks.combine(*parts)
        if seen is None:
            return None
        return ops.broadcast_to(seen, (self.row_blocks, self.column_blocks))


class _Blocks:
    """Forward and backward over the blocks.

    Whole tensors are (batch, length, heads, depth); a block of one has its heads first.
    """

    def __init__(
        self,
        grid: _Grid,
        scale: float,
        softcap: float | None,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        bias: Tensor | None = None,
    ) -> None:
        self.grid, self.scale, self.softcap = grid, scale, softcap
        self.query, self.key, self.value, self.bias = query, key, value, bias
        self.dtype = result_type(query.dtype, value.dtype, "float32")

    def forward(self) -> State:
        """Return the context, and the log of the sum of powers of each query."""
        context = ops.zeros_like(self._wide(self.value[:, :1]))
        context = ops.repeat(context, self.query.shape[1], axis=1)
        log_total = ops.zeros_like(self._wide(self.query[..., :1]))

        def query_block(row: Index, context: Tensor, log_total: Tensor) -> State:
            query = self._rows(self.query, row)
            peak = ops.full_like(query[..., :1], -math.inf)
            total = ops.zeros_like(peak)
            fused = self._rows(context, row)

            def key_block(
                column: Index, peak: Tensor, total: Tensor, fused: Tensor
            ) -> State:
                key, value = (self._columns(x, column) for x in (self.key, self.value))
                scores = self._scores(query, key, row, column)[0]
                new_peak = ops.maximum(peak, ops.max(scores, axis=-1, keepdims=True))
                finite = ops.where(
                    ops.isfinite(new_peak), new_peak, ops.zeros_like(new_peak)
                )
                powers = ops.exp(scores - finite)
                shrink = ops.exp(peak - finite)
                total = total * shrink + ops.sum(powers, axis=-1, keepdims=True)
                fused = fused * shrink + ops.matmul(powers, value)
                return new_peak, total, fused

            peak, total, fused = self._loop(
                self.grid.column_blocks,
                lambda column: (row, column),
                key_block,
                (peak, total, fused),
            )
            nothing = ops.equal(total, 0)
            ones = ops.ones_like(total)
            safe_total = ops.where(nothing, ones, total)
            safe_peak = ops.where(nothing, ops.zeros_like(peak), peak)
            return (
                self._put_rows(context, fused / safe_total, row),
                self._put_rows(log_total, safe_peak + ops.log(safe_total), row),
            )

        return self._loop(self.grid.row_blocks, None, query_block, (context, log_total))

    def backward(self, upstream: Tensor, context: Tensor, log_total: Tensor) -> State:
        """Return the gradients of query, key, value (and bias)."""
        upstream = self._wide(upstream)
        shared = ops.sum(upstream * context, axis=-1, keepdims=True)
        wanted = [self.query, self.key, self.value]
        if self.bias is not None:
            wanted.append(self.bias)
        gradients = tuple(ops.zeros_like(self._wide(x)) for x in wanted)

        def key_block(
            column: Index,
            query_gradient: Tensor,
            key_gradient: Tensor,
            value_gradient: Tensor,
            *rest: Tensor,
        ) -> State:
            key, value = (self._columns(x, column) for x in (self.key, self.value))

            def query_block(
                row: Index,
                query_gradient: Tensor,
                key_block: Tensor,
                value_block: Tensor,
                *rest: Tensor,
            ) -> State:
                query, given, shared_row, log_total_row = (
                    self._rows(x, row)
                    for x in (self.query, upstream, shared, log_total)
                )
                scores, slope = self._scores(query, key, row, column)
                weights = ops.exp(scores - log_total_row)
                value_block = value_block + ops.matmul(_turn(weights), given)
                change = weights * (ops.matmul(given, _turn(value)) - shared_row)
                rest = tuple(self._add_bias(x, change, row, column) for x in rest)
                change = change * slope
                query_gradient = self._put_rows(
                    query_gradient,
                    self._rows(query_gradient, row) + ops.matmul(change, key),
                    row,
                )
                key_block = key_block + ops.matmul(_turn(change), query)
                return query_gradient, key_block, value_block, *rest

            query_gradient, key_block, value_block, *others = self._loop(
                self.grid.row_blocks,
                lambda row: (row, column),
                query_block,
                (query_gradient, ops.zeros_like(key), ops.zeros_like(value), *rest),
            )
            return (
                query_gradient,
                self._put_columns(key_gradient, key_block, column),
                self._put_columns(value_gradient, value_block, column),
                *others,
            )

        gradients = self._loop(self.grid.column_blocks, None, key_block, gradients)
        return tuple(
            ops.cast(gradient, x.dtype)
            for gradient, x in zip(gradients, wanted, strict=True)
        )

    def _scores(
        self, query: Tensor, key: Tensor, row: Index, column: Index
    ) -> tuple[Tensor, Tensor]:
        """Return the masked scores of a block, and their slope in the dot product."""
        scores = ops.matmul(query, _turn(key)) * self.scale
        slope = self.scale
        if self.softcap is not None:
            capped = ops.tanh(scores / self.softcap)
            scores, slope = self.softcap * capped, self.scale * (1 - capped**2)
        if self.bias is not None:
            block = ops.slice(self.bias, *self.grid.place(self.bias, row, column))
            scores = scores + ops.cast(block, scores.dtype)
        allowed = self.grid.allowed(row, column)
        if allowed is not None:
            scores = ops.where(allowed, scores, ops.full_like(scores, -math.inf))
        return scores, slope

    def _add_bias(
        self, total: Tensor, change: Tensor, row: Index, column: Index
    ) -> Tensor:
        """Add a block's change to the gradient of the bias, summed where it is 1."""
        start, shape = self.grid.place(total, row, column)
        for axis in range(4):
            if total.shape[axis] == 1:
                change = ops.sum(change, axis=axis, keepdims=True)
        return ops.slice_update(total, start, ops.slice(total, start, shape) + change)

    def _loop(
        self,
        count: int,
        place: Callable[[Index], tuple[Index, Index]] | None,
        body: Callable[..., State],
        state: State,
    ) -> State:
        """Run body(index, *state) for each index whose block is seen."""

        def step(index: Index, *state: Tensor) -> State:
            seen = self.grid.seen
            if place is None or seen is None:
                return index + 1, *body(index, *state)
            row, column = place(index)
            state = ops.cond(
                seen[row, column], lambda: tuple(body(index, *state)), lambda: state
            )
            return index + 1, *state

        start = ops.convert_to_tensor(0, "int32")
        _, *end = ops.while_loop(
            lambda index, *state: index < count, step, (start, *state)
        )
        return tuple(end)

    def _wide(self, x: Tensor) -> Tensor:
        return ops.cast(x, self.dtype)

    def _rows(self, x: Tensor, row: Index) -> Tensor:
        return self._wide(_cut(x, row * self.grid.rows, self.grid.rows))

    def _columns(self, x: Tensor, column: Index) -> Tensor:
        return self._wide(_cut(x, column * self.grid.columns, self.grid.columns))

    def _put_rows(self, whole: Tensor, part: Tensor, row: Index) -> Tensor:
        return _put(whole, part, row * self.grid.rows)

    def _put_columns(self, whole: Tensor, part: Tensor, column: Index) -> Tensor:
        return _put(whole, part, column * self.grid.columns)


def _choose_size(query: Tensor, key: Tensor) -> int:
    """Choose the largest block that keeps the scores of a block small."""
    many = math.prod(n for n in (query.shape[0], query.shape[2]) if isinstance(n, int))
    fitting = [size for size in BLOCK_SIZES if many * size**2 <= NUMBERS_A_BLOCK]
    return fitting[0] if fitting else BLOCK_SIZES[-1]


def _cut(x: Tensor, start: Index, length: int) -> Tensor:
    """Cut a block out of (batch, length, heads, depth), with its heads first."""
    shape = ops.shape(x)
    block = ops.slice(x, [0, start, 0, 0], [shape[0], length, shape[2], shape[3]])
    return ops.transpose(block, (0, 2, 1, 3))


def _put(whole: Tensor, block: Tensor, start: Index) -> Tensor:
    """Put back what `_cut` cuts out."""
    return ops.slice_update(whole, [0, start, 0, 0], ops.transpose(block, (0, 2, 1, 3)))


def _pad(x: Tensor, axis: int, length: int) -> Tensor:
    missing = length - x.shape[axis]
    if not missing:
        return x
    return ops.pad(x, [(0, missing if i == axis else 0) for i in range(len(x.shape))])


def _turn(x: Tensor) -> Tensor:
    return ops.transpose(x, (0, 1, 3, 2))
