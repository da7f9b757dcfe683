"""The queue before the workers, with workers that end when the test says so."""

import asyncio

import pytest

from fer_edge.predict.server.answering import Answer, Job
from fer_edge.predict.server.pool import Pool
from fer_edge.predict.server.refusals import Refusal
from fer_edge.predict.server.worker import WorkerDied


class ObedientWorker:
    """Answers, or dies, when it is told to; remembers which pictures it saw."""

    process_id = None

    def __init__(self, seen):
        self.seen = seen
        self.orders = asyncio.Queue()
        self.end = asyncio.Event()

    async def start(self):
        return {"model": "obedient"}

    async def answer(self, job):
        self.seen.append(job.file_name)
        if await self.orders.get() == "die":
            raise WorkerDied("killed")
        return Answer(job.file_name.encode(), 0)

    async def ended(self):
        await self.end.wait()

    async def kill(self):
        pass

    async def stop(self):
        pass


async def never():
    await asyncio.Event().wait()


async def one_worker(names, orders):
    """The order in which one worker saw these pictures, which all came before it began, and what each got."""
    seen = []
    worker = ObedientWorker(seen)
    pool = Pool(lambda: worker, size=1, queue=len(names), seconds=30)
    await pool.start()
    asked = [asyncio.ensure_future(pool.answer(Job(b"", name, 0.5, True), never)) for name in names]
    await asyncio.sleep(0)  # all of them wait now
    for order in orders:
        worker.orders.put_nowait(order)
    answers = await asyncio.gather(*asked, return_exceptions=True)
    await pool.stop()
    return seen, answers


def test_pictures_are_answered_in_the_order_in_which_they_came():
    seen, answers = asyncio.run(one_worker("abc", ["answer"] * 3))
    assert seen == ["a", "b", "c"]
    assert [answer.document for answer in answers] == [b"a", b"b", b"c"]


def test_a_picture_that_lost_its_worker_gets_the_next_one_before_all_others():
    seen, answers = asyncio.run(one_worker("abc", ["die", "answer", "answer", "answer"]))
    assert seen == ["a", "a", "b", "c"]
    assert [answer.document for answer in answers] == [b"a", b"b", b"c"]


def test_a_picture_that_ends_two_workers_is_given_up_and_the_others_are_answered():
    seen, (lost, kept) = asyncio.run(one_worker("ab", ["die", "die", "answer"]))
    assert seen == ["a", "a", "b"]
    assert isinstance(lost, Refusal)
    assert lost.code == "crashed"
    assert kept.document == b"b"


@pytest.mark.parametrize("dead", [1, 2])
def test_every_death_is_counted(dead):
    async def deaths():
        worker = ObedientWorker([])
        pool = Pool(lambda: worker, size=1, queue=1, seconds=30)
        await pool.start()
        for order in ["die"] * dead + ["answer"]:
            worker.orders.put_nowait(order)
        await asyncio.gather(pool.answer(Job(b"", "a", 0.5, True), never), return_exceptions=True)
        while pool.state.running == 0:
            await asyncio.sleep(0)
        await pool.stop()
        return pool.state.restarts

    assert asyncio.run(deaths()) == dead
