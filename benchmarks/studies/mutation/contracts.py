"""Faults of a contract: labels in another order, another mean or std, in a contract whose hash is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fer_edge.runtime.contract import Contract

KINDS = ("contract_labels", "contract_mean", "contract_std")


def change_contract(contract: Contract, kind: str) -> Contract:
    """The contract with one of ``KINDS`` of faults, made anew.

    ``contract_labels`` moves each label to the next place, ``contract_mean`` and ``contract_std`` put those of ImageNet.
    """
    from fer_edge.runtime.contract import Contract, Normalization

    labels, normalization = contract.labels, contract.normalization
    assert normalization is not None
    count = len(normalization.mean)
    if kind == "contract_labels":
        labels = (*labels[1:], labels[0])
    elif kind == "contract_mean":
        normalization = Normalization((0.485, 0.456, 0.406)[:count], normalization.std)
    else:
        normalization = Normalization(normalization.mean, (0.229, 0.224, 0.225)[:count])
    return Contract.build(
        model=contract.model, labels=labels, input=contract.input, camera=contract.camera,
        normalization=normalization, quantization=contract.quantization, output=contract.output,
    )  # fmt: skip
