"""Losses by hand, the pool, the schedule, and a training that goes on where it was."""

import io
import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch

from fer_edge.runtime.errors import CheckpointError, FerEdgeError
from fer_edge.train.cyclegan.adversarial import GeneratorLoss, ImagePool, discriminator_loss, least_squares
from fer_edge.train.cyclegan.choices import Choices
from fer_edge.train.cyclegan.networks import center, pixels
from fer_edge.train.cyclegan.training import CycleGan, fit, pairs, rate
from fer_edge.train.loop.snapshots import LAST

TINY = Choices("happiness", "sadness", size=24, channels=1, width=2, blocks=1, epochs=4, batch_size=2, seed=3)


def images(count, seed):
    return torch.from_numpy(np.random.default_rng(seed).integers(0, 256, (count, 1, 24, 24), dtype=np.uint8))


def test_losses_by_hand():
    scores = torch.tensor([[0.5, 1.0], [2.0, 0.0]])
    assert float(least_squares(scores, 1.0)) == pytest.approx((0.25 + 0 + 1 + 1) / 4)
    # real: (0.25 + 0 + 1 + 1) / 4, made: (0.25 + 1 + 4 + 0) / 4, both halved
    assert float(discriminator_loss(scores, scores)) == pytest.approx((0.5625 + 1.3125) / 2)
    # lambda 10, identity 0.5 lambda
    loss = GeneratorLoss(torch.tensor(0.7), torch.tensor(0.2), torch.tensor(0.3))
    assert float(loss.total()) == pytest.approx(0.7 + 10 * 0.2 + 5 * 0.3)


def test_a_step_minimizes_the_paper_s_objective():
    gan = CycleGan(TINY)
    x, y = center(images(3, 1)), center(images(3, 2))

    def answer(network, picture):
        with torch.no_grad():
            return network(torch.as_tensor(picture)).numpy().astype(np.float64)

    def judged(network, picture):
        return answer(network, np.asarray(picture, np.float32))

    made_y, made_x = answer(gan.forward, x), answer(gan.backward, y)
    back_x, back_y = judged(gan.backward, made_y), judged(gan.forward, made_x)
    real_x, real_y = answer(gan.judge_source, x), answer(gan.judge_target, y)
    fake_x, fake_y = judged(gan.judge_source, made_x), judged(gan.judge_target, made_y)
    wanted = {
        "adversarial": ((fake_y - 1) ** 2).mean() + ((fake_x - 1) ** 2).mean(),
        "cycle": np.abs(back_x - x.numpy()).mean() + np.abs(back_y - y.numpy()).mean(),
        "identity": np.abs(answer(gan.forward, y) - y.numpy()).mean() + np.abs(answer(gan.backward, x) - x.numpy()).mean(),
        "discriminator": (((real_y - 1) ** 2).mean() + (fake_y**2).mean() + ((real_x - 1) ** 2).mean() + (fake_x**2).mean()) / 2,
    }  # fmt: skip
    assert gan.step(x, y) == pytest.approx(wanted, rel=1e-4)


def test_one_optimizer_s_step_leaves_the_other_s_networks_alone():
    gan = CycleGan(TINY)
    x, y = center(images(2, 1)), center(images(2, 2))
    before = {
        name: [weight.clone() for weight in getattr(gan, name).parameters()]
        for name in ("forward", "judge_target")
    }
    gan._make(x, y, gan.backward(y), gan.forward(x))
    assert all(
        torch.equal(a, b) for a, b in zip(before["judge_target"], gan.judge_target.parameters(), strict=True)
    )
    assert not all(
        torch.equal(a, b) for a, b in zip(before["forward"], gan.forward.parameters(), strict=True)
    )


def test_the_optimizer_is_the_paper_s():
    (group,) = CycleGan(TINY).making.param_groups
    assert (group["lr"], group["betas"]) == (2e-4, (0.5, 0.999))


def test_the_learning_rate_is_constant_for_half_the_epochs_then_falls_to_zero():
    rates = [rate(epoch, 200) for epoch in range(200)]
    assert rates[:100] == [1.0] * 100
    # The authors' code: 1 - max(0, epoch + 1 - 100) / (100 + 1)
    np.testing.assert_allclose(rates[100:], 1 - np.arange(1, 101) / 101)
    assert np.allclose(np.diff(rates[99:]), -1 / 101)
    assert [rate(0, 1), *(rate(epoch, 3) for epoch in range(3))] == [1, 1, 1, 0.5]


def numbered(*values):
    return torch.tensor(values, dtype=torch.float32).reshape(-1, 1, 1, 1)


def test_the_pool_hands_on_what_comes_until_it_is_full():
    pool = ImagePool(0, 50)
    assert pool.exchange(numbered(*range(50))).flatten().tolist() == list(range(50))
    assert [float(image) for image in pool.kept] == list(range(50))


def test_a_full_pool_exchanges_every_other_picture():
    pool = ImagePool(1, 50)
    pool.exchange(numbered(*range(50)))
    came = list(range(50, 4050))
    left = pool.exchange(numbered(*came)).flatten().tolist()
    handed_on = sum(a == b for a, b in zip(came, left, strict=True))
    assert 1880 < handed_on < 2120  # 2000 +- 3.8 standard deviations of a fair coin
    assert len(pool.kept) == 50
    # Nothing is lost and nothing is doubled: what came is handed on, given back later, or still kept.
    assert sorted(left + [float(image) for image in pool.kept]) == list(range(4050))


def test_a_pool_of_none_keeps_nothing():
    pool = ImagePool(0, 0)
    assert pool.exchange(numbered(1, 2)).flatten().tolist() == [1, 2]
    assert pool.kept == []


def test_a_pool_keeps_no_gradient():
    made = numbered(1.0).requires_grad_(True) * 2
    assert not ImagePool(0).exchange(made).requires_grad


def test_the_smaller_class_repeats_and_both_are_shuffled():
    choices = Choices("happiness", "sadness", size=24, channels=1, epochs=1, batch_size=1, seed=0)
    few, many = images(2, 1), images(5, 2)
    found = list(pairs(few, many, choices, 0))
    assert len(found) == 5

    def which(batch, known):
        shown = pixels(batch)[0]
        return next(
            at for at, one in enumerate(known) if torch.equal(one, shown) or torch.equal(one.flip(-1), shown)
        )

    assert sorted(which(y, many) for _, y in found) == [0, 1, 2, 3, 4]
    assert sorted(which(x, few) for x, _ in found)[:4] == [0, 0, 0, 1] or sorted(
        which(x, few) for x, _ in found
    )[:4] == [0, 0, 1, 1]
    again = list(pairs(few, many, choices, 1))
    assert any(not torch.equal(a[1], b[1]) for a, b in zip(found, again, strict=True))


def test_pixels_survive_the_range_of_the_networks():
    every = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(pixels(center(every)), every)


def finished(gan):
    return [
        weight
        for network in (gan.forward, gan.backward, gan.judge_source, gan.judge_target)
        for weight in network.parameters()
    ]


def test_a_training_that_was_stopped_ends_as_if_it_had_not_been(tmp_path):
    x, y = images(60, 1), images(53, 2)  # more than the pool holds
    choices = replace(TINY, batch_size=10)

    class StoppedError(Exception):
        pass

    ends = [2, 4]  # once with the first snapshot behind it, once with the third

    def stop(line, gan):
        if gan.epoch == ends[0]:
            ends.pop(0)
            raise StoppedError

    def run(folder, tell, **how):
        folder.mkdir(exist_ok=True)
        gan = CycleGan(choices)
        fit(gan, x, y, folder, tell, **how)
        return gan

    whole = run(tmp_path / "whole", lambda *_: None)
    for _ in range(2):
        with pytest.raises(StoppedError):
            run(tmp_path / "stopped", stop, resume=True)
    assert not ends
    resumed = run(tmp_path / "stopped", lambda *_: None, resume=True)
    assert resumed.epoch == 4
    assert all(torch.equal(a, b) for a, b in zip(finished(whole), finished(resumed), strict=True))
    assert all(
        torch.equal(a, b) for a, b in zip(whole.made_targets.kept, resumed.made_targets.kept, strict=True)
    )


def test_a_snapshot_of_other_choices_is_refused(tmp_path):
    fit(CycleGan(TINY), images(2, 1), images(2, 2), tmp_path, lambda *_: None)
    other = Choices(
        "happiness", "sadness", size=24, channels=1, width=4, blocks=1, epochs=4, batch_size=2, seed=9
    )
    with pytest.raises(FerEdgeError, match="seed is 9, was 3; width is 4, was 2"):
        fit(CycleGan(other), images(2, 1), images(2, 2), tmp_path, lambda *_: None, resume=True)


class Hostile:
    def __reduce__(self):
        return (print, ("run by the snapshot",))


@pytest.mark.parametrize("kind", ["text", "pickle", "torch", "other"])
def test_a_snapshot_that_is_none_is_refused(tmp_path, kind, capsys):
    buffer = io.BytesIO()
    torch.save(Hostile() if kind == "torch" else {"a": 1}, buffer)
    data = {"text": b"no snapshot", "pickle": pickle.dumps(Hostile())}.get(kind, buffer.getvalue())
    (tmp_path / LAST).write_bytes(data)
    with pytest.raises(CheckpointError, match=r"last\.ckpt is not a snapshot"):
        fit(CycleGan(TINY), images(2, 1), images(2, 2), tmp_path, lambda *_: None, resume=True)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("changes", [{"size": 50}, {"size": 20}, {"target": "happiness"}])
def test_choices_that_cannot_be_built_are_refused(changes):
    with pytest.raises(FerEdgeError, match=r"size|two classes"):
        Choices(**{"source": "happiness", "target": "sadness", "size": 64} | changes)


def test_the_smallest_size_trains():
    choices = Choices("happiness", "sadness", size=24, channels=3, width=1, blocks=1, batch_size=1)
    pair = [center(torch.zeros(1, 3, 24, 24, dtype=torch.uint8))] * 2
    assert all(np.isfinite(list(CycleGan(choices).step(*pair).values())))
