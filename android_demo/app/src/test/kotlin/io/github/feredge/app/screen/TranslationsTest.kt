package io.github.feredge.app.screen

import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.w3c.dom.Element
import java.io.File
import javax.xml.parsers.DocumentBuilderFactory

/** Every sentence of the app in every language that it speaks. */
class TranslationsTest {
    private val folder = File("src/main/res")

    private fun strings(language: String): Map<String, Element> {
        val document =
            DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(
                File(folder, "values$language/strings.xml"),
            )
        val nodes = document.getElementsByTagName("string")
        return List(nodes.length) { nodes.item(it) as Element }.associateBy { it.getAttribute("name") }
    }

    private fun places(text: String) =
        Regex("%\\d\\$[.\\d]*\\w")
            .findAll(text)
            .map { it.value }
            .sorted()
            .toList()

    @Test
    fun noSentenceIsMissing() {
        val english = strings("").filterValues { it.getAttribute("translatable") != "false" }
        val german = strings("-de")
        assertEquals(english.keys, german.keys)
        for ((name, element) in english) {
            assertEquals(
                name,
                places(element.textContent),
                places(german.getValue(name).textContent),
            )
        }
    }

    /** A sentence between quotes in a screen, a layout or the camera would be English for ever. */
    @Test
    fun noSentenceStandsOutsideOfTheResources() {
        val layouts = File("src/main").walk().filter { it.path.contains("/res/layout") && it.extension == "xml" }
        for (layout in layouts) {
            val written = Regex("android:(text|contentDescription|title|hint)=\"(?!@)[^\"]*\"").findAll(layout.readText())
            assertEquals(layout.name, emptyList<String>(), written.map { it.value }.toList())
        }
        val shown = listOf("screen", "camera").flatMap { File("src/main/kotlin/io/github/feredge/app/$it").walk().toList() }
        val sentence = Regex("\"[A-Z][a-z]+ [a-z]+ [^\"]*[.!?]\"")
        for (file in shown.filter { it.extension == "kt" }) {
            val found =
                file.readLines().filter {
                    !it.trim().startsWith("*") && !it.trim().startsWith("//") &&
                        sentence.containsMatchIn(it)
                }
            assertTrue("${file.name}: $found", found.isEmpty())
        }
    }
}
