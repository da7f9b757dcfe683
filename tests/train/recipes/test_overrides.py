"""What ``--set`` and the options beside it make of a recipe."""

import re
from dataclasses import replace

import click
import pytest

from fer_edge.runtime.errors import FerEdgeError
from fer_edge.train.cli import main
from fer_edge.train.recipes import RECIPES, recipe
from fer_edge.train.recipes.overrides import choose_recipe, override

BASE = replace(
    recipe("synthetic"),
    options={"split": "image", "folds": 5, "share": 0.5, "strict": True},
    classes_of={("split", "person"): ("anger", "fear")},
)


def changed(*settings, **options):
    return override(BASE, {"settings": settings, **options})


def test_values_are_read_by_their_type():
    found = changed(
        "epochs=3",
        "label_smoothing=0.1",
        "keep_snapshots=3",
        "optimizer=sgd",
        "folds=7",
        "share=1",
        "strict=false",
    )
    assert (found.epochs, found.label_smoothing, found.keep_snapshots, found.optimizer) == (
        3,
        0.1,
        "3",
        "sgd",
    )
    assert found.options == {"split": "image", "folds": 7, "share": 1.0, "strict": False}
    assert isinstance(found.options["share"], float)


def test_an_option_with_a_name_of_its_own_is_the_stronger_word():
    assert changed("epochs=3", "seed=4", epochs=9).epochs == 9
    assert changed("epochs=3", "seed=4", epochs=9).seed == 4


def test_a_value_of_the_data_set_brings_its_classes_unless_others_are_asked_for():
    assert changed("split=person").classes == ("anger", "fear")
    assert changed("split=person", classes=("Happy", "SAD")).classes == ("happiness", "sadness")
    assert changed("split=person", "classes=sad,neutral").classes == ("sadness", "neutral")


def test_a_limit_holds_for_every_split():
    assert changed(limit=100).faces == {"train": 100, "validation": 100, "test": 100}
    assert override(replace(BASE, faces={"test": 5}), {"limit": 9}).faces == {
        "train": 9,
        "validation": 9,
        "test": 5,
    }


def test_another_network_forgets_size_and_arguments():
    found = override(replace(BASE, width=7, arch_args={"a": 1}), {"settings": ("arch=resnet18",)})
    assert (found.arch, found.model, found.width, found.arch_args) == ("resnet18", "resnet18", 0, {})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("epoch=3", "Did you mean 'epochs'"),
        ("fold=3", "Did you mean 'folds'"),
        ("name=x", "--set 'name' is unknown"),
        ("epochs=3.5", "a whole number"),
        ("learning_rate=fast", "a number"),
        ("strict=maybe", "true or false"),
        ("epochs", "KEY=VALUE"),
        ("classes=sad", "two or more"),
    ],
)
def test_what_cannot_be_read_is_a_usage_error(text, sentence):
    with pytest.raises(click.UsageError, match=sentence):
        changed(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("loss=focall", "Did you mean 'focal'"),
        ("optimizer=adamm", "Did you mean 'adam"),
        ("monitor=f1", "Allowed: accuracy, macro-f1, loss"),
        ("augmentation=cam", "Did you mean 'camera'"),
        ("class_weights=yes", "Allowed: none, balanced"),
        ("precision=fp8", "precision 'fp8' is unknown"),
        ("learning_rate=0", "learning_rate is 0.0; allowed: above 0"),
        ("learning_rate=nan", "learning_rate is nan"),
        ("ema_decay=1", "below 1"),
        ("batch_size=1", "at least 2"),
        ("distillation_weight=2", "0 to 1"),
        ("channels=2", "1, 3, or 0"),
        ("mean=nan", "mean is nan"),
        ("seed=4294967296", "at most 4294967295"),
    ],
)
def test_what_no_recipe_may_have_is_one_sentence(text, sentence):
    with pytest.raises(FerEdgeError, match=sentence):
        changed(text)


@pytest.mark.parametrize("entry", RECIPES, ids=lambda entry: entry.name)
def test_every_recipe_is_sound_as_it_is_listed(entry):
    assert override(entry, {}) == replace(entry, classes=entry.option_classes())


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("synthetik", {}, "Did you mean 'synthetic'"),
        ("synthetic", {"settings": ("loss=focall",)}, "Did you mean 'focal'"),
        ("synthetic", {"settings": ("learning_rate=0",)}, "above 0"),
    ],
)
def test_on_the_command_line_it_is_a_usage_error(name, options, sentence):
    with pytest.raises(click.UsageError, match=sentence):
        choose_recipe(name, options)


@pytest.mark.parametrize("word", ["maybe", "0", "-1", "1.5", "true", ""])
def test_other_words_for_what_is_kept_are_refused(word):
    with pytest.raises(FerEdgeError, match="allowed: all, best, or how many of the best epochs"):
        changed(keep_snapshots=word)
    assert changed(keep_snapshots="12").keep_snapshots == "12"


@pytest.mark.parametrize("name", [entry.name for entry in RECIPES])
def test_the_help_of_a_recipe_names_every_key_of_set(name, capsys):
    chosen = recipe(name)
    for words in ([name, "--help"], ["--help", name]):
        with pytest.raises(SystemExit) as ending:
            main.main(words)
        assert ending.value.code == 0
        told = capsys.readouterr().out
        keys = set(re.findall(r"^  (\w+)=", told, re.MULTILINE))
        # What --set takes, asked of --set itself: a key that it does not know is a usage error that lists all of them.
        with pytest.raises(click.UsageError) as error:
            override(chosen, {"settings": ("no_such_key_at_all=1",)})
        taken = set(str(error.value).rpartition("Allowed: ")[2].rstrip(".").split(", "))
        assert keys == taken
        assert f"epochs={chosen.epochs} " in told
        assert "passes over the training faces" in told
