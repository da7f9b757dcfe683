package io.github.feredge.core.camera

import net.jqwik.api.Example
import net.jqwik.api.ForAll
import net.jqwik.api.Property
import net.jqwik.api.constraints.IntRange
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import java.math.BigDecimal
import java.math.BigInteger

/** Step 6's axis: worked by hand, and against exact decimal arithmetic. */
class ScalerAxisTest {
    /**
     * 37 -> 48: inv = 37/48 = 0.7708333; centers (y+0.5)*inv - 0.5 = -0.1146, 0.6563, 1.4271, 2.1979 ... The first one
     * floors to -1 with the rest 0.8854 = 14.17 sixteenths: neighbors -1 and 0, both clamped to 0.
     */
    @Example
    fun theExampleOfTheSpecification() {
        val axis = ScalerAxis(48, chunked = true).also { it.set(37, 0, 37, false) }
        val expected =
            listOf(listOf(0, 0, 14), listOf(0, 1, 10), listOf(1, 2, 6), listOf(2, 3, 3), listOf(2, 3, 15), listOf(3, 4, 11))
        assertEquals(expected, List(6) { listOf(axis.low[it], axis.high[it], axis.weight[it]) })
    }

    @Example
    fun equalLengthsAreCopied() {
        val axis = ScalerAxis(5, chunked = true).also { it.set(5, 2, 9, false) }
        assertEquals(listOf(2, 3, 4, 5, 6), axis.low.toList())
        assertTrue(axis.weight.all { it == 0 })
    }

    /** Upright position p of a reversed axis of 10 pixels is stored position 9 - p. */
    @Example
    fun aReversedAxisCountsFromTheEnd() {
        val axis = ScalerAxis(3, chunked = false).also { it.set(3, 1, 10, true) }
        assertEquals(listOf(8, 7, 6), axis.low.toList())
    }

    /** The rules again, in exact decimals: only the three roundings to float32 that the specification names. */
    @Property(tries = 300)
    fun agreesWithExactArithmetic(
        @ForAll @IntRange(min = 1, max = 4000) source: Int,
        @ForAll @IntRange(min = 1, max = 600) target: Int,
        @ForAll chunked: Boolean,
    ) {
        if (source == target) return
        val axis = ScalerAxis(target, chunked).also { it.set(source, 0, source, false) }
        for (position in 0 until target) {
            val grid = exactGrid(source, target, position, chunked)
            val whole = Math.floorDiv(grid, 65536L)
            assertEquals(whole.coerceIn(0, source - 1L), axis.low[position].toLong(), "low of $position")
            assertEquals((whole + 1).coerceIn(0, source - 1L), axis.high[position].toLong(), "high of $position")
            assertEquals(Math.floorMod(grid, 65536L) / 4096, axis.weight[position].toLong(), "weight of $position")
        }
    }

    private fun exactGrid(
        source: Int,
        target: Int,
        position: Int,
        chunked: Boolean,
    ): Long {
        val inverse = 1.0f / (target.toFloat() / source.toFloat())
        val start = if (chunked) position / 127 * 127 else position
        val product = BigDecimal(start.toDouble()).add(BigDecimal("0.5")).multiply(BigDecimal(inverse.toDouble()))
        val two32 = BigDecimal(BigInteger.ONE.shiftLeft(32))
        // BigDecimal.toFloat rounds the exact product once, half to even.
        val center = BigDecimal(product.toFloat().toDouble()).multiply(two32).toBigInteger()
        val step = BigDecimal(inverse.toDouble()).multiply(two32).toBigInteger()
        return center
            .subtract(BigInteger.ONE.shiftLeft(31))
            .add(step.multiply(BigInteger.valueOf((position - start).toLong())))
            .shiftRight(16)
            .toLong()
    }
}
