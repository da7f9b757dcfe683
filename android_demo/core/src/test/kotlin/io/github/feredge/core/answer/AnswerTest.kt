package io.github.feredge.core.answer

import io.github.feredge.core.ContractTexts
import io.github.feredge.core.ModelException
import io.github.feredge.core.bundle.Contract
import io.github.feredge.core.bundle.ElementType
import net.jqwik.api.Example
import net.jqwik.api.ForAll
import net.jqwik.api.Property
import net.jqwik.api.constraints.FloatRange
import net.jqwik.api.constraints.Size
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue

class AnswerTest {
    /** exp(0) and exp(ln 3): 1/4 and 3/4. */
    @Example
    fun softmaxByHand() {
        val out = FloatArray(2)
        Softmax.apply(floatArrayOf(0f, 1.0986123f), out)
        assertArrayEquals(floatArrayOf(0.25f, 0.75f), out, 1e-6f)
    }

    @Property
    fun softmaxSumsToOneAndDoesNotOverflow(
        @ForAll @Size(min = 1, max = 12) logits: List<
            @FloatRange(min = -1e30f, max = 1e30f)
            Float,
        >,
    ) {
        val values = logits.toFloatArray()
        Softmax.apply(values, values)
        assertEquals(1.0, values.sumOf { it.toDouble() }, 1e-5)
        assertTrue(values.all { it in 0f..1f })
    }

    @Example
    fun rankingPutsTheHighestFirstAndKeepsTheOrderOfEquals() {
        val ranking = Ranking(listOf("a", "b", "c", "d"))
        val values = floatArrayOf(0.2f, 0.3f, 0.2f, 0.3f)
        assertArrayEquals(intArrayOf(1, 3, 0, 2), ranking.order(values))
        assertEquals(listOf(Guess("b", 0.3f), Guess("d", 0.3f)), ranking.top(values, 2))
        assertEquals(4, ranking.top(values, 9).size)
    }

    @Property
    fun rankingIsAStableSort(
        @ForAll @Size(min = 1, max = 9) values: List<
            @FloatRange(min = 0f, max = 1f)
            Float,
        >,
    ) {
        val expected = values.indices.sortedByDescending { values[it] }
        val found = Ranking(values.map { "$it" }).order(values.toFloatArray())
        assertEquals(expected, found.toList())
    }

    /** After one half life old and new weigh the same; a new one after the reset time stands alone. */
    @Example
    fun smoothingCountsSeconds() {
        val smoother = ProbabilitySmoother(2, halfLifeSeconds = 0.5, resetSeconds = 2.0)
        assertArrayEquals(floatArrayOf(1f, 0f), smoother.update(floatArrayOf(1f, 0f), 5_000_000_000))
        assertArrayEquals(floatArrayOf(0.5f, 0.5f), smoother.update(floatArrayOf(0f, 1f), 5_500_000_000), 1e-6f)
        assertArrayEquals(floatArrayOf(0f, 1f), smoother.update(floatArrayOf(0f, 1f), 8_000_000_000))
        assertArrayEquals(floatArrayOf(1f, 0f), smoother.update(floatArrayOf(1f, 0f), 7_000_000_000))
        smoother.reset()
        assertArrayEquals(floatArrayOf(0f, 1f), smoother.update(floatArrayOf(0f, 1f), 7_000_000_001))
    }

    /** (64 - -128) / 256 = 0.75; as unsigned with zero point -128 the byte 64 would be the same, -64 is 192. */
    @Example
    fun quantizedOutputIsRead() {
        val reader = OutputReader(Contract.parse(ContractTexts.quantized()), ElementType.INT8)
        reader.buffer.put(0, 64).put(1, -64)
        assertArrayEquals(floatArrayOf(0.75f, 0.25f), reader.read())
        val unsigned = OutputReader(Contract.parse(ContractTexts.quantized()), ElementType.UINT8)
        unsigned.buffer.put(0, 64).put(1, -64)
        assertArrayEquals(floatArrayOf(0.75f, 1.25f), unsigned.read())
    }

    @Example
    fun anAnswerThatIsNotFiniteIsRefused() {
        val reader = OutputReader(Contract.parse(ContractTexts.gray()), ElementType.FLOAT32)
        reader.buffer.putFloat(4, Float.NaN)
        val fault = assertThrows(ModelException.NotFinite::class.java) { reader.read() }
        assertTrue("happiness" in fault.message!!, fault.message)
    }

    @Example
    fun anOutputTypeWithoutQuantizationIsRefused() {
        assertThrows(
            ModelException.OutputType::class.java,
        ) { OutputReader(Contract.parse(ContractTexts.gray()), ElementType.INT8) }
    }
}
