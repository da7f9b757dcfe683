import json

import numpy as np

from fer_edge.runtime import Prediction

LABELS = ("neutral", "happiness", "surprise")


def test_ranking():
    prediction = Prediction.of(LABELS, np.float32([0.1, 0.7, 0.2]))
    assert prediction.label == "happiness"
    assert [label for label, _ in prediction.top(2)] == ["happiness", "surprise"]
    assert len(prediction.top(9)) == 3
    assert prediction.top(0) == []
    assert list(prediction.probabilities) == list(LABELS)


def test_equals_keep_label_order():
    assert Prediction.of(LABELS, np.float32([0.25, 0.5, 0.5])).label == "happiness"


def test_values_are_the_float32_and_json_takes_them():
    values = Prediction.of(LABELS, np.float32([0.1, 0.7, 0.2])).probabilities
    assert np.float32(values["happiness"]) == np.float32(0.7)
    assert values["happiness"] == float(np.float32(0.7))
    assert json.loads(json.dumps(values)) == values
