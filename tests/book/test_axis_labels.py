"""Axes without labels are found, those that need none are left in peace."""

import matplotlib.pyplot as plt
import pytest
from spinebook.book import record
from spinebook.book.axis_labels import unlabelled_axes


@pytest.fixture
def panels():
    """A function that makes panels with a line in each, drawn as they stand."""

    def make(columns=1, change=lambda axes: None, **options):
        fig, axes = plt.subplots(1, columns, squeeze=False, **options)
        for ax in axes[0]:
            ax.plot([1, 2, 3], [10, 20, 30])
        change(axes[0])
        fig.canvas.draw()
        return fig

    yield make
    plt.close("all")


def label(*axes):
    for ax in axes:
        ax.set(xlabel="time (ms)", ylabel="voltage (mV)")


def test_missing_labels_are_named__brute_force(panels):
    assert unlabelled_axes(panels()) == ["x axis of panel 1", "y axis of panel 1"]
    assert unlabelled_axes(panels(2, lambda axes: label(axes[0]))) == [
        "x axis of panel 2",
        "y axis of panel 2",
    ]
    assert unlabelled_axes(panels(2, lambda axes: label(*axes))) == []


def test_a_shared_scale_needs_one_label__property(panels):
    fig = panels(2, lambda axes: (label(axes[0]), axes[1].set_xlabel("s")), sharey=True)
    assert unlabelled_axes(fig) == []


def test_a_label_of_the_figure_counts__property(panels):
    fig = panels(2)
    fig.supxlabel("time (ms)")
    assert unlabelled_axes(fig) == ["y axis of panel 1", "y axis of panel 2"]


def test_names_and_empty_axes_need_no_label__property(panels):
    def names(axes):
        axes[0].set_xticks([1, 2, 3], ["before", "$g_{Na}$", r"$\alpha_1$"])
        axes[0].set_yticks([])

    assert unlabelled_axes(panels(1, names)) == []
    assert unlabelled_axes(panels(1, lambda axes: axes[0].axis("off"))) == []


@pytest.mark.parametrize(
    "tick", ["20", "−0.5", "50 %", "1/3", r"$\mathdefault{10^{-2}}$", r"$3\times10^4$", r"$2\pi$"]
)
def test_a_number_is_known_in_any_dress__property(panels, tick):
    fig = panels(1, lambda axes: axes[0].set_xticks([1, 2], ["lowest", tick]))
    assert "x axis of panel 1" in unlabelled_axes(fig)


def test_a_figure_with_such_an_axis_is_refused__property(panels):
    texts = {"title": "T", "caption": "C.", "alt": "A line that rises from one to three."}
    with pytest.raises(ValueError, match=r"'fig-1': x axis of panel 1, .*no label"):
        record.figure("fig-1", panels(), **texts)
