package io.github.feredge.app.screen

/**
 * Some lines that are read together.
 *
 * @property text without marks.
 * @property isTitle of the paragraphs that follow.
 */
class Paragraph(
    val text: String,
    val isTitle: Boolean = false,
)

/** A bundle's `README.md` for a reader of a screen: no marks of Markdown, tables as lines, sections with code to paste left out. */
object ModelCard {
    private val LINK = Regex("\\[([^]]*)]\\([^)]*\\)")
    private val RULE = Regex("[|:\\- ]+")

    /** In order. */
    fun paragraphs(markdown: String): List<Paragraph> = sections(markdown.lines()).filterNot(::hasCode).flatMap(::blocks)

    private fun sections(lines: List<String>): List<List<String>> {
        val found = ArrayList<ArrayList<String>>()
        var isCode = false
        for (line in lines) {
            if (line.startsWith("```")) isCode = !isCode
            if (found.isEmpty() || (line.startsWith("#") && !isCode)) found.add(ArrayList())
            found.last().add(line)
        }
        return found
    }

    private fun hasCode(section: List<String>) = section.any { it.startsWith("```") || it.startsWith("    ") }

    private fun blocks(section: List<String>): List<Paragraph> {
        val blocks = ArrayList<ArrayList<String>>()
        var isOpen = false
        for (line in section) {
            val isBlank = line.isBlank()
            if (!isBlank && !isOpen) blocks.add(ArrayList())
            if (!isBlank) blocks.last().add(line)
            isOpen = !isBlank
        }
        return blocks.map(::paragraph).filter { it.text.isNotEmpty() }
    }

    private fun paragraph(lines: List<String>): Paragraph =
        when {
            lines[0].startsWith("#") -> Paragraph(plain(lines[0].trimStart('#')), isTitle = true)
            lines[0].startsWith("|") -> Paragraph(table(lines.filterNot(RULE::matches).map(::cells), isHeaded(lines)))
            else -> Paragraph(plain(lines.joinToString("") { if (it.startsWith("- ")) "\n• ${it.drop(2)}" else " $it" }))
        }

    /** `| | |` above the rule says nothing. */
    private fun isHeaded(lines: List<String>) = !RULE.matches(lines[0])

    private fun cells(line: String): List<String> =
        line
            .trim()
            .removeSurrounding("|")
            .split('|')
            .map(::plain)

    /** Two columns: a line a row. More: the first cell, then the others with their names. */
    private fun table(
        rows: List<List<String>>,
        isHeaded: Boolean,
    ): String {
        if (rows.isEmpty() || rows[0].size <= 2 || !isHeaded) return rows.joinToString("\n") { it.joinToString(": ") }
        val names = rows[0]
        return rows.drop(1).joinToString("\n\n") { row ->
            val others = row.zip(names).drop(1).filter { (cell, _) -> cell.isNotEmpty() && cell != "-" }
            (listOf(row[0]) + others.map { (cell, name) -> "$name: $cell" }).joinToString("\n")
        }
    }

    private fun plain(text: String): String =
        text
            .replace("**", "")
            .replace("`", "")
            .replace(LINK, "$1")
            .trim()
}
