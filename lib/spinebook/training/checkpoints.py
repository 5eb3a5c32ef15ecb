"""Keep the state of a long training on disk, and go on from it."""

from __future__ import annotations

import hashlib
import time
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

T = TypeVar("T")
_SAVE_SECONDS = 60.0
_IDENTITY = "identity.txt"


class Checkpoints:
    """The saved states of one training, in a folder; without a folder nothing is kept.

    A state is written about once a minute, and orbax sees to it that an interrupted write leaves
    the one before intact. The folder belongs to one training: a digest of everything it starts
    from (parameters, data, keys, steps) lies beside the states, and another one is refused.
    """

    def __init__(self, folder: str | PathLike[str] | None, identity: Any) -> None:
        """Open the folder, which is made if it is not there."""
        self._manager: Any = None
        self._saved = time.monotonic()
        if folder is None:
            return
        path = Path(folder).absolute()
        path.mkdir(parents=True, exist_ok=True)
        _claim(path, _digest(identity))
        import orbax.checkpoint as ocp

        options = ocp.CheckpointManagerOptions(max_to_keep=2, enable_async_checkpointing=False)
        self._manager = ocp.CheckpointManager(path / "states", options=options)

    def restore(self, kept: T) -> T:
        """Return the newest saved state, or ``kept`` as it is if there is none."""
        if self._manager is None or self._manager.latest_step() is None:
            return kept
        import orbax.checkpoint as ocp

        latest = self._manager.latest_step()
        target = jax.tree.map(_plain, kept)
        restored = self._manager.restore(latest, args=ocp.args.StandardRestore(target))
        again: T = jax.tree.map(_as_it_was, kept, restored)
        return again

    def save(self, kept: Any, *, last: bool = False) -> None:
        """Save a state, unless one was saved within the last minute."""
        if self._manager is None:
            return
        if not last and time.monotonic() - self._saved < _SAVE_SECONDS:
            return
        import orbax.checkpoint as ocp

        step = int(kept.step)
        if step != self._manager.latest_step():
            self._manager.save(step, args=ocp.args.StandardSave(jax.tree.map(_plain, kept)))
        self._saved = time.monotonic()

    def close(self) -> None:
        """Finish writing."""
        if self._manager is not None:
            self._manager.close()


def _is_key(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array) and jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _plain(leaf: Any) -> np.ndarray:
    """Return a leaf in host memory, a random key as its numbers."""
    return np.asarray(jax.random.key_data(leaf) if _is_key(leaf) else leaf)


def _as_it_was(leaf: Any, restored: Any) -> Any:
    """Return a restored leaf in the form of the one it stands for.

    Records are written in place, and orbax may return arrays that are read-only.
    """
    array = np.array(restored)
    return jax.random.wrap_key_data(jnp.asarray(array)) if _is_key(leaf) else array


def _digest(identity: Any) -> str:
    digest = hashlib.sha256()
    for path, leaf in jax.tree_util.tree_leaves_with_path(identity):
        array = np.ascontiguousarray(_plain(leaf))
        digest.update(f"{jax.tree_util.keystr(path)} {array.shape} {array.dtype}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _claim(folder: Path, digest: str) -> None:
    note = folder / _IDENTITY
    if not note.is_file():
        note.write_text(digest, encoding="utf-8")
    elif note.read_text(encoding="utf-8") != digest:
        raise ValueError(
            f"{folder} holds checkpoints of another training (other parameters, data, key or "
            "steps); pass another folder, or remove this one to start anew"
        )
