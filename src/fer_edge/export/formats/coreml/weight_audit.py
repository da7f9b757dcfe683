"""Every weight of a Core ML package, read back and compared with the original's."""

from __future__ import annotations

from pathlib import Path

from fer_edge.export.capture.wrappers import make_example_tensor
from fer_edge.export.faithful.original.folding import find_needs
from fer_edge.export.faithful.original.matching import WeightComparison, compare
from fer_edge.export.faithful.original.needs import Candidate, Need
from fer_edge.export.formats.coreml.constants import read_constants
from fer_edge.export.formats.protocol import ModelAndContract
from fer_edge.export.rewrites.resize import find_resize_matrices


def audit_coreml(package: Path, source: ModelAndContract) -> WeightComparison:
    """Compare the weights of a package with those of the original.

    Args:
        package: the ``.mlpackage`` folder, of any precision: the stored types say what each tensor is held to.
        source: the original, as the checkpoint has it.

    Raises:
        BundleError: the package cannot be read.
    """
    example = make_example_tensor(source.contract)
    matrices = find_resize_matrices(source.module, example)
    # They may be there, and need not.
    optional = [Need(((), (Candidate(matrix.numpy(), 1.0),))) for matrix in matrices]
    return compare(read_constants(package), find_needs(source.module, example) + optional)
