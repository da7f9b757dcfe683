package io.github.feredge.app.live

import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.concurrent.thread

class ExchangeTest {
    @Test
    fun theReaderGetsTheNewestOnly() {
        val exchange = Exchange<Int>()
        assertNull(exchange.take())
        assertTrue("the reader must be told", exchange.publish(1))
        assertFalse("it was told and has not come yet", exchange.publish(2))
        assertEquals(2, exchange.take())
        assertNull(exchange.take())
        assertTrue(exchange.publish(3))
    }

    @Test
    fun whatIsShownIsNeverSpare() {
        val exchange = Exchange<Int>()
        exchange.publish(1)
        exchange.take()
        repeat(20) {
            exchange.publish(it + 2)
            assertFalse("1 is on the screen", exchange.spare == 1)
        }
        exchange.take()
        exchange.publish(99)
        exchange.publish(100)
        assertTrue("nobody looks at 1 any more", exchange.spare == 1 || exchange.spare == 99)
    }

    /** A buffer is a number that its writer makes odd while it writes: a reader never sees an odd one, nor one that changes. */
    @Test
    fun twoThreadsNeverMeetInOneSlot() {
        class Buffer {
            @Volatile
            var value = 0L
        }
        val exchange = Exchange<Buffer>()
        val isOver = AtomicBoolean()
        val writer =
            thread {
                repeat(200_000) {
                    val buffer = exchange.spare ?: Buffer()
                    buffer.value = 2L * it + 1
                    buffer.value = 2L * it + 2
                    exchange.publish(buffer)
                }
                isOver.set(true)
            }
        var last = 0L
        var torn = 0
        while (!isOver.get()) {
            val buffer = exchange.take() ?: continue
            val seen = buffer.value
            repeat(20) { if (buffer.value != seen) torn += 1 }
            if (seen % 2 == 1L || seen < last) torn += 1
            last = seen
        }
        writer.join()
        assertEquals(0, torn)
    }
}
