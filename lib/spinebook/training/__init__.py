"""Train many networks together: seeds and conditions in one compiled program."""

from spinebook.training.recipe import Recipe
from spinebook.training.rows import random_rows
from spinebook.training.train import Trained, train

__all__ = ["Recipe", "Trained", "random_rows", "train"]
