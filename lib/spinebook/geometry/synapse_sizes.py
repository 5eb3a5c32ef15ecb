"""Measured sizes of cortical synapses, as public histograms give them."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

_LOG10_RANGE = (-2.1, 0.0)
_COUNTS = (
    *(0, 2, 6, 4, 2, 15, 22, 24, 23, 20),
    *(31, 21, 13, 15, 15, 11, 15, 20, 15, 12),
    *(9, 15, 4, 1, 3, 1, 0, 0, 0),
)


def microns_synapse_sizes() -> tuple[Float[np.ndarray, " 30"], Int[np.ndarray, " 29"]]:
    """Return a histogram of spine-head volumes of mouse visual cortex, layer 2/3.

    Read off the stored histogram of the notebook ``DashSynapseExplorer.ipynb`` in the public
    repository AllenInstitute/MicronsBinder: synapses between pairs of pyramidal cells that share
    two synapses (Dorkenwald et al. 2022 describe the data). 29 equal bins of log10(volume / um^3)
    from -2.1 to 0; 319 of the 320 synapses could be recovered.

    Returns:
        Edges of the bins in cubic micrometres, and the count in each.

    Examples:
        >>> edges, counts = microns_synapse_sizes()
        >>> len(edges), int(counts.sum())
        (30, 319)
    """
    return 10.0 ** np.linspace(*_LOG10_RANGE, len(_COUNTS) + 1), np.array(_COUNTS)
