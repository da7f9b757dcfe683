package io.github.feredge.core.golden

import io.github.feredge.core.DocumentException
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory
import java.io.File

/** The project's golden vectors, and those of the folder that FER_EDGE_GOLDEN names. */
class GoldenVectorsTest {
    private val root = File(System.getProperty("fer.edge.root") ?: "../..")
    private val camera = File(root, "tests/golden/camera")

    @TestFactory
    fun everyVectorOfTheProject(): List<DynamicTest> = tests(camera)

    @TestFactory
    fun everyVectorOfTheNamedFolder(): List<DynamicTest> =
        System.getenv("FER_EDGE_GOLDEN")?.let { tests(File(it)) } ?: emptyList()

    private fun tests(folder: File): List<DynamicTest> {
        val files = folder.listFiles { file -> file.name.endsWith(".json") }.orEmpty().sorted()
        assertTrue(files.isNotEmpty(), "no golden vectors in $folder")
        return files.map { file -> dynamicTest(file.name) { assertNull(GoldenCase.parse(file.readBytes()).fault()) } }
    }

    /** So that a silent comparison would be noticed: a changed expectation must be reported. */
    @Test
    fun aWrongHashIsReported() {
        val file = File(camera, "box-floats.json")
        val text = file.readText().replace(Regex("\"scaled_sha256\": *\"."), "\"scaled_sha256\":\"0")
        val other = text.replace(Regex("\"scaled_sha256\":\"0"), "\"scaled_sha256\":\"1")
        val faults = listOf(text, other).mapNotNull { GoldenCase.parse(it.toByteArray()).fault() }
        assertTrue(faults.isNotEmpty() && faults.all { it == "box-floats: scaled_sha256 differ" }, "$faults")
    }

    @Test
    fun anUnexpectedKeyIsRefused() {
        val text = File(camera, "box-floats.json").readText().replaceFirst("\"name\"", "\"nmae\"")
        val error = assertThrows(DocumentException.UnknownKey::class.java) { GoldenCase.parse(text.toByteArray()) }
        assertEquals("nmae", error.key)
    }
}
