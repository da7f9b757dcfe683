package io.github.feredge.core.answer

import io.github.feredge.core.json.JsonReader
import io.github.feredge.core.json.StrictJson
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.TestFactory
import java.io.File

/** The vectors of tests/golden/smoothing, whose averages were computed with exact fractions: equal bit for bit. */
class SmoothingVectorsTest {
    private val json = StrictJson("smoothing vector")

    @TestFactory
    fun everyVectorOfTheProject(): List<DynamicTest> {
        val folder = File(System.getProperty("fer.edge.root") ?: "../..", "tests/golden/smoothing")
        val files = folder.listFiles { file -> file.name.endsWith(".json") }.orEmpty().sorted()
        assertTrue(files.isNotEmpty(), "no vectors in $folder")
        return files.map { file -> dynamicTest(file.name) { follow(file.readBytes()) } }
    }

    private fun follow(data: ByteArray) {
        val names = listOf("name", "labels", "half_life_seconds", "reset_seconds", "steps")
        val case = json.members(JsonReader.read("smoothing vector", data, LIMIT), "", names)
        val smoother =
            ProbabilitySmoother(
                json.integer(case["labels"], "labels", 1, MOST).toInt(),
                json.number(case["half_life_seconds"], "half_life_seconds"),
                json.number(case["reset_seconds"], "reset_seconds"),
            )
        json.array(case["steps"], "steps", 1, MOST.toInt()).forEachIndexed { index, step ->
            take(smoother, json.entries(step, "steps[$index]"), "steps[$index]")
        }
    }

    private fun take(
        smoother: ProbabilitySmoother,
        step: Map<String, Any?>,
        at: String,
    ) {
        if ("reset" in step) return smoother.reset()
        val nanos = json.integer(step["time_nanos"], "$at.time_nanos", 0, Long.MAX_VALUE)
        val found = smoother.update(floats(step["probabilities"], at), nanos)
        assertArrayEquals(floats(step["expect"], at), found, at)
    }

    private fun floats(
        value: Any?,
        at: String,
    ): FloatArray = json.array(value, at, 1, MOST.toInt()).map { json.number(it, at).toFloat() }.toFloatArray()

    private companion object {
        const val LIMIT = 1 shl 20
        const val MOST = 1000L
    }
}
