"""Judging a real file where its engine is missing."""

import numpy as np

from fer_edge.export.parity import check
from fer_edge.export.parity.tolerances import TOLERANCES
from fer_edge.runtime.bundle import open_bundle
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.variants import Variant


def test_an_original_that_never_moves_is_the_reason_even_without_an_engine(foreign_bundle, monkeypatch):
    monkeypatch.setattr(check, "describe_missing_engine", lambda _: "no engine here")
    bundle = open_bundle(foreign_bundle)
    artifact = bundle.artifact("torchscript-fp32")
    path, contract = bundle.path / artifact.path, Contract.parse(artifact.contract)
    pictures = np.zeros((2, 16, 16, 3), np.uint8)
    moving = np.array([[0.1, 0.2, 0.7], [0.7, 0.2, 0.1]], np.float32)
    still = np.array([[0.1, 0.2, 0.7], [0.1, 0.2, 0.7]], np.float32)

    def found(probabilities):
        reference = check.Reference(pictures, probabilities)
        return check.check_parity(
            path, contract, Variant.parse("torchscript-fp32"), reference, TOLERANCES["fp32"]
        )

    assert (found(moving).verdict, found(moving).reason) == ("not-run", "no engine here")
    assert found(still).verdict == "not-run"
    assert found(still).reason.startswith("the original does not react to its input")
    assert found(still).engine is None
