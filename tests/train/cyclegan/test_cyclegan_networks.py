"""Layers, sizes and initial weights against the paper and the figures that its authors' code prints."""

import pytest
import torch
from torch import nn

from fer_edge.train.cyclegan.networks import Discriminator, Generator


def weights(network):
    return sum(weight.numel() for weight in network.parameters())


def convolution(kernel, inputs, outputs):
    return kernel * kernel * inputs * outputs + outputs


@pytest.mark.parametrize("blocks", [6, 9])
def test_the_generator_is_the_paper_s(blocks):
    # Appendix 7.2: c7s1-64, d128, d256, R256 x n, u128, u64, c7s1-3.
    table = [
        (7, 3, 64),
        (3, 64, 128),
        (3, 128, 256),
        *[(3, 256, 256)] * 2 * blocks,
        (3, 256, 128),
        (3, 128, 64),
        (7, 64, 3),
    ]
    assert weights(Generator(3, 64, blocks)) == sum(convolution(*row) for row in table)


def test_weights_are_as_many_as_the_authors_print():
    # "[Network G_A] Total number of parameters : 11.378 M", "[Network D_A] ... : 2.765 M" (resnet_9blocks, basic).
    assert round(weights(Generator()) / 1e6, 3) == 11.378
    assert round(weights(Discriminator()) / 1e6, 3) == 2.765


def test_the_discriminator_is_the_paper_s():
    table = [(4, 3, 64), (4, 64, 128), (4, 128, 256), (4, 256, 512), (4, 512, 1)]
    assert weights(Discriminator()) == sum(convolution(*row) for row in table)
    slopes = {layer.negative_slope for layer in Discriminator().modules() if isinstance(layer, nn.LeakyReLU)}
    assert slopes == {0.2}
    # No normalization in C64 and in the last convolution.
    assert sum(isinstance(layer, nn.InstanceNorm2d) for layer in Discriminator().modules()) == 3


@pytest.mark.parametrize(("layers", "patch"), [(1, 16), (2, 34), (3, 70)])
def test_a_score_sees_a_patch_of_that_size(layers, patch):
    network = Discriminator(1, 2, layers)
    # Normalization looks at the whole plane; the patch is that of the convolutions.
    network.layers = nn.Sequential(
        *(part for part in network.layers if not isinstance(part, nn.InstanceNorm2d))
    )
    for weight in network.parameters():
        nn.init.constant_(weight, 0.01)
    image = torch.ones(1, 1, 160, 160, requires_grad=True)
    scores = network(image)
    scores[0, 0, scores.shape[2] // 2, scores.shape[3] // 2].backward()
    rows, columns = image.grad[0, 0].nonzero(as_tuple=True)
    assert rows.max() - rows.min() + 1 == patch
    assert columns.max() - columns.min() + 1 == patch


def test_shapes():
    assert Discriminator(3, 2)(torch.zeros(1, 3, 256, 256)).shape == (1, 1, 30, 30)
    made = Generator(1, 4, 1)(torch.rand(2, 1, 48, 48) * 2 - 1)
    assert made.shape == (2, 1, 48, 48)
    assert float(made.detach().abs().max()) <= 1


def test_initial_weights_come_from_a_narrow_gaussian():
    torch.manual_seed(3)
    for network in (Generator(3, 32, 2), Discriminator(3, 32)):
        drawn = torch.cat(
            [
                part.weight.detach().flatten()
                for part in network.modules()
                if hasattr(part, "weight") and part.weight is not None
            ]
        )
        assert abs(float(drawn.mean())) < 2e-4
        assert float(drawn.std()) == pytest.approx(0.02, rel=0.01)
        # A Gaussian's kurtosis is 3, a uniform's 1.8.
        assert float(((drawn / drawn.std()) ** 4).mean()) == pytest.approx(3, abs=0.1)


def test_reflection_stands_where_the_paper_has_it():
    padded = [part.padding_mode for part in Generator(1, 4, 1).modules() if isinstance(part, nn.Conv2d)]
    assert padded == ["reflect", "zeros", "zeros", "reflect", "reflect", "reflect"]
